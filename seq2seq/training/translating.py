"""Validation pairs translated and scored. Those of several directions: each into its language, by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from seq2seq.bundle.directions import direction_name
from seq2seq.evaluation.metrics import Score, bleu
from seq2seq.monitoring.samples import NUMBER, Sample, samples
from seq2seq.pairs import Direction, SentencePair
from seq2seq.translation import Translation
from seq2seq.translator import Translator

Item = TypeVar("Item")

_TOGETHER = 32  # sentences translated between two looks for an interruption


class Interrupted(Exception):
    """A validation was asked to end. It has no result."""


def stoppable(items: Iterable[Item], interrupted: Callable[[], bool]) -> Iterator[Item]:
    """Yield `items`. Raises Interrupted before the next one as soon as `interrupted` returns true."""
    for item in items:
        if interrupted():
            raise Interrupted
        yield item


def translate_all(
    translator: Translator, sources: Sequence[str], interrupted: Callable[[], bool]
) -> list[Translation]:
    """Translations of `sources`, in order. They are made by `translator.translate`, a few at a time.

    Raises Interrupted as soon as `interrupted` returns true.
    """
    order = sorted(range(len(sources)), key=lambda number: len(sources[number]))
    made: dict[int, Translation] = {}
    for start in stoppable(range(0, len(order), _TOGETHER), interrupted):
        chosen = order[start : start + _TOGETHER]
        made.update(zip(chosen, translator.translate([sources[number] for number in chosen]), strict=True))
    return [made[number] for number in range(len(sources))]


def translate_pairs(
    translator: Translator, pairs: Sequence[SentencePair], interrupted: Callable[[], bool]
) -> list[Translation]:
    """The translation of the source of each pair, in order, into the target language of its direction.

    Raises Interrupted as soon as `interrupted` returns true.
    """
    made: dict[int, Translation] = {}
    for number, places in _by_direction(pairs).items():
        translator.direction = _direction(translator, number)
        texts = translate_all(translator, [pairs[place].source for place in places], interrupted)
        made.update(zip(places, texts, strict=True))
    return [made[place] for place in range(len(pairs))]


def score_pairs(
    translator: Translator, pairs: Sequence[SentencePair], texts: Sequence[str]
) -> tuple[Score, dict[str, Score]]:
    """BLEU of the translations `texts`, and that of each direction by its name if the translator has several:
    the first is then the mean of those that the pairs have."""
    scores = dict[str, Score]()
    for number, places in _by_direction(pairs).items():
        direction, references = _direction(translator, number), [pairs[place].target for place in places]
        made = [texts[place] for place in places]
        scores[direction_name(direction)] = bleu(made, references, language=direction[1])
    if len(scores) == 1:
        return next(iter(scores.values())), scores if len(translator.directions) > 1 else {}
    signatures = " and ".join(dict.fromkeys(score.signature for score in scores.values()))
    mean = sum(score.score for score in scores.values()) / len(scores)
    return Score(mean, f"mean of {len(scores)} directions: {signatures}"), scores


def share_of_different(pairs: Sequence[SentencePair], texts: Sequence[str]) -> float:
    """The number of different translations divided by that of different sources, counted by direction."""
    made = {(pair.direction, text) for pair, text in zip(pairs, texts, strict=True)}
    return len(made) / len({(pair.direction, pair.source) for pair in pairs})


def samples_of_each(pairs: Sequence[SentencePair], texts: Sequence[str]) -> tuple[Sample, ...]:
    """A few of the pairs with their translations `texts`, at least one of each direction."""
    groups = _by_direction(pairs).values()
    number = -(-NUMBER // max(len(groups), 1))
    chosen = list[Sample]()
    for places in groups:
        chosen += samples([pairs[place] for place in places], [texts[place] for place in places], number)
    return tuple(chosen)


def first_of_each(pairs: Sequence[SentencePair], number: int) -> list[SentencePair]:
    """The first `number` pairs of each direction, in order."""
    kept = sorted(place for places in _by_direction(pairs).values() for place in places[:number])
    return [pairs[place] for place in kept]


def _by_direction(pairs: Sequence[SentencePair]) -> dict[int, list[int]]:
    """The places of the pairs of each direction, by its number."""
    places: dict[int, list[int]] = {number: [] for number in sorted({pair.direction for pair in pairs})}
    for place, pair in enumerate(pairs):
        places[pair.direction].append(place)
    return places


def _direction(translator: Translator, number: int) -> Direction:
    """The direction with this number; that of the translator if the model does not have several."""
    return translator.directions[number] if len(translator.directions) > 1 else translator.direction
