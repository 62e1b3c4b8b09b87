"""The words of one side of a corpus, with their usual capitals.

A model knows the words that it was trained on. The list tells which words of a text are new to it, how a word
is usually written ("Paris", "TV", "I"), and whether a translation holds a word that nobody ever wrote.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path

from seq2seq.errors import ModelError

_UNSPACED = (
    "\u0e00-\u109f\u1780-\u17ff\u2e80-\u2fdf\u3040-\u312f\u31a0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\U00020000-\U0003ffff"
)
MARKS = "".join(chr(code) for code in range(0x300, 0x3000) if unicodedata.category(chr(code))[0] == "M")
"""Marks that combine with the letter before them."""
_LETTER = rf"[^\W\d_{_UNSPACED}][{MARKS}]*"
WORD = re.compile(rf"(?:{_LETTER})+|[{_UNSPACED}]")
"""A run of letters, or one character of a script that is written without spaces between words."""
_SHORT_FORM = re.compile(rf"(?:{_LETTER})+(?:'(?:{_LETTER})+)+")
"""Words with apostrophes inside: "don't", "aujourd'hui", "l'homme"."""

MOST_WORDS = 200_000
_WORDS_FOR_CHANCE = 200_000  # a corpus of so many words may have any word once by chance
_MOST_COUNTED = 1_000_000  # above it, words that occurred once are forgotten
_RARE_FORM = 0.05  # a way to write a word that makes up less than this share of it is a mistake
_FREQUENT_SHORT_FORM = 5  # a word with an apostrophe that occurs as often is known without it, too
_RARE_LETTER = 20  # a letter that occurs less often than this was not learned
_SHORTEST_PART = 3  # letters of the parts of a compound
_SHORTEST_CHANGED, _LONGEST_CHANGED = 4, 24  # letters of words that are compared with all their neighbours
_VOWELS = frozenset("aeiouy")
_MOST_REMEMBERED = 1_000  # unknown words
_PLAIN = str.maketrans({"œ": "oe", "æ": "ae", "ß": "ss", "'": ""})


class Lexicon:
    """Words and how often each occurs; "Paris" and "paris" are two forms of one word.

    An empty lexicon knows nothing: models that were made before there were lexicons have it.
    """

    def __init__(self, counts: Iterable[tuple[str, int]] = ()) -> None:
        """Use forms with their counts, the most frequent first."""
        self.counts: dict[str, int] = dict(counts)
        self._corrected: dict[str, str] = {}  # words that `corrected` was asked for
        self._usual: dict[str, str] = {}
        for form in self.counts:
            self._usual.setdefault(form.lower(), form)

    def __len__(self) -> int:
        return len(self.counts)

    def __contains__(self, word: object) -> bool:
        """Whether `word` was seen, however it was capitalised."""
        return isinstance(word, str) and word.lower() in self._usual

    @classmethod
    def count(cls, sentences: Iterable[str]) -> Lexicon:
        """The words of `sentences`, at most `MOST_WORDS` of them.

        The first word of a sentence says nothing about capitals, so it only counts as written in small
        letters, and only if the word occurs nowhere else (Lita et al., 2003).
        """
        inside, first, short, most = Counter[str](), Counter[str](), Counter[str](), _MOST_COUNTED
        for sentence in sentences:
            words = WORD.findall(sentence)
            if "'" in sentence or "’" in sentence:
                short.update(_SHORT_FORM.findall(sentence.replace("’", "'").lower()))
            first.update(words[:1])
            inside.update(words[1:])
            if len(inside) > most:
                inside = Counter({word: count for word, count in inside.items() if count > 1})
                most = max(most, 2 * len(inside))
        totals = Counter[str]()
        for form, count in inside.items():
            totals[form.lower()] += count
        for form, count in first.items():
            word = form.lower()
            if word not in totals:
                inside[form if len(form) > 1 and form.isupper() else word] += count
        inside.update({form: count for form, count in short.items() if count >= _FREQUENT_SHORT_FORM})
        kept = [(f, n) for f, n in inside.items() if n >= _RARE_FORM * totals.get(f.lower(), 0)]
        kept.sort(key=lambda item: (-item[1], item[0]))
        return cls(kept[:MOST_WORDS])

    @classmethod
    def parse(cls, text: str) -> Lexicon:
        """The lexicon whose `str` is `text`. Raises ValueError with the line that is wrong."""
        counts = dict[str, int]()
        lines = text.removesuffix("\n").split("\n") if text else []
        for number, line in enumerate(lines, start=1):
            word, _, count = line.partition("\t")
            is_word = WORD.fullmatch(word) or _SHORT_FORM.fullmatch(word)
            if not is_word or not (count.isascii() and count.isdigit() and len(count) < 19):
                raise ValueError(f"line {number} is {line[:60]!r}, expected a word, a tab and a count")
            counts[word] = int(count)
        return cls(counts.items())

    @classmethod
    def load(cls, path: Path) -> Lexicon:
        """The word list in `path`; an empty one if there is no file, as in models made before there were any.

        Raises ModelError with path and line if it is damaged.
        """
        if not path.exists():
            return cls()
        try:
            return cls.parse(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ModelError(f"{path}: cannot be read ({error})") from None

    def __str__(self) -> str:
        return "".join(f"{word}\t{count}\n" for word, count in self.counts.items())

    def usual(self, word: str) -> str:
        """How `word` is most often written inside a sentence; `word` itself if it is unknown."""
        return self._usual.get(word.lower(), word)

    def is_frequent(self, word: str) -> bool:
        """Whether `word` is more than a chance find: corpora hold a few words of other languages."""
        return self.counts.get(self.usual(word), 0) >= self._chance

    def rarity(self, text: str) -> float:
        """-log10 of the share of the rarest word of `text` among all words; an unknown word counts as half of
        one that occurred once. 0 without words, and in an empty lexicon."""
        counts = [self.counts.get(self.usual(word), 0) for word in WORD.findall(text)] if self else []
        return math.log10(self._total / max(min(counts), 0.5)) if counts else 0.0

    @cached_property
    def _total(self) -> int:
        return sum(self.counts.values())

    @cached_property
    def _chance(self) -> float:
        return self._total / _WORDS_FOR_CHANCE

    def knows_form(self, word: str) -> bool:
        """Whether `word` was seen with exactly these capitals."""
        return word in self.counts

    def invented(self, text: str, *, source: str) -> list[str]:
        """The words of the translation `text` that are neither known nor in `source`.

        Single letters do not count. An empty lexicon finds none.
        """
        unknown = [word for word in WORD.findall(text) if len(word) > 1 and word not in self] if self else []
        if unknown:
            copied = set(map(str.lower, WORD.findall(source)))
            unknown = [word for word in unknown if word.lower() not in copied]
        return unknown

    def is_near(self, word: str) -> bool:
        """Whether the unknown `word` is a known one with a mistake, or with another ending."""
        stems = (word[:-cut] for cut in (1, 2, 3) if len(word) - cut >= _SHORTEST_CHANGED)
        return any(stem in self for stem in stems) or self.corrected(word) != word

    def is_compound(self, word: str) -> bool:
        """Whether the unknown `word` is two known words, as in "Haustür"."""
        cuts = range(_SHORTEST_PART, len(word) - _SHORTEST_PART + 1)
        return any(word[:cut].lower() in self._usual and word[cut:] in self._usual for cut in cuts)

    def corrected(self, word: str) -> str:
        """The likeliest known word that one mistake turns into the unknown `word`; `word` itself if there is
        none.

        Mistakes are missing accents and apostrophes, letters repeated too often, two letters in the wrong
        order, and, in words of four letters or more, a letter missing, added or changed. In words of four a
        changed vowel is none: "wifi" is not "wife".
        An ending is no mistake: "books" may be the plural of a known word.
        """
        correct = self._corrected.get(word)
        if correct is None:
            if len(self._corrected) >= _MOST_REMEMBERED:
                self._corrected.clear()
            correct = self._corrected[word] = self._correction(word)
        return correct

    def _correction(self, word: str) -> str:
        """What `corrected` remembers."""
        typed = word.lower()
        if len(typed) > _LONGEST_CHANGED:
            return word
        if (plain := self._plain.get(_plain(typed))) is not None:
            return plain
        once = re.sub(r"(.)\1\1+", r"\1\1", typed)
        for candidate in (once, re.sub(r"(.)\1", r"\1", once)) if once != typed else ():
            if candidate in self._usual and len(candidate) > 2:
                return self._usual[candidate]
        found = [
            (weight * self.counts[self._usual[candidate]], self._usual[candidate])
            for weight, candidate in self._neighbours(typed)
            if candidate in self._usual
        ]
        return max(found)[1] if found else word

    def _neighbours(self, word: str) -> Iterator[tuple[float, str]]:
        """Words that one mistake turns into `word`, with weights: a double letter is often missed, a wrong
        letter seldom typed."""
        for cut in range(len(word) - 1 if len(word) > 2 else 0):
            yield 1.0, word[:cut] + word[cut + 1] + word[cut] + word[cut + 2 :]
        if len(word) < _SHORTEST_CHANGED:
            return
        last = len(word) if len(word) == _SHORTEST_CHANGED else len(word) - 1
        for cut in range(last):
            if cut < len(word) - 1:
                yield 0.5, word[:cut] + word[cut + 1 :]
            for letter in self._letters:
                yield (
                    1.0 if letter in word[max(cut - 1, 0) : cut + 1] else 0.5,
                    word[:cut] + letter + word[cut:],
                )
                if len(word) > _SHORTEST_CHANGED or not _VOWELS & {letter, word[cut]}:
                    yield 0.005, word[:cut] + letter + word[cut + 1 :]

    @cached_property
    def _plain(self) -> dict[str, str]:
        """The most frequent word for each word without accents, ligatures and apostrophes."""
        plain = dict[str, str]()
        for word, form in self._usual.items():
            if (without := _plain(word)) != word:
                parts = "'".join(map(self.usual, form.split("'")))
                plain.setdefault(without, parts if "'" in form else form)
        return plain

    @cached_property
    def _letters(self) -> str:
        """The letters that occur often."""
        counts = Counter[str]()
        for form, count in self.counts.items():
            for letter in form.lower():
                counts[letter] += count
        return "".join(letter for letter, count in counts.items() if count >= _RARE_LETTER)

    @cached_property
    def letters(self) -> frozenset[str]:
        """The letters that occur often enough to be learned, small and large."""
        return frozenset(self._letters) | frozenset(self._letters.upper())


def _plain(word: str) -> str:
    """`word` without accents, ligatures and apostrophes."""
    letters = unicodedata.normalize("NFD", word.translate(_PLAIN))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))
