"""Words of sentences for word alignment: their spans, and whole corpora as arrays of word numbers.

Words are runs of letters and digits. A French elision (`l'`, `qu'`), an English short form (`'s`, `'ll`) and
a French pronoun after its verb (`-tu`, `-t-il`) are words of their own; `aujourd'hui`, `don't` and
`grand-mère` stay whole. In scripts without spaces between words each character is a word. A run of one
punctuation mark is a word too, without a letter.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seq2seq.preparation.lexicon import MARKS
from seq2seq.text.word_spans import Span

Ints = NDArray[np.int32]
Vocabulary = dict[str, int]
"""A number for each key; 0 is no word."""

# Thai, Lao, Tibetan, Burmese, Khmer; Han, kana, bopomofo, their punctuation and full-width forms.
_UNSPACED = (
    "\u0e00-\u109f\u1780-\u17ff\u2e80-\u2fdf\u3000-\u312f\u31a0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\uff00-\uff9f\U00020000-\U0003ffff"
)
_LETTER = rf"[\w{MARKS}]"
_ELIDED = "[cdjlmnst]|(?:jus|lors|puis|quoi)?qu|(?:a|da|de|ne|su)ll|un|quest|quell"
_SHORT_FORM = rf"(?:s|m|re|ve|ll|d)(?!{_LETTER})"
_PRONOUN = (
    rf"(?:(?:t-)?(?:ils?|elles?|on)|je|tu|nous|vous|ce|moi|toi|lui|leur|les?|la|en|y|t(?=['’]))(?!{_LETTER})"
)
_WORD = re.compile(
    rf"""
    [{_UNSPACED}][{MARKS}]*                                              # 猫
    | \d+(?:[.,:]\d+)+                                                    # 10:45
    | (?<={_LETTER})['’]{_SHORT_FORM}                                     # Tom 's
    | (?<!{_LETTER})(?:{_ELIDED})['’](?={_LETTER})(?!{_SHORT_FORM})    # l' homme
    | (?<={_LETTER})-{_PRONOUN}                                           # vis -tu
    | (?:(?![{_UNSPACED}]){_LETTER})+                                     # grand-mère, don't
      (?:(?:['’](?!{_SHORT_FORM})|-(?!{_PRONOUN}))(?:(?![{_UNSPACED}]){_LETTER})+)*
    | (\S)\1*                                                             # ...
    """,
    re.VERBOSE | re.IGNORECASE,
)
_UNSPACED_START = re.compile(f"[{_UNSPACED}]")


def split_words(text: str) -> list[Span]:
    """The spans of the words of `text`, in order."""
    return [match.span() for match in _WORD.finditer(text)]


def is_unspaced(word: str) -> bool:
    """Whether a word is a character of a script without spaces between words."""
    return bool(_UNSPACED_START.match(word))


def word_key(word: str) -> str:
    """What a word is counted as: lower case, a straight apostrophe, `-il` for `-t-il`."""
    key = word.lower().replace("’", "'")
    return "-" + key[3:] if key.startswith("-t-") else key


@dataclass(frozen=True)
class WordArrays:
    """The words of all texts one after the other. Text number n has the words offsets[n] to offsets[n + 1].

    ids (W,): number of each word, 0 if the vocabulary lacks it. starts, ends (W,): span in its text.
    offsets (N+1,): first word of each text, and the number of all words.
    """

    ids: Ints
    starts: Ints
    ends: Ints
    offsets: NDArray[np.int64]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Number of words of each text, (N,)."""
        return np.diff(self.offsets)


def index_words(texts: Iterable[str], vocabulary: Vocabulary, *, grow: bool) -> WordArrays:
    """Split `texts` into words and number them; with `grow`, `vocabulary` takes the words that it lacks."""
    ids, starts, ends, offsets = array("i"), array("i"), array("i"), array("q", [0])
    known: dict[str, int] = {}  # words as written
    for text in texts:
        for match in _WORD.finditer(text):
            word = match[0]
            number = known.get(word)
            if number is None:
                key = word_key(word)
                number = vocabulary.setdefault(key, len(vocabulary) + 1) if grow else vocabulary.get(key, 0)
                known[word] = number
            ids.append(number)
            starts.append(match.start())
            ends.append(match.end())
        offsets.append(len(ids))
    columns = [np.array(values, np.int32) for values in (ids, starts, ends)]
    return WordArrays(columns[0], columns[1], columns[2], np.array(offsets, np.int64))
