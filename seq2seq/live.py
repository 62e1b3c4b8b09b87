"""Translates a text while it is typed, so that what is shown changes little.

Finished sentences are translated once. The sentence that is being typed is translated again for each new
word, with a bias towards what was shown before (Arivazhagan et al., 2020). Half a word is not translated: a
model would invent something for it.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any

from seq2seq.errors import UsageError
from seq2seq.part_translator import EOS
from seq2seq.preparation.glossary import Glossary, Terms
from seq2seq.preparation.lexicon import MARKS, Lexicon
from seq2seq.preparation.parts import Part
from seq2seq.text.arguments import checked_text
from seq2seq.text.word_spans import UNSPACED_SCRIPTS
from seq2seq.translation import Translation, join, moved
from seq2seq.translator import Translator

_LAST_WORD = re.compile(rf"[\w{MARKS}]+(?:['’-][\w{MARKS}]+)*$")
_ENDED = re.compile(r"[.!?…。！？][\"'”’»)\]]*$")
LEAST = 0.5
"""Words at the end of an unfinished sentence with less confidence are left out."""
COMPLETE = 0.5
"""A word is taken as complete if so much of the words that begin like it is this word."""


@dataclass(frozen=True)
class _Shown:
    """A part as it was shown."""

    part: Part
    done: bool
    translation: Translation


class LiveTranslator:
    """Translates one text after another, each what the user has typed so far.

        live = LiveTranslator(translator)
        for text in ("Good mor", "Good morning ", "Good morning, how"):
            print(live.update(text))

    It keeps what it showed last; use one for each field of text. Not thread-safe.
    """

    def __init__(
        self,
        translator: Translator,
        *,
        bias: float = 0.3,
        target_language: str | None = None,
        glossary: Glossary | Terms | None = None,
        **options: Any,
    ) -> None:
        """Use a translator.

        Args:
            translator: what translates.
            bias: weight of what was shown before in the choice of each token, from 0 (none) to below 1.
            target_language, glossary, **options: as for `Translator.translate`.

        Raises:
            UsageError: as `Translator.translate`, or a bad `bias`.
        """
        if not isinstance(bias, int | float) or not 0 <= bias < 1:
            raise UsageError(f"bias is {bias!r}, expected a number from 0 to below 1")
        self.translator, self.bias = translator, float(bias)
        self._arguments: tuple[Any, ...] = (options, target_language, glossary)
        tokenizer = translator.target_tokenizer
        self._ids = {p: n for n, p in enumerate(tokenizer.pieces(range(tokenizer.vocab_size)))}
        self._words = _Beginnings(translator.bundle.source_words)
        self._shown: list[_Shown] = []
        translator.part_translator(*self._arguments)  # wrong arguments are reported here

    def update(self, text: str, *, final: bool = False) -> Translation:
        """The translation of `text` as far as it is typed.

        A last word without anything behind it that may go on is left out: an unknown one, or one that mostly
        is the beginning of longer ones. The confidence of a sentence that is not finished contains the bias.

        Args:
            text: all that is typed so far, however it was edited.
            final: nothing follows: the result is that of `Translator.translate`.
        """
        way = self.translator.part_translator(*self._arguments)
        parts = way.parts(checked_text(text, "text") if final else self._words.complete(text))
        last = max((number for number, part in enumerate(parts) if part.text), default=-1)
        shown = list[_Shown]()
        known = {(one.part, one.done): one.translation for one in self._shown}
        for number, part in enumerate(parts):
            key = replace(part, start=0, separator="")
            done = final or number < last or bool(_ENDED.search(part.text))
            made = known.get((key, done))
            if made is None:
                before = self._before(number, key) if part.ids and not done else ()
                made = way.following(key, before, self.bias) if before else way.translate([key])[0]
            shown.append(_Shown(key, done, made))
        self._shown = shown
        moved_parts = [
            moved(one.translation if one.done else sure(one.translation), part.start)
            for one, part in zip(shown, parts, strict=True)
        ]
        return join(moved_parts, [part.separator for part in parts])

    def _before(self, number: int, part: Part) -> list[int]:
        """The tokens that were shown for the part in this place, if it began in the same way."""
        if number >= len(self._shown):
            return []
        before = self._shown[number]
        same = sum(1 for _ in _common(before.part.text, part.text))
        if 2 * same < min(len(before.part.text), len(part.text)):
            return []
        return [self._ids[piece] for piece in before.translation.target_tokens if piece != EOS]


def sure(translation: Translation) -> Translation:
    """`translation` without words at its end that are a guess: a sentence that stops at "to the" has no noun
    yet, and the model would make one up."""
    count = len(translation.words)
    while count > 1 and (translation.words[count - 1].confidence or 0.0) < LEAST:
        count -= 1
    if count == len(translation.words):
        return translation
    words = translation.words[:count]
    return replace(
        translation,
        text=translation.text[: words[-1].end],
        words=words,
        alignment=[(source, target) for source, target in translation.alignment if target < count],
    )


def _common(one: str, other: str) -> str:
    """What both texts begin with."""
    length = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), None)
    return one[: min(len(one), len(other)) if length is None else length]


class _Beginnings:
    """Tells whether the last word of a text is complete, by the words that begin like it."""

    def __init__(self, lexicon: Lexicon) -> None:
        counts = dict[str, int]()
        for form, count in lexicon.counts.items():
            counts[form.lower()] = counts.get(form.lower(), 0) + count
        self.counts, self.words = counts, sorted(counts)
        self.sums = [0, *accumulate(counts[word] for word in self.words)]

    def complete(self, text: str) -> str:
        """`text` without a last word that may go on."""
        word = _LAST_WORD.search(text)
        if word is None or UNSPACED_SCRIPTS.match(text[-1]) or self.share(word[0].lower()) >= COMPLETE:
            return text
        return text[: len(text) - len(text.split()[-1])]

    def share(self, word: str) -> float:
        """Of the words that begin with `word`, by how often they occur, the share of `word` itself."""
        count = self.counts.get(word.replace("’", "'"), 0)
        first, last = bisect_left(self.words, word), bisect_left(self.words, word + "\U0010ffff")
        return count / max(self.sums[last] - self.sums[first], count, 1)
