"""How sure each word is and why, and whether such confidence comes true."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from seq2seq.confidence import WORD_FEATURES, Bin, Confidence, Evidence, logistic
from seq2seq.errors import DataError
from seq2seq.evaluation.calibration import CURVE_BINS, calibration_curve, calibration_error, judge, words_of
from seq2seq.explain.one_sentence import Sentence
from seq2seq.explain.result import Explanation
from seq2seq.translation import SURE, Translation

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CAUSES: dict[str, tuple[str, ...]] = {
    "own pieces": ("odds", "log_prob"),
    "words beside it": ("odds_before", "odds_after"),
    "attention": ("focus",),
    "rare word": ("rarity",),
    "the sentence": ("odds_mean", "length"),
}
"""The features of confidence (see `seq2seq.confidence`), by what they say."""
_LOG_PROB = WORD_FEATURES.index("log_prob")
_ODDS = WORD_FEATURES.index("odds")
_FOCUS = WORD_FEATURES.index("focus")
_WORTH_SAYING = 0.5  # log odds
_POINTS = 41


@dataclass(frozen=True)
class WordCertainty:
    """How sure a word is.

    Attributes:
        text: the word.
        confidence: 0 to 1 (see `Translation.confidence`).
        lowest: probability of its least likely piece.
        focus: the largest attention weight of its pieces, on average; 0 without attention.
        causes: by the names of `CAUSES`, how far the log odds of the confidence are below (negative) or
            above those of the surest word; their sum is the whole difference. Empty without calibration.
        reason: the largest cause in words, if the confidence is below 0.7; else "".
    """

    text: str
    confidence: float
    lowest: float
    focus: float
    causes: Mapping[str, float]
    reason: str


@dataclass(frozen=True)
class Certainty(Explanation):
    """The confidence of a translation.

    Attributes:
        confidence: of the whole, 0 to 1.
        reasons: why the whole may be bad, as `Translation.reasons`.
        words: in order.
        calibrated: whether the model is calibrated (`seq2seq evaluate --calibrate`).
        curve: (41,2) the model's own probability of the least likely piece of a word, and the confidence of
            such a word in this sentence; the diagonal without calibration.
        measured: whether confidence came true when the model was calibrated: for groups of words of similar
            confidence its mean, the share of words that were right, and their number. Empty if that was not
            measured.
    """

    confidence: float
    reasons: tuple[str, ...]
    words: tuple[WordCertainty, ...]
    calibrated: bool
    curve: np.ndarray
    measured: tuple[Bin, ...] = ()

    def figure(self) -> Figure:
        """A bar for each word with the reason, the curve of the calibration with the words on it, and
        whether confidence came true if that was measured."""
        from seq2seq.explain.bars import Bar, add_bars
        from seq2seq.explain.heat_maps import figure_type

        rows = len(self.words)
        panels = 3 if self.measured else 2
        figure = figure_type()(
            figsize=(4.0 + 3.0 * (panels - 1), max(0.3 * rows + 1.1, 3.2)), layout="constrained"
        )
        left, right, *more = figure.subplots(1, panels, width_ratios=[5, 3, 3][:panels])
        bars = [Bar(word.text, word.confidence, word.reason) for word in self.words]
        add_bars(left, bars, title=f"confidence; the whole {self.confidence:.2f}", high=1.0)
        left.set_xticks([0, 0.5, 1])
        right.plot([0, 1], [0, 1], ":", color="#999999")
        right.plot(*self.curve.T, color="#4477aa")
        right.plot(
            [word.lowest for word in self.words],
            [word.confidence for word in self.words],
            "o",
            color="#cc3311",
        )
        right.set(xlabel="probability that the model gives", ylabel="confidence", xlim=(0, 1), ylim=(0, 1))
        for axes in more:
            _draw_reliability(axes, [(sure, good) for sure, good, _ in self.measured])
        return figure

    def table(self) -> tuple[Sequence[str], Iterable[Sequence[object]]]:
        """A row for each word."""
        header = ("number", "word", "confidence", "lowest_probability", "focus", *CAUSES, "reason")
        rows = (
            (
                number,
                word.text,
                word.confidence,
                word.lowest,
                word.focus,
                *(word.causes.get(cause, "") for cause in CAUSES),
                word.reason,
            )
            for number, word in enumerate(self.words)
        )
        return header, rows


def confidence(sentence: Sentence) -> Certainty:
    """The confidence of the translation of `sentence`, and what it comes from."""
    translation, model = sentence.translation, sentence.translator.bundle.confidence
    seen = translation.evidence
    assert seen is not None, "a translation in one part has evidence"
    surest = max(range(len(seen.words)), key=lambda n: translation.words[n].confidence or 0.0, default=0)
    words = tuple(
        _word(word.text, word.confidence or 0.0, row, seen.words[surest], model)
        for word, row in zip(translation.words, seen.words, strict=True)
    )
    points = np.linspace(0.0, 1.0, _POINTS)
    return Certainty(
        confidence=translation.confidence,
        reasons=translation.reasons,
        words=words,
        calibrated=model is not None,
        curve=np.stack([points, points if model is None else _curve(points, seen, model)], 1),
        measured=() if model is None else model.curve,
    )


def _word(
    text: str, sure: float, row: Sequence[float], surest: Sequence[float], model: Confidence | None
) -> WordCertainty:
    lowest = math.exp(row[_LOG_PROB])
    causes = {} if model is None else _causes(row, surest, model.words)
    least = min(causes, key=causes.__getitem__, default="")
    said = {
        "own pieces": f"the model gives {lowest:.0%}",
        "words beside it": "a word beside it is unsure",
        "attention": f"it reads several words ({row[_FOCUS]:.0%} at most on one)",
        "rare word": "the word is rare",
        "the sentence": "the sentence is unsure",
    }
    worth_saying = sure < SURE and least and causes[least] < -_WORTH_SAYING
    reason = said[least] if worth_saying else ""
    return WordCertainty(text, sure, lowest, row[_FOCUS], causes, reason)


def _causes(row: Sequence[float], surest: Sequence[float], weights: Mapping[str, float]) -> dict[str, float]:
    """Differences of log odds from the surest word."""
    parts = {
        name: weights[name] * (value - best)
        for name, value, best in zip(WORD_FEATURES, row, surest, strict=True)
    }
    return {cause: sum(parts[name] for name in names) for cause, names in CAUSES.items()}


def _curve(points: np.ndarray, seen: Evidence, model: Confidence) -> np.ndarray:
    """The confidence of a word whose least likely piece has such a probability, and which is otherwise like
    the mean word of the sentence."""
    if not seen.words:
        return points
    made = []
    for chance in np.clip(points, 1e-5, 1 - 1e-5).tolist():
        row = np.mean(seen.words, 0).tolist()
        row[_ODDS], row[_LOG_PROB] = math.log(chance / (1 - chance)), math.log(chance)
        made.append(logistic(row, model.words, WORD_FEATURES))
    return np.array(made)


@dataclass(frozen=True)
class Reliability(Explanation):
    """Whether words with a confidence of 70 % are right in 70 of 100 cases.

    Attributes:
        confidence, right: (N,) for each group of words of similar confidence, its mean, and the share of
            words that TER matches with the reference.
        number: (N,) words of each group.
        error: expected calibration error in these groups.
    """

    confidence: np.ndarray
    right: np.ndarray
    number: np.ndarray
    error: float

    def figure(self) -> Figure:
        """The shares against the confidence; on the diagonal confidence comes true."""
        from seq2seq.explain.heat_maps import figure_type

        figure = figure_type()(figsize=(4.6, 4.4), layout="constrained")
        axes = figure.subplots()
        _draw_reliability(axes, list(zip(self.confidence.tolist(), self.right.tolist(), strict=True)))
        axes.set_title(f"{int(self.number.sum()):,} words, calibration error {self.error:.3f}", fontsize=9)
        return figure

    def table(self) -> tuple[Sequence[str], Iterable[Sequence[object]]]:
        """A row for each group."""
        rows = zip(self.confidence.tolist(), self.right.tolist(), self.number.tolist(), strict=True)
        return ("confidence", "right", "words"), rows


def reliability(
    translations: Sequence[Translation], references: Sequence[str], *, bins: int = CURVE_BINS
) -> Reliability:
    """The calibration curve of the words of `translations`, each with its reference, in `bins` equal groups.

    Raises DataError if there are fewer words than groups.
    """
    said, right = words_of(judge(translations, references))
    if len(said) < bins:
        raise DataError(f"{len(said)} words, expected {bins} or more to draw a curve")
    sure, share, number = map(np.array, zip(*calibration_curve(said, right, bins=bins), strict=True))
    return Reliability(sure, share, number, error=calibration_error(said, right, bins=bins))


def _draw_reliability(axes: Axes, points: Sequence[tuple[float, float]]) -> None:
    """Confidence against the share of words that are right; on the diagonal confidence comes true."""
    axes.plot([0, 1], [0, 1], ":", color="#999999")
    axes.plot(*zip(*points, strict=True), "o-", color="#4477aa")
    axes.set(xlabel="confidence", ylabel="share of words that are right", xlim=(0, 1), ylim=(0, 1))
