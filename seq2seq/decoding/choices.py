"""How a search chooses the next tokens: the best (greedy and beam), sampled ones, or given ones.

Every operation works row by row, so that the other sentences of a batch change no answer. Logits stay where
the engine computes them; the few numbers that search keeps are numpy arrays, because their operations take a
fraction of the time of torch's on small arrays.

Letters: B sentences, K' hypotheses of each before the step and K after it, V candidate tokens.
"""

from __future__ import annotations

import hashlib
import math
import sys
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

NEVER = -math.inf  # log probability of a dead hypothesis, logit of an impossible token
_LOWEST = -sys.float_info.max  # of log probabilities that are not -inf
_BLOCK, _LEAST = 16, 8  # most and fewest logits of a block, whose maximum `top` compares first

Array = np.ndarray[Any, Any]


class Scores(NamedTuple):
    """The scores of a step on top of the hypotheses so far."""

    base: Array  # (B,K') float64; base + logit = log probability of the hypothesis with that token
    logits: Tensor | Array  # (B,K',V); whoever chooses may overwrite them
    endings: Array  # (B,K') log probability of the hypothesis with EOS
    candidates: Tensor | None  # (V,) token of each column
    blocked: Array  # columns of the forbidden tokens and, last, of EOS
    sentences: Array  # (B,) numbers of the sentences
    length: int  # of a hypothesis that ends in this step, EOS included


class Choice(NamedTuple):
    """The hypotheses that continue, and those that end."""

    totals: Array  # (B,K) float64 log probabilities; -inf: dead
    parents: Array | None  # (B,K) which of the K' each one extends; None: each its own
    columns: Array  # (B,K) column of the token that each one takes
    ends: Array  # (B,K') bool: which of the K' end in this step


def choose_best(width: int, scores: Scores) -> Choice:
    """The `width` best continuations without EOS, and the endings that are no worse than the last of them."""
    logits = scores.logits
    if isinstance(logits, Tensor) and logits.is_cpu:
        logits = logits.numpy()
    logits[..., scores.blocked] = NEVER
    parents: Array | None = None
    if width == 1:  # argmax also takes the first of equals, and is faster
        columns = as_array(logits.argmax(-1))
        first = np.arange(columns.size).reshape(columns.shape) * logits.shape[-1]
        totals = scores.base + _at(logits, first + columns)
    else:
        totals, parents, columns = top(scores.base, logits, width)
    return Choice(totals, parents, columns, scores.endings >= totals[:, -1:])


def as_array(values: Tensor | Array) -> Array:
    """`values` as an array."""
    if isinstance(values, Tensor):
        return values.numpy() if values.is_cpu else values.cpu().numpy()
    return values


def choose_sampled(temperature: float, top_k: int, top_p: float, noise: Tensor, scores: Scores) -> Choice:
    """One token per hypothesis: the first whose cumulative probability exceeds a uniform random number."""
    logits, order = torch.as_tensor(scores.logits), None
    logits[..., scores.blocked[:-1]] = NEVER
    if top_k or top_p < 1:
        logits, order = logits.sort(dim=-1, descending=True, stable=True)
        logits = logits[..., : top_k or None]
    shares = (logits.double() / temperature).softmax(-1)
    cumulative = shares.cumsum(-1)
    # A token stays if the tokens before it sum to less than top_p; the last one that stays gives the total.
    total = cumulative.masked_fill(cumulative - shares >= top_p, 0).amax(-1, keepdim=True)
    sentences = torch.from_numpy(scores.sentences).to(noise.device)
    points = noise[sentences, scores.length - 1].unsqueeze(-1) * total  # (B, K, 1)
    drawn = torch.searchsorted(cumulative, points, right=True).clamp(max=logits.shape[-1] - 1)
    totals = scores.base + logits.gather(-1, drawn).squeeze(-1).cpu().numpy()
    tokens = (drawn if order is None else order.gather(-1, drawn)).squeeze(-1)
    columns = tokens.cpu().numpy()
    ends = columns == scores.blocked[-1]
    return Choice(np.where(ends, NEVER, totals), None, columns, ends)


def choose_given(targets: Tensor, scores: Scores) -> Choice:
    """The token of `targets` (B,T) at this step; a token outside a shortlist is impossible."""
    sentences = torch.from_numpy(scores.sentences).to(targets.device)
    tokens = targets[sentences, scores.length - 1].unsqueeze(1)  # (B, 1)
    every, ids = torch.as_tensor(scores.logits), scores.candidates
    if ids is None:
        ids = torch.arange(every.shape[-1], device=tokens.device)
    best = every.masked_fill(ids != tokens.unsqueeze(-1), NEVER).max(-1)
    logits, columns = as_array(best.values), as_array(best.indices)
    ends = (columns == scores.blocked[-1]) & (logits > NEVER)
    return Choice(np.where(ends, NEVER, scores.base + logits), None, columns, ends)


