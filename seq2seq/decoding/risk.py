"""Minimum Bayes risk: of several translations, the one that is most like all of them.

A model's likeliest translation can be a poor one; what many of its samples agree on is safer (Kumar and
Byrne, 2004; Eikema and Aziz, 2020). Likeness is the chrF of sentences (Popović, 2015), computed as sacreBLEU
does: character n-grams up to 6 without white space, beta 2.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from seq2seq.decoding.hypotheses import Hypothesis

ORDER = 6
"""Longest n-gram."""
_BETA_SQUARED = 4.0


def mean_chrf(texts: Sequence[str], shares: Sequence[float]) -> list[float]:
    """For each of `texts` its mean chrF, 0 to 1, with all of them as references, itself included.

    `shares` weights the references: how probable each text is, or how often it was drawn.
    """
    counts, orders = _counts(texts)
    starts = np.searchsorted(orders, np.arange(1, ORDER + 1))
    sizes = _sums(counts, starts, len(orders))  # (N, ORDER) n-grams of each text
    weights = np.asarray(shares, np.float64) / sum(shares)
    return [
        float(_chrf(_matches(counts, row, orders), sizes[row], sizes) @ weights) for row in range(len(texts))
    ]


def _counts(texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """How often each n-gram is in each text (N,G), and the order of each n-gram (G,), ascending."""
    found = [_ngrams(text) for text in texts]
    columns = {gram: n for n, gram in enumerate(sorted(set().union(*found), key=len))}
    counts = np.zeros((len(texts), len(columns)), np.int64)
    for row, grams in zip(counts, found, strict=True):
        for gram, count in grams.items():
            row[columns[gram]] = count
    return counts, np.array([len(gram) for gram in columns], np.int64)


def _ngrams(text: str) -> Counter[str]:
    """The character n-grams of `text`, of all orders."""
    line = "".join(text.split())
    return Counter(line[i : i + n] for n in range(1, ORDER + 1) for i in range(len(line) - n + 1))


def _matches(counts: np.ndarray, row: int, orders: np.ndarray) -> np.ndarray:
    """N-grams that text `row` shares with each text, by order (N,ORDER)."""
    own = counts[row].nonzero()[0]
    shared = np.minimum(counts[:, own], counts[row, own])
    return _sums(shared, np.searchsorted(orders[own], np.arange(1, ORDER + 1)), len(own))


def _sums(values: np.ndarray, starts: np.ndarray, end: int) -> np.ndarray:
    """Sums of the columns `values` (N,G) from each start to the next: (N,ORDER)."""
    cumulative = np.pad(values.cumsum(1), ((0, 0), (1, 0)))
    return cumulative[:, np.append(starts[1:], end)] - cumulative[:, starts]


def _chrf(matches: np.ndarray, hypothesis: np.ndarray, references: np.ndarray) -> np.ndarray:
    """chrF (N,) of a text with `hypothesis` (ORDER,) n-grams against N `references` (N,ORDER).

    Precision and recall are means over the orders that both texts have.
    """
    both = (hypothesis > 0) & (references > 0)
    orders = np.maximum(both.sum(1), 1)
    precision = (matches * both / np.maximum(hypothesis, 1)).sum(1) / orders
    recall = (matches * both / np.maximum(references, 1)).sum(1) / orders
    denominator = _BETA_SQUARED * precision + recall
    score = (1 + _BETA_SQUARED) * precision * recall / np.where(denominator > 0, denominator, 1.0)
    return np.asarray(score)


def by_risk(hypotheses: Sequence[Hypothesis], texts: Sequence[str], *, sampled: bool) -> list[Hypothesis]:
    """The hypotheses of different `texts`, the one most like all of them first. Scores become the mean chrF.

    Each text counts as often as it occurs among `sampled` hypotheses. Those of a search have the share of
    their probability. On ties the order stays.
    """
    highest = max((one.log_prob for one in hypotheses), default=0.0)
    shares, first = dict[str, float](), dict[str, Hypothesis]()
    for one, text in zip(hypotheses, texts, strict=True):
        share = 1.0 if sampled else math.exp(one.log_prob - highest)
        shares[text] = shares.get(text, 0.0) + share
        first.setdefault(text, one)
    scores = mean_chrf(list(shares), list(shares.values()))
    ranked = [replace(one, score=score) for one, score in zip(first.values(), scores, strict=True)]
    return sorted(ranked, key=lambda one: -one.score)
