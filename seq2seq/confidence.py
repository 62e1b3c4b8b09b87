"""Confidence: how likely a word of a translation is right, and how good the whole is, from 0 to 1.

A network's own probabilities say too much or too little. `Confidence` turns what a search saw, the
`Evidence`, into calibrated figures by two logistic regressions (as Platt, 1999; for translation Blatz et al.,
2004). evaluation/calibration.py fits them, config.json of a model holds them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from seq2seq.errors import ModelError

BIAS = "bias"
WORD_FEATURES = (
    "odds",  # of its least likely piece, as a logarithm
    "log_prob",  # of that piece
    "odds_before",  # of the least likely piece of the word before; certain for the first
    "odds_after",  # of the word after; of the end for the last
    "odds_mean",  # of the geometric mean of the probabilities of all pieces
    "focus",  # the largest attention weight of its pieces, on average; 0 without attention
    "rarity",  # see `Lexicon.rarity`
    "length",  # logarithm of the number of words
)
SENTENCE_FEATURES = (
    "odds_mean",  # of the geometric mean of the probabilities of all pieces, as a logarithm
    "mean",  # that mean
    "odds_lowest",  # of the least likely piece
    "lowest",  # its probability
    "length",  # logarithm of the number of pieces
    "uncovered",  # share of the source words without attention; 0 without attention
)
GROUPS = {
    "words": (BIAS, *WORD_FEATURES),
    "sentences": (BIAS, *SENTENCE_FEATURES),
    "ratio": ("mean", "deviation"),
}
"""The fields of `Confidence`, and the numbers of each."""
UNCOVERED = 0.1
"""A source word with less attention than this, summed over the translation, is not translated."""
_LOWEST = -12.0  # log probabilities below it say no more, nor above its opposite
_HIGHEST = -1e-5
_CERTAIN = 30.0  # log odds beyond which nothing changes
_ODD_LENGTH = 3.0  # deviations from the mean
LARGEST = 1e6
"""The largest weight of a feature."""
MOST_BINS = 100
"""Groups of the calibration curve, at most."""

Bin = tuple[float, float, int]
"""A group of words of similar confidence: its mean, the share of words that are right, and their number."""


@dataclass(frozen=True)
class Evidence:
    """What confidence is computed from.

    Attributes:
        words: for each word its WORD_FEATURES.
        sentence: SENTENCE_FEATURES.
        ratio: logarithm of the number of pieces for each piece of the source.
        uncovered: numbers of the source words without attention.
    """

    words: Sequence[Sequence[float]]
    sentence: Sequence[float]
    ratio: float
    uncovered: tuple[int, ...] = ()


def evidence(
    log_probs: Sequence[float],
    words: Sequence[range],
    *,
    attention: np.ndarray | None,
    source: Sequence[range],
    source_pieces: int,
    rarity: Sequence[float],
) -> Evidence:
    """The features of a translation.

    Args:
        log_probs: of its T pieces, the end included.
        words, source: the pieces of each word of the translation and of the source.
        attention: (T, S) or None.
        source_pieces: S.
        rarity: of each word of the translation.
    """
    clipped = [min(max(value, _LOWEST), _HIGHEST) for value in log_probs]
    mean, length = sum(clipped) / len(clipped), math.log(max(len(words), 1))
    focus = [0.0] * len(clipped) if attention is None else attention.max(1).tolist()
    uncovered = () if attention is None else _uncovered(attention, source)
    parts = [clipped[word.start : word.stop] or [_HIGHEST] for word in words]
    lowest = list(map(min, parts))
    odds = list(map(_log_odds, [_HIGHEST, *lowest, clipped[-1]]))  # of each word, and of its neighbours
    table = [
        [own, low, before, after, _log_odds(mean), _mean([focus[piece] for piece in word]), rare, length]
        for word, low, before, own, after, rare in zip(
            words, lowest, odds[:-2], odds[1:-1], odds[2:], rarity, strict=True
        )
    ]
    least = min(clipped)
    sentence = [
        _log_odds(mean),
        math.exp(mean),
        _log_odds(least),
        math.exp(least),
        math.log(len(clipped)),
        len(uncovered) / max(len(source), 1),
    ]
    return Evidence(
        words=table,
        sentence=sentence,
        ratio=math.log(len(clipped) / source_pieces),
        uncovered=uncovered,
    )


def _log_odds(log_prob: float) -> float:
    return log_prob - math.log(-math.expm1(log_prob))


def _uncovered(attention: np.ndarray, source: Sequence[range]) -> tuple[int, ...]:
    mass = attention.sum(0).tolist()
    sums = [sum(mass[piece] for piece in word) for word in source]
    return tuple(number for number, total in enumerate(sums) if total < UNCOVERED)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


@dataclass(frozen=True)
class Confidence:
    """Calibrated confidence: the logistic function of a weighted sum of features.

    Attributes:
        words, sentences: the weight of each feature by its name, and `bias`.
        ratio: `mean` and `deviation` of `Evidence.ratio`.
        curve: the calibration curve of words that it was not fitted on; empty if it was not measured.
    """

    words: Mapping[str, float]
    sentences: Mapping[str, float]
    ratio: Mapping[str, float]
    curve: tuple[Bin, ...] = ()

    def of_words(self, seen: Evidence) -> list[float]:
        """For each word the probability that it is right."""
        return [logistic(row, self.words, WORD_FEATURES) for row in seen.words]

    def of_sentence(self, seen: Evidence) -> float:
        """The expected chrF / 100."""
        return logistic(seen.sentence, self.sentences, SENTENCE_FEATURES)

    def is_odd_length(self, seen: Evidence) -> bool:
        """Whether the translation is far longer or shorter than usual for its source."""
        return abs(seen.ratio - self.ratio["mean"]) > _ODD_LENGTH * self.ratio["deviation"]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for config.json."""
        values = {group: dict(getattr(self, group)) for group in GROUPS}
        return {**values, **({"curve": [list(one) for one in self.curve]} if self.curve else {})}


