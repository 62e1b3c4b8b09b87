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
    steps = [_Step.of(record) for record in records]
    return [[_traced(steps, ending) for ending in ranked[:n_best]] for ranked in endings]


class _Ending(NamedTuple):
    """A hypothesis that was number `k` before step `step` and ended there. The lowest is the best."""

    rank: float  # the score, negated
    step: int
    k: int
    log_prob: float
    sentence: int


class _Step(NamedTuple):
    """A record as lists, whose single elements are much faster to read."""

    rows: dict[int, int]  # of each sentence
    tokens: list[list[int]]
    totals: list[list[float]]
    parents: list[list[int]] | None
    record: StepRecord

    @classmethod
    def of(cls, record: StepRecord) -> _Step:
        rows = {sentence: row for row, sentence in enumerate(record.sentences.tolist())}
        parents = None if record.parents is None else record.parents.tolist()
        return cls(rows, record.tokens.tolist(), record.totals.tolist(), parents, record)


def _traced(steps: list[_Step], ending: _Ending) -> Hypothesis:
    """The hypothesis with this ending. Its attention is as wide as that of its last step: longer sentences
    may have left before."""
    k, last = ending.k, steps[ending.step]
    row, seen = last.rows[ending.sentence], last.record.weights
    tokens, totals, weights = list[int](), [ending.log_prob], [] if seen is None else [seen[row, k]]
    finished = bool(last.record.ends[row, k])
    for number in range(ending.step - 1, -1, -1):
        step = steps[number]
        row = step.rows[ending.sentence]
        tokens.append(step.tokens[row][k])
        totals.append(step.totals[row][k])
        if step.parents is not None:
            k = step.parents[row][k]
        if step.record.weights is not None:
            weights.append(step.record.weights[row, k, : weights[0].size])
    totals.append(0.0)
    attention = np.concatenate(weights[::-1]).reshape(len(weights), -1) if weights else None
    return Hypothesis(
        tokens=tuple(reversed(tokens)),
        log_prob=ending.log_prob,
        score=-ending.rank,
        token_log_probs=tuple(after - before for after, before in pairwise(totals))[::-1],
        weights=None if attention is None else torch.from_numpy(attention),
        finished=finished,
    )
