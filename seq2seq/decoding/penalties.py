"""What the score of a finished hypothesis is made of: its log probability, its length, and what it covers.

    score = log P(Y|X) / lp(Y) + weight * cp(X,Y)                            (Wu et al., 2016, equation 14)

Letters: T target tokens, S source tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from torch import Tensor

from seq2seq.decoding.hypotheses import Hypothesis
from seq2seq.errors import UsageError

LEAST_ATTENTION = 1e-6
"""A source token with less attention than this costs no more: the logarithm of 0 would outweigh all else."""

Length = TypeVar("Length", float, Tensor)


def length_divisor(length: Length, normalisation: str, exponent: float) -> Length:
    """lp(Y): what the log probability of a hypothesis of `length` tokens, EOS included, is divided by.

    normalisation: "average" is length ** exponent, "wu" ((5 + length) / 6) ** exponent (Wu et al., 2016), and
        "none" is 1.
    """
    if normalisation == "wu":
        return ((length + 5) / 6) ** exponent
    return length ** (0.0 if normalisation == "none" else exponent)


def coverage(weights: Tensor) -> float:
    """cp(X,Y): sum over the source tokens of log(min(attention that a token gets, 1)), 0 or less.

    `weights` (T,S) has a row for each target token.
    """
    return float(weights.double().sum(0).clamp(LEAST_ATTENTION, 1.0).log().sum())


def add_coverage(hypotheses: Sequence[Hypothesis], *, weight: float, length: int) -> list[Hypothesis]:
    """`hypotheses` of a source with their coverage penalty in the score, best first.

    Args:
        hypotheses: with attention. On ties they keep their order.
        weight: of the penalty.
        length: the first so many source positions are tokens; EOS and padding follow.

    Raises:
        UsageError: a hypothesis has no attention.
    """
    scored = []
    for hypothesis in hypotheses:
        if hypothesis.weights is None:
            raise UsageError(f"coverage_penalty is {weight}, expected 0: the model has no attention")
        penalty = weight * coverage(hypothesis.weights[:, :length])
        scored.append(replace(hypothesis, score=hypothesis.score + penalty))
    return sorted(scored, key=lambda hypothesis: -hypothesis.score)
