"""Attention: which parts of the source the decoder reads at a target token. All kinds have one interface:

    project(encoded (B,S,M), mask (B,S)) -> Memory                          once per batch
    start(memory) -> state                                                  before the first target token
    attend(queries (B,K*T,H), memory, state) -> context (B,K*T,M), weights (B,K*T,S) or None, state

The K hypotheses of a sentence (1 in training) are K times T queries to its one memory, in the order (B,K,T)
and flattened. Modules keep nothing between calls. Kinds that accumulate something (`coverage`) keep it in
`state`, with a row for each hypothesis; for the other kinds `state` is `()`. Weights are exactly 0 on
padding, and each row sums to 1 (`local`: to at most 1).

To add a kind, write its class, add it to `ATTENTIONS`, and add its name to `Attention` in
`seq2seq.config.model`.

In the equations q is a query, k the encoder's output at one source position, and capital letters are learned
matrices. `decoder` and `decoders` decide which layers read the context.
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
class Memory:
    """What attention reads.

    `keys` (B,S,A) are compared with the queries; `values` (B,S,M) are averaged (`multi_head`: its own
    projection of them, A wide); `mask` (B,S) is true on real tokens; `tokens` (B,S) are the source's token
    ids, for decoders that copy them.
    """

    keys: Tensor
    values: Tensor
    mask: Tensor
    tokens: Tensor | None = None

    def select(self, rows: Tensor) -> Memory:
        """The memory of the sentences `rows`."""
        tokens = None if self.tokens is None else self.tokens[rows]
        return Memory(self.keys[rows], self.values[rows], self.mask[rows], tokens)


def masked_softmax(scores: Tensor, mask: Tensor) -> Tensor:
    """Softmax over the source positions where `mask` is true; exactly 0 elsewhere."""
    return scores.masked_fill(~mask, -math.inf).softmax(-1)


class Attention(nn.Module):
    """Base class: scores, masked softmax, weighted mean of the values. Most kinds only define `keys` and
    `score`.

    `context_size` is the width of the context.
    """

    def __init__(self, context_size: int) -> None:
        super().__init__()
        self.context_size = context_size

    def keys(self, encoded: Tensor) -> Tensor:
        """What is compared with the queries, from the encoder outputs: (B,S,M) -> (B,S,A)."""
        return encoded

    def score(self, queries: Tensor, keys: Tensor) -> Tensor:
        """Unnormalised scores (B,T,S) of `queries` (B,T,H) against `keys` (B,S,A)."""
        raise NotImplementedError

    def project(self, encoded: Tensor, mask: Tensor) -> Memory:
        """Prepare the encoder outputs (B,S,M) for all following `attend` calls."""
        return Memory(self.keys(encoded), encoded, mask)

    def start(self, memory: Memory) -> AttentionState:
        """The state before the first target token, with a row for each sentence."""
        return ()

    def attend(
        self, queries: Tensor, memory: Memory, state: AttentionState
    ) -> tuple[Tensor, Tensor | None, AttentionState]:
        """Context (B,T,M) and weights (B,T,S) for `queries` (B,T,H), and the state after them."""
        weights = masked_softmax(self.score(queries, memory.keys), memory.mask.unsqueeze(1))
        return weights @ memory.values, weights, state


class NoAttention(Attention):
    """No attention. The context has width 0, and the decoder knows the source only from its first state, a
    vector of fixed size (Sutskever et al., 2014)."""

    def __init__(self, query_size: int, memory_size: int, attention_size: int) -> None:
        super().__init__(0)

    def project(self, encoded: Tensor, mask: Tensor) -> Memory:
        empty = encoded[..., :0]
        return Memory(empty, empty, mask)

    def attend(
        self, queries: Tensor, memory: Memory, state: AttentionState
    ) -> tuple[Tensor, None, AttentionState]:
        return queries[..., :0], None, state


class Dot(Attention):
    """score = qᵀk (Luong et al., 2015, section 3.1). Queries and encoder outputs must have the same width."""

    def __init__(self, query_size: int, memory_size: int, attention_size: int) -> None:
        super().__init__(memory_size)
        if query_size != memory_size:
            raise UsageError(
                f"model.decoder_size is {query_size}, expected {memory_size}, the width of the encoder's "
                "outputs, because model.attention = 'dot' and 'scaled_dot' multiply the two; 'general' "
                "accepts any widths"
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
        # (B, T, 1, A) + (B, 1, S, A) -> (B, T, S, A)
        hidden = self.query(queries).unsqueeze(2) + keys.unsqueeze(1)
        return hidden.tanh_() @ self.energy


class NormalisedAdditive(Additive):
    """score = g vᵀ/‖v‖ tanh(W q + U k + b): weight normalisation (Salimans & Kingma, 2016), as in GNMT v2.

    The length g of v is learned separately from its direction. It starts at ‖v‖, which equals `additive`.
    """

    def __init__(self, query_size: int, memory_size: int, attention_size: int) -> None:
        super().__init__(query_size, memory_size, attention_size)
        self.gain = nn.Parameter(self.energy.detach().norm())

    def score(self, queries: Tensor, keys: Tensor) -> Tensor:
        hidden = self.query(queries).unsqueeze(2) + keys.unsqueeze(1)  # (B, T, S, A)
        return hidden.tanh_() @ (self.gain * functional.normalize(self.energy, dim=0))


class MultiHead(Attention):
    """h heads of width d = A/h, each with its own part of the projections (Vaswani et al., 2017, section
    3.2.2):

        a_i(s)  = softmax((W_Q q)_iᵀ (W_K k_s)_i / √d)
        context = W_O [c_1; ...; c_h],  c_i = Σ_s a_i(s) (W_V k_s)_i

    The weights returned are the mean over the heads.
    """

    def __init__(self, query_size: int, memory_size: int, attention_size: int, *, heads: int) -> None:
        super().__init__(memory_size)
        if heads < 1 or attention_size % heads:
            raise UsageError(
                f"model.attention_size is {attention_size}, expected a multiple of "
                f"model.attention_heads, which is {heads}: all heads have the same width"
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
        weights = masked_softmax(scores, memory.mask[:, None, None])  # (B, h, T, S)
        context = (weights @ self.split(memory.values)).transpose(1, 2).flatten(2)  # (B, T, A)
        return self.output(context), weights.mean(1), state

    def split(self, rows: Tensor) -> Tensor:
        """(B,N,A) -> (B,h,N,d)"""
        return rows.unflatten(-1, (self.heads, -1)).transpose(1, 2)


class Local(General):
    """Predictive alignment (Luong et al., 2015, section 3.2, eq. 9 and 10), for a source of S tokens:

        p    = S σ(vᵀ tanh(W_p q))                              centre of the window
        a(s) = softmax(qᵀWk_s) exp(−(s − p)² / 2σ²), σ = D/2    for s = 0 ... S−1 and |s − p| <= D

    The softmax is over the window. Its product with the Gaussian is not normalised again, so rows sum to at
    most 1.
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
        positions = torch.arange(memory.mask.shape[1], device=queries.device)
        offset = positions - self.centres(queries, memory.mask).unsqueeze(-1)  # (B, T, S)
        window = memory.mask.unsqueeze(1) & (offset.abs() <= self.window)  # never empty: 0 <= p <= S
        weights = masked_softmax(self.score(queries, memory.keys), window)
        weights = weights * torch.exp(-2 * (offset / self.window) ** 2).to(weights.dtype)
        return weights @ memory.values, weights, state

    def centres(self, queries: Tensor, mask: Tensor) -> Tensor:
        """The centre p (B,T) of each query, in tokens from the start of its sentence."""
        lengths = mask.sum(1, keepdim=True, dtype=torch.float32)
        return lengths * torch.sigmoid(self.position(queries).tanh() @ self.centre)


class Coverage(Additive):
    """score_s = vᵀ tanh(W q + U k_s + w c_s + b), where c_s is the sum of the weights on s at all earlier
    target tokens (See et al., 2017, eq. 10 and 11; Tu et al., 2016, without fertilities).

    `state` is `(c,)`, (B*K,S). The weights of one step change the scores of the next, so the steps are
    computed one after the other.
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
            rows.append(masked_softmax(hidden.tanh_() @ self.energy, mask))
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
    """Attention of the given kind (a key of `ATTENTIONS`).

    The sizes are the widths of queries (H), memory (M) and keys (A). `heads` is for `multi_head`; `window`
    is D of `local`, in source tokens on each side. Raises UsageError for an unknown kind, and for sizes that
    the kind cannot use.
    """
    if kind not in ATTENTIONS:
        raise UsageError(f"model.attention is {kind!r}, expected one of {', '.join(ATTENTIONS)}")
    options = {"multi_head": {"heads": heads}, "local": {"window": window}}.get(kind, {})
    return ATTENTIONS[kind](query_size, memory_size, attention_size, **options)
