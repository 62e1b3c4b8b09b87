"""Attention scores under one interface.

    project(encoded (B,S,M), mask (B,S)) -> Memory                  once per batch
    attend(queries (B,T,H), memory, state) -> context (B,T,M), weights (B,T,S), state

Nothing is kept on the module between calls: what accumulates travels in `state`, which is `()` for all kinds
here. Weights are exactly 0 on padding and each row sums to 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor, nn

from seq2seq.config import UsageError

AttentionState: TypeAlias = tuple[Tensor, ...]


@dataclass(frozen=True)
class Encoded:
    """outputs (B,S,M); mask (B,S), true on real tokens; state of the top layer, both directions side by side,
    each (1,B,M), or `()` when nobody asked for it."""

    outputs: Tensor
    mask: Tensor
    states: tuple[tuple[Tensor, ...], ...]


@dataclass(frozen=True)
class Memory:
    """What attention reads: keys (B,S,A), values (B,S,M), and mask (B,S), true on real tokens."""

    keys: Tensor
    values: Tensor
    mask: Tensor
    tokens: Tensor | None = None

    def select(self, rows: Tensor) -> Memory:
        """The memory of the sentences `rows`."""
        tokens = None if self.tokens is None else self.tokens[rows]
        return Memory(self.keys[rows], self.values[rows], self.mask[rows], tokens)


class Attention(nn.Module):
    """Shared frame: scores -> masked softmax -> weighted mean of the values. Kinds add `keys` and `score`."""

    context_size: int

    def start(self, encoded: Encoded) -> AttentionState:
        return ()

    def keys(self, encoded: Tensor) -> Tensor:
        """What of each encoder output is compared with the queries: (B,S,M) -> (B,S,A)."""
        return encoded

    def score(self, queries: Tensor, keys: Tensor) -> Tensor:
        """Unnormalised scores (B,T,S) of `queries` (B,T,H) against `keys` (B,S,A)."""
        raise NotImplementedError

    def project(self, encoded: Tensor, mask: Tensor) -> Memory:
        """Prepare encoder outputs (B,S,M) for any number of `attend` calls."""
        return Memory(self.keys(encoded), encoded, mask)

    def attend(
        self, queries: Tensor, memory: Memory, state: AttentionState = ()
    ) -> tuple[Tensor, Tensor, AttentionState]:
        """Context (B,T,M) and weights (B,T,S) for `queries` (B,T,H)."""
        scores = self.score(queries, memory.keys)
        weights = scores.masked_fill(~memory.mask.unsqueeze(1), -math.inf).softmax(-1)
        return weights @ memory.values, weights, state


class Dot(Attention):
    """score = qᵀk (Luong et al., 2015, eq. 8). Queries and encoder outputs must be equally wide."""

    def __init__(self, query_size: int, memory_size: int, attention_size: int) -> None:
        super().__init__()
        if query_size != memory_size:
            raise UsageError(
                f"this attention multiplies decoder states ({query_size} wide) with encoder outputs "
                f"({memory_size} wide): set model.decoder_size = 2 * model.encoder_size, "
                "or model.attention = 'general'"
            )
        self.scale = 1.0

    def score(self, queries: Tensor, keys: Tensor) -> Tensor:
        return (queries * self.scale) @ keys.transpose(1, 2)


class ScaledDot(Dot):
    """score = qᵀk / √H (Vaswani et al., 2017)."""

    def __init__(self, query_size: int, memory_size: int, attention_size: int) -> None:
        super().__init__(query_size, memory_size, attention_size)
        self.scale = query_size**-0.5


class General(Attention):
    """score = qᵀWk (Luong et al., 2015, eq. 8)."""

    def __init__(self, query_size: int, memory_size: int, attention_size: int) -> None:
        super().__init__()
        self.key = nn.Linear(memory_size, query_size, bias=False)
        nn.init.xavier_uniform_(self.key.weight)

    def keys(self, encoded: Tensor) -> Tensor:
        return self.key(encoded)

    def score(self, queries: Tensor, keys: Tensor) -> Tensor:
        return queries @ keys.transpose(1, 2)


class Additive(Attention):
    """score = vᵀ tanh(W q + U k) (Bahdanau et al., 2015, appendix A.1.2)."""

    def __init__(self, query_size: int, memory_size: int, attention_size: int) -> None:
        super().__init__()
        self.query = nn.Linear(query_size, attention_size, bias=False)
        self.key = nn.Linear(memory_size, attention_size)
        self.energy = nn.Parameter(torch.empty(attention_size))
        nn.init.xavier_uniform_(self.query.weight)
        nn.init.xavier_uniform_(self.key.weight)
        nn.init.zeros_(self.key.bias)
        nn.init.normal_(self.energy, std=attention_size**-0.5)

    def keys(self, encoded: Tensor) -> Tensor:
        return self.key(encoded)

    def score(self, queries: Tensor, keys: Tensor) -> Tensor:
        # (B, T, 1, A) + (B, 1, S, A); the sum is done in place by tanh_ where no gradient needs it
        hidden = self.query(queries).unsqueeze(2) + keys.unsqueeze(1)
        return hidden.tanh_() @ self.energy


ATTENTIONS: dict[str, Callable[[int, int, int], Attention]] = {
    "additive": Additive,
    "dot": Dot,
    "scaled_dot": ScaledDot,
    "general": General,
}


def build_attention(kind: str, *, query_size: int, memory_size: int, attention_size: int, heads: int = 4, window: int = 10) -> Attention:
    """Attention of the named kind for queries H, memory M and keys A wide."""
    if kind not in ATTENTIONS:
        raise UsageError(f"model.attention is {kind!r}, expected one of {', '.join(ATTENTIONS)}")
    a = ATTENTIONS[kind](query_size, memory_size, attention_size)
    a.context_size = memory_size
    return a
