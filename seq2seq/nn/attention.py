"""Attention: what a decoder reads of the source, and how much of each token. All kinds under one interface.

    project(encoded (B,S,M), mask (B,S)) -> Memory                          once per batch
    start(memory) -> state                                                  before the first target token
    attend(queries (B,K*T,H), memory, state) -> context (B,K*T,M), weights (B,K*T,S) or None, state

K hypotheses of a sentence (1 in training) are K times T queries to its one memory, laid out (B,K,T) and
flattened. Nothing is kept on the module between calls: what accumulates travels in `state`, a row for each
hypothesis, and is `()` for all kinds but `coverage`. Weights are exactly 0 on padding, and each row sums to 1
(`local`: at most 1). To add a kind, write its class and its line in `ATTENTIONS`.

In the equations q is a query, k the encoder's output at one source position, and letters in capitals are
learned matrices. Dividing the context among the decoder's layers is left to `decoder`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional

from seq2seq.errors import UsageError

AttentionState: TypeAlias = tuple[Tensor, ...]


@dataclass(frozen=True)
class Encoded:
    """outputs (B,S,M); mask (B,S), true on real tokens; states of the layers, lowest first, both directions
    side by side, each of (1,B,M) tensors, or `()` when nobody asked for them."""

    outputs: Tensor
    mask: Tensor
    states: tuple[tuple[Tensor, ...], ...]


@dataclass(frozen=True)
class Memory:
    """What attention reads: keys (B,S,A), compared with the queries; values (B,S,M), averaged (`multi_head`
    keeps its own projection of them, A wide); mask (B,S), true on real tokens; and the source's token ids
    (B,S), for decoders that copy them."""

    keys: Tensor
    values: Tensor
    mask: Tensor
    tokens: Tensor | None = None

    def select(self, rows: Tensor) -> Memory:
        """The memory of the sentences `rows`."""
        tokens = None if self.tokens is None else self.tokens[rows]
        return Memory(self.keys[rows], self.values[rows], self.mask[rows], tokens)


def normalise(scores: Tensor, mask: Tensor) -> Tensor:
    """softmax over the source where `mask` is true, exactly 0 elsewhere."""
    return scores.masked_fill(~mask, -math.inf).softmax(-1)


class Attention(nn.Module):
    """Shared frame: scores -> masked softmax -> weighted mean of the values. Most kinds add `keys` and
    `score`. `context_size` is the width of the context."""

    def __init__(self, context_size: int) -> None:
        super().__init__()
        self.context_size = context_size

    def keys(self, encoded: Tensor) -> Tensor:
        """What of each encoder output is compared with the queries: (B,S,M) -> (B,S,A)."""
        return encoded

    def score(self, queries: Tensor, keys: Tensor) -> Tensor:
        """Unnormalised scores (B,T,S) of `queries` (B,T,H) against `keys` (B,S,A)."""
        raise NotImplementedError

    def project(self, encoded: Tensor, mask: Tensor) -> Memory:
        """Prepare encoder outputs (B,S,M) for any number of `attend` calls."""
        return Memory(self.keys(encoded), encoded, mask)

    def start(self, memory: Memory) -> AttentionState:
        """The state before the first target token, a row for each sentence."""
        return ()

    def attend(
        self, queries: Tensor, memory: Memory, state: AttentionState
    ) -> tuple[Tensor, Tensor | None, AttentionState]:
        """Context (B,T,M) and weights (B,T,S) for `queries` (B,T,H), and the state after them."""
        weights = normalise(self.score(queries, memory.keys), memory.mask.unsqueeze(1))
        return weights @ memory.values, weights, state


class NoAttention(Attention):
    """No context, 0 wide: the source reaches the decoder through its first state alone, a vector of fixed
    size (Sutskever et al., 2014)."""

    def __init__(self, query_size: int, memory_size: int, attention_size: int) -> None:
        super().__init__(0)

    def project(self, encoded: Tensor, mask: Tensor) -> Memory:
        nothing = encoded[..., :0]
        return Memory(nothing, nothing, mask)

    def attend(
        self, queries: Tensor, memory: Memory, state: AttentionState
    ) -> tuple[Tensor, None, AttentionState]:
        return queries[..., :0], None, state


class Dot(Attention):
    """score = qᵀk (Luong et al., 2015, section 3.1). Queries and encoder outputs must be equally wide."""

    def __init__(self, query_size: int, memory_size: int, attention_size: int) -> None:
        super().__init__(memory_size)
        if query_size != memory_size:
            raise UsageError(
                f"this attention multiplies decoder states ({query_size} wide) with encoder outputs "
                f"({memory_size} wide): set model.decoder_size = {memory_size}, "
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
    """score = qᵀWk (Luong et al., 2015, section 3.1)."""

    def __init__(self, query_size: int, memory_size: int, attention_size: int) -> None:
        super().__init__(memory_size)
        self.key = nn.Linear(memory_size, query_size, bias=False)
        nn.init.xavier_uniform_(self.key.weight)

    def keys(self, encoded: Tensor) -> Tensor:
        return self.key(encoded)

    def score(self, queries: Tensor, keys: Tensor) -> Tensor:
        return queries @ keys.transpose(1, 2)


class Additive(Attention):
    """score = vᵀ tanh(W q + U k + b) (Bahdanau et al., 2015, appendix A.1.2, where biases are left out)."""

    def __init__(self, query_size: int, memory_size: int, attention_size: int) -> None:
        super().__init__(memory_size)
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


class NormalisedAdditive(Additive):
    """score = g vᵀ/‖v‖ tanh(W q + U k + b). The length g of v is learned apart from its direction:
    weight normalisation (Salimans & Kingma, 2016), as in GNMT v2. It begins as `additive` does, g = ‖v‖."""

    def __init__(self, query_size: int, memory_size: int, attention_size: int) -> None:
        super().__init__(query_size, memory_size, attention_size)
        self.gain = nn.Parameter(self.energy.detach().norm())

    def score(self, queries: Tensor, keys: Tensor) -> Tensor:
        hidden = self.query(queries).unsqueeze(2) + keys.unsqueeze(1)  # (B, T, S, A)
        return hidden.tanh_() @ (self.gain * functional.normalize(self.energy, dim=0))


class MultiHead(Attention):
    """Each of h heads, d = A/h units wide, attends with its own part of the projections (Vaswani et al.,
    2017, section 3.2.2):

        a_i(s)  = softmax((W_Q q)_iᵀ (W_K k_s)_i / √d)
        context = W_O [c_1; ...; c_h],  c_i = Σ_s a_i(s) (W_V k_s)_i

    The weights reported are the mean of the heads'.
    """

    def __init__(self, query_size: int, memory_size: int, attention_size: int, *, heads: int) -> None:
        super().__init__(memory_size)
        if heads < 1 or attention_size % heads:
            raise UsageError(
                f"model.attention_size is {attention_size} and model.attention_heads {heads}: "
                "expected equally wide heads, so a size that is a multiple of their number"
            )
        self.heads, self.scale = heads, (attention_size // heads) ** -0.5
        self.query = nn.Linear(query_size, attention_size, bias=False)
        self.key = nn.Linear(memory_size, attention_size, bias=False)
        self.value = nn.Linear(memory_size, attention_size, bias=False)
        self.output = nn.Linear(attention_size, memory_size, bias=False)
        for linear in (self.query, self.key, self.value, self.output):
            nn.init.xavier_uniform_(linear.weight)

    def project(self, encoded: Tensor, mask: Tensor) -> Memory:
        return Memory(self.key(encoded), self.value(encoded), mask)

    def attend(
        self, queries: Tensor, memory: Memory, state: AttentionState
    ) -> tuple[Tensor, Tensor, AttentionState]:
        scores = self.split(self.query(queries) * self.scale) @ self.split(memory.keys).transpose(2, 3)
        weights = normalise(scores, memory.mask[:, None, None])  # (B, h, T, S)
        context = (weights @ self.split(memory.values)).transpose(1, 2).flatten(2)  # (B, T, A)
        return self.output(context), weights.mean(1), state

    def split(self, rows: Tensor) -> Tensor:
        """(B,N,A) -> (B,h,N,d)"""
        return rows.unflatten(-1, (self.heads, -1)).transpose(1, 2)


class Local(General):
    """Predictive alignment (Luong et al., 2015, section 3.2, eq. 9 and 10), for a source of S tokens:

        p    = S σ(vᵀ tanh(W_p q))                              centre of the window
        a(s) = softmax(qᵀWk_s) exp(−(s − p)² / 2σ²), σ = D/2    for s = 0 ... S−1 and |s − p| <= D

    The softmax is over the window. Its product with the bell is not normalised again: rows sum to at most 1.
    """

    def __init__(self, query_size: int, memory_size: int, attention_size: int, *, window: int) -> None:
        super().__init__(query_size, memory_size, attention_size)
        if window < 1:
            raise UsageError(f"model.attention_window is {window}, expected a whole number from 1")
        self.window = window
        self.position = nn.Linear(query_size, attention_size, bias=False)
        self.centre = nn.Parameter(torch.empty(attention_size))
        nn.init.xavier_uniform_(self.position.weight)
        nn.init.normal_(self.centre, std=attention_size**-0.5)

    def attend(
        self, queries: Tensor, memory: Memory, state: AttentionState
    ) -> tuple[Tensor, Tensor, AttentionState]:
        places = torch.arange(memory.mask.shape[1], device=queries.device)
        offset = places - self.centres(queries, memory.mask).unsqueeze(-1)  # (B, T, S)
        inside = memory.mask.unsqueeze(1) & (offset.abs() <= self.window)  # never empty: 0 <= p <= S
        weights = normalise(self.score(queries, memory.keys), inside)
        weights = weights * torch.exp(-2 * (offset / self.window) ** 2).to(weights.dtype)
        return weights @ memory.values, weights, state

    def centres(self, queries: Tensor, mask: Tensor) -> Tensor:
        """p (B,T) of each query, in tokens from the first one of its sentence."""
        lengths = mask.sum(1, keepdim=True, dtype=torch.float32)
        return lengths * torch.sigmoid(self.position(queries).tanh() @ self.centre)


class Coverage(Additive):
    """score_s = vᵀ tanh(W q + U k_s + w c_s + b), where c_s is the sum of the weights that earlier target
    tokens gave to s (See et al., 2017, eq. 10 and 11; Tu et al., 2016, without their fertilities).

    state = (c,), (B*K,S). The weights of a step enter the scores of the next, so steps go one by one.
    """

    def __init__(self, query_size: int, memory_size: int, attention_size: int) -> None:
        super().__init__(query_size, memory_size, attention_size)
        self.covered = nn.Parameter(torch.empty(attention_size))
        nn.init.normal_(self.covered, std=attention_size**-0.5)

    def start(self, memory: Memory) -> AttentionState:
        return (memory.values.new_zeros(memory.mask.shape),)

    def attend(
        self, queries: Tensor, memory: Memory, state: AttentionState
    ) -> tuple[Tensor, Tensor, AttentionState]:
        (covered,) = state
        sentences, length = memory.mask.shape
        covered = covered.view(sentences, -1, length)  # (B, K, S)
        keys, mask = memory.keys.unsqueeze(1), memory.mask.unsqueeze(1)
        rows = []
        for query in self.query(queries).unflatten(1, (covered.shape[1], -1)).unbind(2):  # (B, K, A) each
            hidden = query.unsqueeze(2) + keys + covered.unsqueeze(-1) * self.covered  # (B, K, S, A)
            rows.append(normalise(hidden.tanh_() @ self.energy, mask))
            covered = covered + rows[-1]
        weights = torch.stack(rows, 2).flatten(1, 2)  # (B, K*T, S)
        return weights @ memory.values, weights, (covered.flatten(0, 1),)


ATTENTIONS: dict[str, Callable[..., Attention]] = {
    "none": NoAttention,
    "dot": Dot,
    "scaled_dot": ScaledDot,
    "general": General,
    "additive": Additive,
    "normalised_additive": NormalisedAdditive,
    "multi_head": MultiHead,
    "local": Local,
    "coverage": Coverage,
}


def build_attention(
    kind: str, *, query_size: int, memory_size: int, attention_size: int, heads: int = 4, window: int = 10
) -> Attention:
    """Attention of the named kind for queries H, memory M and keys A wide. `heads` are those of `multi_head`;
    `window` is D of `local`, in tokens on each side."""
    if kind not in ATTENTIONS:
        raise UsageError(f"model.attention is {kind!r}, expected one of {', '.join(ATTENTIONS)}")
    extra = {"multi_head": {"heads": heads}, "local": {"window": window}}.get(kind, {})
    return ATTENTIONS[kind](query_size, memory_size, attention_size, **extra)
