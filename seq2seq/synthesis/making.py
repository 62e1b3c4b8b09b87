"""Pairs of texts and their translations, for training.

- forward: a text of the source language and its translation (self-training: He et al., 2020; distillation
  from an ensemble: Kim & Rush, 2016);
- back: the translation of a text of the target language, and that text (Sennrich et al., 2016).

Both by several models over the training data itself are data diversification (Nguyen et al., 2020). What is
repeated or no translation is dropped by `data.cleaning`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import tee

from seq2seq.bundle.directions import direction_name
from seq2seq.errors import UsageError
from seq2seq.pairs import Counts, SentencePair
from seq2seq.synthesis.texts import Side, Text, Texts
from seq2seq.text.languages import same_language
from seq2seq.text.plain_lines import one_line
from seq2seq.translator import Translator


@dataclass(frozen=True)
class Maker:
    """A translator, and whether it translates back: from the target language of the pairs."""

    translator: Translator
    back: bool = False

    @property
    def side(self) -> Side:
        """The side of a pair that is translated; the other one is made."""
        return "target" if self.back else "source"

    @property
    def languages(self) -> tuple[str, str]:
        """Source and target language of the pairs; "" for one that is unknown."""
        source, target = self.translator.direction
        return (target, source) if self.back else (source, target)

    def pairs(self, texts: Iterable[Text], counts: Counts, *, buffer: int = 1000) -> Iterator[SentencePair]:
        """A pair for each text, in constant memory: `buffer` texts are translated at a time.

        Texts that the translator keeps as they are, because they are no language, are dropped and counted.
        """
        ahead, behind = tee(texts)  # holds the texts of one buffer
        translations = self.translator.translate_lines((text.text for text in ahead), buffer=buffer)
        for text, translation in zip(behind, translations, strict=True):
            if translation.note:
                counts.drop("no language, kept by the translator", where=text.location)
                continue
            made = one_line(translation.text)
            source, target = (made, text.text) if self.back else (text.text, made)
            yield SentencePair(source, target, text.location)


def languages_of(makers: Sequence[Maker]) -> tuple[str, str]:
    """The languages of the pairs, "" for one that is unknown. Raises UsageError if the makers differ in
    them."""
    first = makers[0].languages
    for maker in makers[1:]:
        if any(a and b and not same_language(a, b) for a, b in zip(first, maker.languages, strict=True)):
            names = f"{direction_name(first)} and {direction_name(maker.languages)}"
            raise UsageError(f"the models make pairs of {names}, expected the same languages")
    return first


def synthetic_pairs(
    makers: Sequence[Maker], texts: Texts, counts: Counts, *, keep: bool, buffer: int = 1000
) -> Iterator[SentencePair]:
    """The pairs that all makers make from `texts`, one maker after the other; with `keep` after the pairs
    of `texts` themselves. `counts` takes the texts as read, once for each maker."""
    if keep:
        yield from texts.pairs(counts)
    for maker in makers:
        yield from maker.pairs(texts.side(maker.side, counts), counts, buffer=buffer)
