"""The writing half of the network: a recurrent language model of the target that reads the source by
attention.

The decoder is *decoupled*: no recurrence runs through attention. The first layer sees only target tokens, so
in training all T steps of each layer are one call:

    s¹_1..T  = RNN¹(y_0..T-1)                       first layer, over the whole target
    c_t      = attend(s¹_t, memory)                 attention, for all steps at once
    sˡ_1..T  = RNNˡ([sˡ⁻¹_t ; c_t])                 layers above read the context (order of GNMT v2)
    o_t      = tanh(W [sᴸ_t ; c_t ; y_{t-1}])       deep output (Pascanu et al., 2014)
    p(y_t)   = softmax(E o_t + b)                   E: the target embeddings when tied
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from seq2seq.attention import Attention, AttentionState, Encoded, Memory
from seq2seq.cells import State, build_cell
from seq2seq.embedding import Embedding


@dataclass(frozen=True)
class DecoderState:
    """Everything that one step hands to the next: a cell state per layer, each of (1,B,H) tensors, the
    previous attentional vector (B,H) for decoders that feed it back, and what attention accumulates."""

    cells: tuple[State, ...]
    attentional: Tensor | None = None
    attention: AttentionState = ()

    def select(self, rows: Tensor) -> DecoderState:
        """The state of the hypotheses `rows` (N,)."""
        return DecoderState(
            cells=tuple(tuple(part[:, rows] for part in state) for state in self.cells),
            attentional=None if self.attentional is None else self.attentional[rows],
            attention=tuple(part[rows] for part in self.attention),
        )


@dataclass(frozen=True)
class DecoderOutput:
    """hidden (B,T,E), the vector under the output layer; context (B,T,M); attention weights (B,T,S)."""

    hidden: Tensor
    context: Tensor
    weights: Tensor


class Bridge(nn.Module):
    """The decoder's first state from the encoder: per layer and state tensor, tanh(W x).

    x is the `mean` of the encoder's outputs (Nematus: Sennrich et al., 2017), or the `last` state of both
    directions; `zero` starts from zeros.
    """

    def __init__(self, kind: str, *, memory_size: int, hidden_size: int, layers: int, states: int) -> None:
        super().__init__()
        self.kind, self.layers, self.states, self.hidden_size = kind, layers, states, hidden_size
        self.project = nn.Linear(memory_size, layers * states * hidden_size) if kind != "zero" else None

    def forward(self, encoded: Encoded) -> tuple[State, ...]:
        rows = len(encoded.outputs)
        if self.project is None:
            flat = encoded.outputs.new_zeros(rows, self.layers * self.states * self.hidden_size)
        elif self.kind == "mean":
            mask = encoded.mask.unsqueeze(-1)
            flat = torch.tanh(self.project((encoded.outputs * mask).sum(1) / mask.sum(1)))
        else:
            flat = torch.tanh(self.project(encoded.state[0][0]))
        parts = flat.view(rows, self.layers, self.states, 1, self.hidden_size).permute(1, 2, 3, 0, 4)
        return tuple(tuple(part.contiguous() for part in layer) for layer in parts)  # each (1, B, H)


class DecoupledDecoder(nn.Module):
    """See the module's equations. Rows N are hypotheses, grouped by sentence: N = B × K, K = 1 in
    training."""

    def __init__(
        self,
        *,
        embedding: Embedding,
        cell: str,
        layers: int,
        hidden_size: int,
        memory_size: int,
        attention: Attention,
        bridge: str,
        tie_output: bool,
        dropout: float,
    ) -> None:
        super().__init__()
        vocab_size, embedding_size = embedding.table.weight.shape
        self.embedding = embedding
        self.attention = attention
        sizes = [embedding_size] + [hidden_size + memory_size] * (layers - 1)
        self.layers = nn.ModuleList(build_cell(cell, size, hidden_size) for size in sizes)
        self.bridge = Bridge(
            bridge,
            memory_size=memory_size,
            hidden_size=hidden_size,
            layers=layers,
            states=self.layers[0].states,  # type: ignore[arg-type]
        )
        self.readout = nn.Linear(hidden_size + memory_size + embedding_size, embedding_size)
        nn.init.xavier_uniform_(self.readout.weight)
        self.output = nn.Linear(embedding_size, vocab_size)
        nn.init.normal_(self.output.weight, std=embedding_size**-0.5)
        nn.init.zeros_(self.output.bias)
        if tie_output:
            self.output.weight = embedding.table.weight
        self.dropout = nn.Dropout(dropout)

    def start(self, encoded: Encoded) -> DecoderState:
        """The state before the first target token."""
        return DecoderState(cells=self.bridge(encoded))

    def forward(
        self, tokens: Tensor, state: DecoderState, memory: Memory
    ) -> tuple[DecoderOutput, DecoderState]:
        """Read `tokens` (N,T), each the one before the token to predict. T at once equals T calls of one."""
        rows, steps = tokens.shape
        embedded = self.embedding(tokens)
        hidden, first = self.layers[0](embedded, state.cells[0])
        hidden = self.dropout(hidden)
        # K hypotheses of a sentence are K more queries to its memory, which is never copied
        queries = hidden.reshape(len(memory.values), -1, hidden.shape[-1])
        context, weights, attended = self.attention.attend(queries, memory, state.attention)
        context, weights = context.reshape(rows, steps, -1), weights.reshape(rows, steps, -1)
        cells: list[State] = [first]
        for layer, layer_state in zip(self.layers[1:], state.cells[1:], strict=True):
            above, new_state = layer(torch.cat([hidden, context], -1), layer_state)
            cells.append(new_state)
            hidden = hidden + self.dropout(above)
        readout = torch.tanh(self.readout(torch.cat([hidden, context, embedded], -1)))
        return (
            DecoderOutput(self.dropout(readout), context, weights),
            DecoderState(tuple(cells), None, attended),
        )

    def logits(self, output: DecoderOutput, memory: Memory, real: Tensor | None = None) -> Tensor:
        """Unnormalised scores (N,T,V) of the next token, or (R,V) for the R positions where `real` (N,T) is
        true.

        A call of its own, because this is the widest product of all: training scores real tokens alone.
        """
        hidden = output.hidden if real is None else output.hidden[real]
        return self.output(hidden)
