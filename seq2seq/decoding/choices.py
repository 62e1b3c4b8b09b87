"""How a search chooses the next tokens: the best (greedy and beam), sampled ones, or given ones.

Every operation works row by row, so that the other sentences of a batch change no answer.

Letters: B sentences, K' hypotheses of each before the step and K after it, V candidate tokens.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

NEVER = -math.inf  # log probability of a dead hypothesis, logit of an impossible token
_BLOCK = 64  # logits whose maximum `_top` compares first


class Scores(NamedTuple):
    """The scores of a step on top of the hypotheses so far."""

    base: Tensor  # (B,K') float64; base + logit = log probability of the hypothesis with that token
    logits: Tensor  # (B,K',V)
    endings: Tensor  # (B,K') log probability of the hypothesis with EOS
    candidates: Tensor | None  # (V,) token of each column
    blocked: Tensor  # columns of the forbidden tokens and, last, of EOS
    sentences: Tensor  # (B,) numbers of the sentences
    length: int  # of a hypothesis that ends in this step, EOS included


class Choice(NamedTuple):
    """The hypotheses that continue, and those that end."""

    totals: Tensor  # (B,K) float64 log probabilities; -inf: dead
    parents: Tensor | None  # (B,K) which of the K' each one extends; None: each its own
    columns: Tensor  # (B,K) column of the token that each one takes
    ends: Tensor  # (B,K') bool: which of the K' end in this step


def choose_best(width: int, scores: Scores) -> Choice:
    """The `width` best continuations without EOS, and the endings that are no worse than the last of them."""
    logits = scores.logits.index_fill_(-1, scores.blocked, NEVER)
    if width == 1:  # argmax also takes the first of equals, and is faster
        columns = logits.argmax(-1)
        totals, parents = scores.base + logits.gather(-1, columns.unsqueeze(-1)).squeeze(-1), None
    else:
        totals, parents, columns = _top(scores.base, logits, width)
    return Choice(totals, parents, columns, scores.endings >= totals[:, -1:])


def choose_sampled(temperature: float, top_k: int, top_p: float, noise: Tensor, scores: Scores) -> Choice:
    """One token per hypothesis: the first whose cumulative probability exceeds a uniform random number."""
    logits, order = scores.logits.index_fill_(-1, scores.blocked[:-1], NEVER), None
    if top_k or top_p < 1:
        logits, order = logits.sort(dim=-1, descending=True, stable=True)
        logits = logits[..., : top_k or None]
    shares = (logits.double() / temperature).softmax(-1)
    cumulative = shares.cumsum(-1)
    # A token stays if the tokens before it sum to less than top_p; the last one that stays gives the total.
    total = cumulative.masked_fill(cumulative - shares >= top_p, 0).amax(-1, keepdim=True)
    points = noise[scores.sentences, scores.length - 1].unsqueeze(-1) * total  # (B, K, 1)
    drawn = torch.searchsorted(cumulative, points, right=True).clamp(max=logits.shape[-1] - 1)
    totals = scores.base + logits.gather(-1, drawn).squeeze(-1)
    columns = (drawn if order is None else order.gather(-1, drawn)).squeeze(-1)
    ends = columns == scores.blocked[-1]
    return Choice(totals.masked_fill(ends, NEVER), None, columns, ends)


def choose_given(targets: Tensor, scores: Scores) -> Choice:
    """The token of `targets` (B,T) at this step; a token outside a shortlist is impossible."""
    tokens = targets[scores.sentences, scores.length - 1].unsqueeze(1)  # (B, 1)
    ids = scores.candidates
    if ids is None:
        ids = torch.arange(scores.logits.shape[-1], device=tokens.device)
    logits, columns = scores.logits.masked_fill(ids != tokens.unsqueeze(-1), NEVER).max(-1)
    ends = (columns == scores.blocked[-1]) & (logits > NEVER)
    return Choice((scores.base + logits).masked_fill(ends, NEVER), None, columns, ends)


def _top(base: Tensor, logits: Tensor, size: int) -> tuple[Tensor, Tensor, Tensor]:
    """The `size` largest of base (B,K) + logits (B,K,V) per sentence: sums, hypotheses, columns, each
    (B,size).

    Not all K * V are ranked: the largest lie in at most `size` blocks, those with the largest maxima.
    """
    vocabulary = logits.shape[-1]
    padded = max(math.ceil(vocabulary / _BLOCK), size) * _BLOCK
    if padded > vocabulary:
        logits = F.pad(logits, (0, padded - vocabulary), value=NEVER)
    blocks = logits.unflatten(-1, (-1, _BLOCK))  # (B, K, V / block, block)
    maxima = (base.unsqueeze(-1) + blocks.amax(-1)).flatten(1)
    chosen = (maxima - _tie_breaks(maxima.shape[1], base.device)).topk(size).indices
    chosen = chosen.sort(1).values  # (B, size), so that positions keep their order
    inside = blocks.flatten(1, 2).gather(1, chosen.unsqueeze(-1).expand(-1, -1, _BLOCK))
    sums = (base.gather(1, chosen // blocks.shape[2]).unsqueeze(-1) + inside).flatten(1)
    positions = (sums - _tie_breaks(sums.shape[1], base.device)).topk(size).indices
    flat = chosen.gather(1, positions // _BLOCK) * _BLOCK + positions % _BLOCK
    # Dead hypotheses may have a column beyond the vocabulary, and are fed to the next step as well.
    return sums.gather(1, positions), flat // padded, (flat % padded).clamp(max=vocabulary - 1)


@lru_cache(maxsize=64)
def _tie_breaks(size: int, device: torch.device) -> Tensor:
    """A tiny cost for each position, so that the first of equals wins: topk orders equals arbitrarily.

    It is smaller than differences of float32 scores and larger than rounding in float64. A stable sort would
    cost much more.
    """
    return torch.arange(size, dtype=torch.float64, device=device) * 1e-13


@lru_cache(maxsize=8)
def columns_of(
    tokens: tuple[int, ...], candidates: Tensor | None, device: torch.device
) -> tuple[Tensor, int]:
    """Columns of `tokens`, and the column of the last of them, EOS.

    Tensors hash by identity, so this is computed once per shortlist. ValueError if EOS is not in it.
    """
    columns = list(tokens)
    if candidates is not None:
        positions = {token: position for position, token in enumerate(candidates.tolist())}
        if tokens[-1] not in positions:
            raise ValueError(f"candidates is {list(positions)!r}, expected EOS ({tokens[-1]}) among them")
        columns = [positions[token] for token in tokens if token in positions]
    return torch.tensor(columns, device=device), columns[-1]


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
