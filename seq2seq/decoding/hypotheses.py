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

    rows: dict[int, int]  # number of the sentence -> row
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
    endings: list[list[tuple[float, int, int, float]]] = [[] for _ in range(size)]
    for step, record in enumerate(records):
        if record.endings is None:
            continue
        penalty, table = divisor(float(step + 1)), record.endings.tolist()
        for sentence, row in record.rows.items():
            endings[sentence] += [
                (-total / penalty, step, k, total) for k, total in enumerate(table[row]) if total > -math.inf
            ]
    for sentence, ranked in enumerate(endings):
        if not ranked:
            raise ValueError(
                f"probability of every hypothesis of sentence {sentence} is 0, expected one above 0"
            )
        ranked.sort()
    return [
        [_trace(records[: step + 1], sentence, k, log_prob, score=-rank) for rank, step, k, log_prob in best]
        for sentence, best in enumerate(ranked[:n_best] for ranked in endings)
    ]


def _trace(records: list[StepRecord], sentence: int, k: int, log_prob: float, *, score: float) -> Hypothesis:
    """The hypothesis that was number `k` before the last of `records` and ended there."""
    last = records[-1]
    row = last.rows[sentence]
    finished = bool(last.ends[row, k])
    tokens, sums, weights = [], [log_prob], [] if last.weights is None else [last.weights[row, k]]
    for record in reversed(records[:-1]):
        row = record.rows[sentence]
        tokens.append(record.tokens.item(row, k))
        sums.append(record.totals.item(row, k))
        k = k if record.parents is None else record.parents.item(row, k)
        if record.weights is not None:  # cut to the width of the last: longer sentences may have left since
            weights.append(record.weights[row, k, : len(weights[0])])
    return Hypothesis(
        tokens=tuple(reversed(tokens)),
        log_prob=log_prob,
        score=score,
        token_log_probs=tuple(after - before for before, after in pairwise([0.0, *reversed(sums)])),
        weights=torch.from_numpy(np.stack(weights[::-1])) if weights else None,
        finished=finished,
    )