def top(base: Array, logits: Tensor | Array, size: int) -> tuple[Array, Array, Array]:
    """The `size` largest of base (B,K) + logits (B,K,V) per sentence: sums, hypotheses, columns, each
    (B,size). The first of equals wins. Where there are fewer above -inf, the rest is -inf, 0 and 0.

    Not all K * V are ranked. The `size` blocks with the largest maxima bound the last of the sums from below,
    so only blocks and sums that reach the bound count. Block b of n has the columns b, b + n, b + 2n and so
    on, because maxima of such blocks are the fastest.
    """
    sentences, hypotheses, vocabulary = logits.shape
    rows, number = _block_shape(vocabulary, size)
    if rows * number > vocabulary:
        logits = _padded(logits, rows * number - vocabulary)
    maxima = _maxima(logits.reshape(sentences, hypotheses, rows, number))
    reached = (base[..., None] + maxima).reshape(sentences, -1)
    bound = np.maximum(np.partition(reached, -size, 1)[:, -size, None], _LOWEST)  # (B,1)
    hypothesis, block = np.divmod((reached >= bound).ravel().nonzero()[0], number)  # of B * K, of n
    places = (hypothesis * (rows * number) + block)[:, None] + np.arange(0, rows * number, number)
    sums = base.ravel()[hypothesis][:, None] + _at(logits, places)  # (N,rows) of N blocks
    if sentences == 1 and bound[0, 0] > _LOWEST:  # the usual case of a user who waits
        best = np.lexsort((places.ravel(), -sums.ravel()))[:size]
        totals, chosen = sums.take(best)[None], places.take(best)[None]
    else:
        enough = sums >= bound[hypothesis // hypotheses]
        width = hypotheses * rows * number
        totals, chosen = _first(sums[enough], places[enough], sentences, width, size)
    hypothesis, column = np.divmod(chosen, rows * number)
    return totals, hypothesis % hypotheses, column


def _first(sums: Array, places: Array, sentences: int, width: int, size: int) -> tuple[Array, Array]:
    """The `size` largest of `sums` (N,) of each sentence and their places, (B,size) each. `places` are
    positions in a table of `sentences` rows of `width`. Where there are fewer, the rest is -inf and 0."""
    sentence = places // width  # ascending
    order = np.lexsort((places, -sums, sentence))
    rank = np.arange(len(sentence)) - sentence.searchsorted(sentence)
    some = rank < size
    where, best = (sentence[some], rank[some]), order[some]
    totals, chosen = np.full((sentences, size), NEVER), np.zeros((sentences, size), np.int64)
    totals[where], chosen[where] = sums[best], places[best]
    return totals, chosen


def _maxima(blocks: Tensor | Array) -> Array:
    """The largest of each block of a table (B,K,rows,n): (B,K,n)."""
    return as_array(blocks.amax(2) if isinstance(blocks, Tensor) else np.maximum.reduce(blocks, 2))


def _at(logits: Tensor | Array, places: Array) -> Array:
    """The logits at `places`, positions in the whole table."""
    if isinstance(logits, Tensor):
        return logits.take(torch.from_numpy(places).to(logits.device)).cpu().numpy()
    return logits.take(places)


def _padded(logits: Tensor | Array, number: int) -> Tensor | Array:
    """`logits` (B,K,V) with `number` more columns that are never chosen."""
    if isinstance(logits, Tensor):
        return F.pad(logits, (0, number), value=NEVER)
    return np.pad(logits, ((0, 0), (0, 0), (0, number)), constant_values=NEVER)


@lru_cache(maxsize=64)
def _block_shape(vocabulary: int, size: int) -> tuple[int, int]:
    """Columns of a block, a divisor of `vocabulary` if there is one and 1 if there are too few columns; and
    the number of blocks."""
    if vocabulary <= _BLOCK * size:
        return 1, max(vocabulary, size)
    rows = next((rows for rows in range(_BLOCK, _LEAST, -1) if vocabulary % rows == 0), _BLOCK)
    return rows, -(-vocabulary // rows)


def tokens_of(columns: Array, candidates: Tensor | None) -> Array:
    """The tokens of `columns` (B,K)."""
    if candidates is None:
        return columns
    ids = candidates.cpu().numpy()
    return np.take_along_axis(ids, columns, 1) if ids.ndim == 2 else ids[columns]


@lru_cache(maxsize=8)
def columns_of(tokens: tuple[int, ...], candidates: Tensor | None) -> tuple[Array, int]:
    """Columns of `tokens`, and the column of the last of them, EOS.

    Tensors hash by identity, so this is computed once per shortlist. The tokens have the same columns in the
    shortlist of each sentence. ValueError if EOS is not in it.
    """
    columns = list(tokens)
    if candidates is not None:
        candidates = candidates[0] if candidates.dim() == 2 else candidates
        positions = {token: position for position, token in enumerate(candidates.tolist())}
        if tokens[-1] not in positions:
            raise ValueError(f"candidates is {list(positions)!r}, expected EOS ({tokens[-1]}) among them")
        columns = [positions[token] for token in tokens if token in positions]
    return np.array(columns), columns[-1]


def uniform_noise(seed: int, ids: Sequence[int], lengths: Tensor, *, samples: int) -> Tensor:
    """Uniform random numbers (B,T,K) below 1, those of each sentence from a generator of its own, seeded by
    `seed` and its entry in `ids`."""
    if len(ids) != len(lengths):
        raise ValueError(f"ids is {ids!r}, expected {len(lengths)} numbers")
    noise = torch.zeros(len(ids), max(lengths.tolist(), default=0), samples, dtype=torch.float64)
    for row, number, length in zip(noise, ids, lengths.tolist(), strict=True):
        digest = hashlib.sha256(f"{seed} {number}".encode()).digest()
        generator = torch.Generator().manual_seed(int.from_bytes(digest[:8], "big", signed=True))
        row[:length] = torch.rand(length, samples, generator=generator)  # float32
    return noise.to(lengths.device)
