"""What a search returns, and how it is traced back through the recorded steps."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Hypothesis:
    """One translation. EOS is not among `tokens`, but is counted and stands last in everything else."""

    tokens: tuple[int, ...]
    log_prob: float
    """Natural logarithm of the model's probability, whatever the temperature or the forbidden tokens."""
    score: float
    """What hypotheses are ranked by: log_prob after length normalisation, and what else `DecodingConfig` asks
    for."""
    token_log_probs: tuple[float, ...]
    weights: Tensor | None = field(default=None, compare=False)
    """(T,S) attention, one row per token and one for EOS."""
    finished: bool = True
    """False if EOS was not chosen but forced at the length limit."""


Hypotheses = list[list[Hypothesis]]
"""For each sentence its hypotheses, best first."""


class StepRecord(NamedTuple):
    """One step of a search, as tables with a row for each sentence that was still searched."""

    sentences: Array  # (B,) their numbers, ascending
    tokens: Array  # (B,K) token that each hypothesis was extended from
    totals: Array  # (B,K) log probability of each hypothesis after the step
    parents: Array | None  # (B,K) which of the K' each one extends; None: each its own
    ends: Array  # (B,K') which hypotheses ended
    endings: Array | None  # (B,K') their log probabilities, -inf elsewhere; None: none ended
    weights: Array | None  # (B,K',S)


def best_hypotheses(
    records: list[StepRecord], *, size: int, n_best: int, divisor: Callable[[float], float]
) -> Hypotheses:
    """The `n_best` best endings of each of `size` sentences. On ties the earlier step comes first, then the
    lower hypothesis. Raises ValueError for a sentence without any possible hypothesis."""
    endings: list[list[_Ending]] = [[] for _ in range(size)]
    for step, record in enumerate(records):
        if record.endings is None:
            continue
        penalty = divisor(float(step + 1))
        for sentence, totals in zip(record.sentences.tolist(), record.endings.tolist(), strict=True):
            endings[sentence] += [
                _Ending(-total / penalty, step, k, total, sentence)
                for k, total in enumerate(totals)
                if total > -math.inf
            ]
    for sentence, ranked in enumerate(endings):
        if not ranked:
            raise ValueError(
                f"probability of every hypothesis of sentence {sentence} is 0, expected one above 0"
            )
        ranked.sort()
    best = [ranked[:n_best] for ranked in endings]
    traced = iter(_trace(records, [one for of_sentence in best for one in of_sentence]))
    return [[next(traced) for _ in of_sentence] for of_sentence in best]


class _Ending(NamedTuple):
    """A hypothesis that was number `k` before step `step` and ended there. The lowest is the best."""

    rank: float  # the score, negated
    step: int
    k: int
    log_prob: float
    sentence: int


def _trace(records: list[StepRecord], endings: list[_Ending]) -> list[Hypothesis]:
    """The hypotheses with these endings, N of them, traced back together."""
    number, steps = len(endings), max((ending.step + 1 for ending in endings), default=0)
    sentences, last, k = (
        np.array([getattr(ending, name) for ending in endings], np.int64)
        for name in ("sentence", "step", "k")
    )
    tokens, sums = np.zeros((number, steps), np.int64), np.zeros((number, steps))
    finished, weights = np.zeros(number, bool), _empty_weights(records, number, steps)
    for step in reversed(range(steps)):
        record = records[step]
        here = np.flatnonzero(last >= step)
        rows = np.searchsorted(record.sentences, sentences[here])
        ending = last[here] == step
        finished[here[ending]] = record.ends[rows[ending], k[here[ending]]]
        longer, row = here[~ending], rows[~ending]
        tokens[longer, step] = record.tokens[row, k[longer]]
        sums[longer, step] = record.totals[row, k[longer]]
        if record.parents is not None:
            k[longer] = record.parents[row, k[longer]]
        if weights is not None and record.weights is not None:
            weights[here, step, : record.weights.shape[-1]] = record.weights[rows, k[here]]
    return [
        _hypothesis(
            records, one, tokens[n], sums[n], bool(finished[n]), None if weights is None else weights[n]
        )
        for n, one in enumerate(endings)
    ]


def _empty_weights(records: list[StepRecord], number: int, steps: int) -> Array | None:
    """Zeros (N,T,S) for the attention of N hypotheses; None without attention."""
    widths = [record.weights.shape[-1] for record in records if record.weights is not None]
    return np.zeros((number, steps, max(widths)), np.float32) if widths else None


def _hypothesis(
    records: list[StepRecord],
    ending: _Ending,
    tokens: Array,
    sums: Array,
    finished: bool,
    weights: Array | None,
) -> Hypothesis:
    """The hypothesis with this ending. Its attention is as wide as that of its last step: longer sentences
    may have left before."""
    length, final = ending.step, records[ending.step].weights
    totals = [0.0, *sums[:length].tolist(), ending.log_prob]
    if weights is not None and final is not None:
        weights = weights[: length + 1, : final.shape[-1]].copy()
    return Hypothesis(
        tokens=tuple(tokens[:length].tolist()),
        log_prob=ending.log_prob,
        score=-ending.rank,
        token_log_probs=tuple(after - before for before, after in pairwise(totals)),
        weights=None if weights is None else torch.from_numpy(weights),
        finished=finished,
    )