def logistic(features: Sequence[float], weights: Mapping[str, float], names: Sequence[str]) -> float:
    """1 / (1 + exp(-bias - weights · features)); `features` have the order of `names`."""
    total = weights[BIAS] + sum(weights[name] * value for name, value in zip(names, features, strict=True))
    return 1 / (1 + math.exp(-min(max(total, -_CERTAIN), _CERTAIN)))


def stored_confidence(config: Mapping[str, Any], *, where: str) -> Confidence | None:
    """The entry `confidence` of config.json; None if there is none.

    Raises ModelError if it is damaged: other features, or what is not a finite number.
    """
    if "confidence" not in config:
        return None
    entry = config["confidence"]
    if not isinstance(entry, dict) or not GROUPS.keys() <= entry.keys():
        raise ModelError(f"{where}: confidence is {entry!r:.60}, expected {', '.join(GROUPS)}")
    for group, names in GROUPS.items():
        _check_weights(entry[group], names, where=f"{where}: confidence: {group}")
    if entry["ratio"]["deviation"] < 0:
        raise ModelError(f"{where}: confidence: ratio: deviation is negative, expected 0 or more")
    curve = _checked_curve(entry.get("curve", []), where=f"{where}: confidence: curve")
    return Confidence(**{group: entry[group] for group in GROUPS}, curve=curve)


def _checked_curve(entry: object, *, where: str) -> tuple[Bin, ...]:
    """The groups of a calibration curve. Raises ModelError unless they are two shares and a number each."""

    def is_bin(one: object) -> bool:
        return (
            isinstance(one, list)
            and [type(value) in (int, float) for value in one] == [True] * 3
            and all(0 <= share <= 1 for share in one[:2])
            and type(one[2]) is int
            and one[2] > 0
        )

    if not isinstance(entry, list) or len(entry) > MOST_BINS or not all(map(is_bin, entry)):
        expected = f"up to {MOST_BINS} times confidence and share (0 to 1) and a number of words"
        raise ModelError(f"{where} is {entry!r:.60}, expected {expected}")
    return tuple((sure, right, number) for sure, right, number in entry)


def _check_weights(weights: object, names: Sequence[str], *, where: str) -> None:
    """Raise ModelError unless `weights` has a finite number for each of `names`, and nothing else."""
    if not isinstance(weights, dict) or weights.keys() != set(names):
        raise ModelError(f"{where} is {weights!r:.60}, expected a number for each of {', '.join(names)}")
    for name, value in weights.items():
        if type(value) not in (int, float) or not abs(value) <= LARGEST:  # NaN is not, either
            raise ModelError(
                f"{where}: {name} is {value!r:.60}, expected a number from -{LARGEST:g} to {LARGEST:g}"
            )
