"""Calibrates confidence on translations with references, and measures how well it is calibrated.

A word is right if TER's alignment (Snover et al., 2006) matches it with a word of the reference: equal but
for capitals, at its place or after a shift. The confidence of a sentence estimates chrF / 100.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from seq2seq.confidence import (
    BIAS,
    LARGEST,
    SENTENCE_FEATURES,
    WORD_FEATURES,
    Bin,
    Confidence,
)
from seq2seq.errors import DataError
from seq2seq.evaluation.metrics import MOST_WORDS, build_metric
from seq2seq.text.word_spans import UNSPACED_SCRIPTS
from seq2seq.translation import Translation, calibrated

BINS = 15
CURVE_BINS = 10
"""Groups of a calibration curve that is stored or drawn."""
FEWEST = 50
"""Translations that a calibration needs at least."""
_RIDGE = 1.0  # penalty on the weights of standardised features, in units of one observation
_STEPS = 50
_UNSPACED = UNSPACED_SCRIPTS.pattern[1:-1]
_TOKEN = re.compile(rf"[{_UNSPACED}]|[^\s{_UNSPACED}]+")
"""What is compared: a word, or a character of a script that is written without spaces."""


@dataclass(frozen=True)
class Judged:
    """Translations with what became of them: `right` for each word, None where the lines are too long for
    TER, and `chrf` / 100 for each translation."""

    translations: Sequence[Translation]
    right: Sequence[list[bool] | None]
    chrf: Sequence[float]

    def select(self, numbers: Sequence[int]) -> Judged:
        """Those with these numbers."""
        return Judged(
            [self.translations[number] for number in numbers],
            [self.right[number] for number in numbers],
            [self.chrf[number] for number in numbers],
        )


def judge(translations: Sequence[Translation], references: Sequence[str]) -> Judged:
    """Compare each translation with its reference."""
    metric = build_metric("chrf", None)
    chrf = [
        float(metric.sentence_score(one.text, [reference]).score) / 100
        for one, reference in zip(translations, references, strict=True)
    ]
    right = [
        right_words([word.text for word in one.words], reference)
        for one, reference in zip(translations, references, strict=True)
    ]
    return Judged(translations, right, chrf)


def right_words(words: Sequence[str], reference: str) -> list[bool] | None:
    """Which of the words of a translation TER matches; None if there are more than `metrics.MOST_WORDS`.

    A word in a script without spaces is right if all of its characters are.
    """
    tokens, owners = list[str](), list[int]()
    for number, word in enumerate(words):
        found = _TOKEN.findall(word.lower())
        tokens += found
        owners += [number] * len(found)
    expected = _TOKEN.findall(reference.lower())
    if max(len(tokens), len(expected)) > MOST_WORDS:
        return None
    wrong = {owner for owner, good in zip(owners, _matched(tokens, expected), strict=True) if not good}
    return [number not in wrong for number in range(len(words))]


class _Placed(str):
    """A token that remembers its number when it is shifted."""

    number: int


def _matched(tokens: Sequence[str], reference: list[str]) -> list[bool]:
    """Which of `tokens` TER matches. The loop is that of sacreBLEU's `translation_edit_rate`, which returns
    the number of edits only."""
    from sacrebleu.metrics import lib_ter

    if not reference or not tokens:
        return [False] * len(tokens)
    current: list[str] = []
    for number, token in enumerate(tokens):
        placed = _Placed(token)
        placed.number = number
        current.append(placed)
    distance, candidates = lib_ter.BeamEditDistance(reference), 0
    while True:
        gain, shifted, candidates = lib_ter._shift(current, reference, distance, candidates)
        if candidates >= lib_ter._MAX_SHIFT_CANDIDATES or gain <= 0:
            break
        current = shifted
    _, trace = distance(current)
    _, _, errors = lib_ter.trace_to_alignment(lib_ter._flip_trace(trace))
    matched = [False] * len(tokens)
    for token, error in zip(current, errors, strict=True):
        matched[token.number] = not error  # type: ignore[attr-defined]
    return matched


def calibration_error(confidence: Sequence[float], outcome: Sequence[float], *, bins: int = BINS) -> float:
    """Expected calibration error (Naeini et al., 2015) with bins of equal mass: the difference between the
    mean confidence and the mean outcome of a bin, weighted by its size. 0 without data.
    """
    order = np.argsort(confidence, kind="stable")
    expected, real = np.asarray(confidence, float)[order], np.asarray(outcome, float)[order]
    parts = zip(np.array_split(expected, bins), np.array_split(real, bins), strict=True)
    return sum(abs(float(e.sum() - r.sum())) for e, r in parts) / max(len(expected), 1)


def calibration_curve(
    confidence: Sequence[float], outcome: Sequence[float], *, bins: int = CURVE_BINS
) -> tuple[Bin, ...]:
    """For each of `bins` groups of equal size, by rising confidence: its mean, the mean outcome, the number.

    Groups that would be empty are left out.
    """
    order = np.argsort(confidence, kind="stable")
    expected, real = np.asarray(confidence, float)[order], np.asarray(outcome, float)[order]
    parts = zip(np.array_split(expected, bins), np.array_split(real, bins), strict=True)
    return tuple((round(float(e.mean()), 4), round(float(r.mean()), 4), len(e)) for e, r in parts if len(e))


def words_of(judged: Judged) -> tuple[list[float], list[float]]:
    """The confidence of all words that were judged, and whether each is right (1.0 or 0.0)."""
    said, right = list[float](), list[float]()
    for one, outcome in zip(judged.translations, judged.right, strict=True):
        if outcome is not None:
            said += [word.confidence or 0.0 for word in one.words]
            right += map(float, outcome)
    return said, right


def calibration_errors(judged: Judged) -> dict[str, float]:
    """The calibration errors of the confidence of words and sentences."""
    said, right = words_of(judged)
    sentences = [one.confidence for one in judged.translations]
    return {
        "words": round(calibration_error(said, right), 4),
        "sentences": round(calibration_error(sentences, judged.chrf), 4),
    }


def calibrate(judged: Judged) -> tuple[Confidence, dict[str, Any]]:
    """Confidence fitted on every second translation, with its calibration curve and errors on the others.

    The entry `uncalibrated` of the errors has those of the translations as they are. Translations in several
    parts do not count. Raises DataError as `fit`.
    """
    single = judged.select([n for n, one in enumerate(judged.translations) if one.evidence is not None])
    numbers = range(len(single.translations))
    half, rest = single.select(numbers[::2]), single.select(numbers[1::2])
    confidence = fit(half)
    changed = replace(rest, translations=[calibrated(one, confidence) for one in rest.translations])
    confidence = replace(confidence, curve=calibration_curve(*words_of(changed)))
    return confidence, {**calibration_errors(changed), "uncalibrated": calibration_errors(rest)}


def fit(judged: Judged) -> Confidence:
    """The confidence that is calibrated on these translations. Those in several parts and those without
    words do not count.

    Raises DataError for fewer than `FEWEST` others.
    """
    rows = [
        (one.evidence, right, chrf)
        for one, right, chrf in zip(judged.translations, judged.right, judged.chrf, strict=True)
        if one.evidence is not None and right
    ]
    if len(rows) < FEWEST:
        raise DataError(f"{len(rows)} translations in one part, expected {FEWEST} or more to calibrate")
    words = fit_logistic(
        np.array([word for seen, _, _ in rows for word in seen.words]),
        np.array([good for _, right, _ in rows for good in right], float),
        WORD_FEATURES,
    )
    sentences = fit_logistic(
        np.array([seen.sentence for seen, _, _ in rows]),
        np.array([chrf for _, _, chrf in rows]),
        SENTENCE_FEATURES,
    )
    ratios = [seen.ratio for seen, _, _ in rows]
    ratio = {"mean": float(np.mean(ratios)), "deviation": float(np.std(ratios))}
    return Confidence(words, sentences, ratio)


def fit_logistic(features: np.ndarray, outcome: np.ndarray, names: Sequence[str]) -> dict[str, float]:
    """The weights of a logistic regression by Newton's method: `features` (N, F), `outcome` (N,) from 0 to 1.

    Features are standardised, and their weights have a small penalty. The result is for the features as they
    are.
    """
    mean, scale = features.mean(0), features.std(0)
    used = scale > 1e-9
    scale = np.where(used, scale, 1.0)
    design = np.hstack([np.ones((len(features), 1)), (features - mean) / scale * used])
    penalty = _RIDGE * np.diag([1e-6, *np.ones(features.shape[1])])
    weights = np.zeros(design.shape[1])
    for _ in range(_STEPS):
        expected = 1 / (1 + np.exp(-np.clip(design @ weights, -30, 30)))
        gradient = design.T @ (outcome - expected) - penalty @ weights
        curvature = (design * (expected * (1 - expected))[:, None]).T @ design + penalty
        step = np.linalg.solve(curvature, gradient)
        weights = weights + np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-9:
            break
    raw = np.clip(weights[1:] / scale * used, -LARGEST, LARGEST)
    values = [float(weights[0] - raw @ mean), *map(float, raw)]
    return dict(zip((BIAS, *names), values, strict=True))
