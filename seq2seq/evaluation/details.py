"""Where translations differ and where they are weak: by sentence, by length, and words nobody ever wrote."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass

from seq2seq.evaluation.invented_words import invented_words
from seq2seq.evaluation.metrics import bleu, build_metric, chrf

LENGTHS = (5, 10, 15, 20, 30)
"""Words of a source sentence at which the next band begins."""


@dataclass(frozen=True)
class LengthBand:
    """Scores of the sentences with `low` to `high` words; `high` is 0 for the last band, which is open."""

    low: int
    high: int
    sentences: int
    bleu: float
    chrf: float

    def __str__(self) -> str:
        return f"{self.low}–{self.high}" if self.high else f"{self.low}+"


@dataclass(frozen=True)
class Difference:
    """A sentence under several systems, with the chrF of each."""

    source: str
    reference: str
    translations: tuple[str, ...]
    scores: tuple[float, ...]

    @property
    def gap(self) -> float:
        """Points of chrF between the best and the worst system; for one system, what it lacks to 100."""
        return max(self.scores) - min(self.scores) if len(self.scores) > 1 else 100 - self.scores[0]


def by_length(
    sources: Sequence[str],
    translations: Sequence[str],
    references: Sequence[str],
    *,
    language: str | None = None,
    count: Callable[[str], int] = lambda text: len(text.split()),
) -> list[LengthBand]:
    """BLEU and chrF of the sentences of each length, without the bands that have none.

    `count` says how long a source is; default: its words between spaces.
    """
    bands = []
    for low, after in zip((1, *LENGTHS), (*LENGTHS, 0), strict=True):
        chosen = [
            number
            for number, source in enumerate(sources)
            if max(count(source), 1) >= low and (not after or max(count(source), 1) < after)
        ]
        if chosen:
            made = [translations[number] for number in chosen]
            right = [references[number] for number in chosen]
            scores = bleu(made, right, language=language).score, chrf(made, right).score
            bands.append(LengthBand(low, after - 1 if after else 0, len(chosen), *scores))
    return bands


def differences(
    sources: Sequence[str], references: Sequence[str], systems: Sequence[Sequence[str]], *, number: int = 20
) -> list[Difference]:
    """The sentences in which the systems differ most by chrF, the largest gap first; see `Difference.gap`."""
    metric = build_metric("chrf", None)
    found = []
    for source, reference, *made in zip(sources, references, *systems, strict=True):
        scores = tuple(float(metric.sentence_score(text, [reference]).score) for text in made)
        found.append(Difference(source, reference, tuple(made), scores))
    found.sort(key=lambda one: -one.gap)
    return [one for one in found[:number] if one.gap > 0]


def invented_in(
    sources: Sequence[str], translations: Sequence[str], *, known: Container[str], number: int = 20
) -> list[tuple[str, str]]:
    """The first invented words (see `invented_words`), each with its translation."""
    found = [
        (word, text)
        for source, text in zip(sources, translations, strict=True)
        for word in invented_words(text, known=known, source=source)
    ]
    return found[:number]
