"""The base class of all decoders: embedding, layers, bridge, readout, output layer and copying.

A decoder is a recurrent language model of the target that reads the source by attention. The kinds of decoder
are in `decoders`.

Letters: N hypotheses, grouped by sentence (N = B × K, K = 1 in training), T steps, S source positions,
E embedding, H hidden, C context (M, or 0 without attention), R readout, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seq2seq.nn.attention import Attention, AttentionState, Memory
from seq2seq.nn.bridge import Bridge
from seq2seq.nn.dropout import Dropout
from seq2seq.nn.embedding import Embedding
from seq2seq.nn.encoder import EncoderOutput
from seq2seq.nn.recurrence import DropoutMasks, Recurrent, State

LayerMasks = dict[nn.Module, DropoutMasks | None]
"""The masks of variational dropout of each layer, for one pass over a target."""


@dataclass(frozen=True)
class DecoderState:
    """What one step passes to the next.

    `cells` has the state of each layer, tuples of (1,N,H) tensors. `attentional` (N,R) is the last
    attentional vector, for decoders that feed it back. `attention` is what attention accumulates.
    """

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
    """What a decoder returns for T steps.

    `hidden` (N,T,R) is the input of the output layer; `context` (N,T,C); `weights` (N,T,S) are those of
    attention, None without attention; `copy_gate` (N,T,1) is the logit of the probability of generating a
    token instead of copying one, None without copying.
    """

    hidden: Tensor
    context: Tensor
    weights: Tensor | None
    copy_gate: Tensor | None = None


@dataclass(frozen=True)
class DecoderSizes:
    """Widths of the parts: embedding E, hidden H, context C, readout R, memory M; vocabulary V; number of
    layers."""

    embedding: int
    hidden: int
    context: int
    readout: int
    memory: int
    vocabulary: int
    layers: int


def run_layer(
    layer: nn.Module, inputs: Tensor, state: State, masks: LayerMasks | None
) -> tuple[Tensor, State]:
    """Run `layer` over `inputs` (N,T,I): outputs (N,T,H) and the state after them.

    Callers that step through the target must pass the same `masks` every time. The masks of a layer are drawn
    at its first step.
    """
    if masks is None:
        return layer(inputs, state)
    if layer not in masks:
        masks[layer] = layer.draw_masks(inputs)  # type: ignore[operator]
    return layer(inputs, state, masks=masks[layer])


class Decoder(nn.Module):
    """Base class. A subclass says how wide the inputs of its layers are (`layer_inputs`) and what its readout
    reads (`readout_input`), and defines `forward`."""

    def __init__(
        self,
        sizes: DecoderSizes,
        *,
        embedding: Embedding,
        build: Callable[[int, int], Recurrent],
        attention: Attention,
        bridge: str,
        readout: str = "tanh",
        tie_output: bool = True,
        copying: bool = False,
        residual: bool = True,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.embedding, self.attention, self.residual = embedding, attention, residual
        layers = [build(size, sizes.hidden) for size in self.layer_inputs(sizes)]
        self.layers = nn.ModuleList(layers)
        self.bridge = Bridge(
            bridge,
            memory_size=sizes.memory,
            hidden_size=sizes.hidden,
            layers=sizes.layers,
            state_tensors=layers[0].state_tensors,
        )
        self.readout: nn.Linear | None = None
        self.readout_units = {"tanh": 1, "maxout": 2, "none": 0}[readout]
        if self.readout_units:
            self.readout = nn.Linear(self.readout_input(sizes), sizes.readout * self.readout_units)
            nn.init.xavier_uniform_(self.readout.weight)
        self.output = nn.Linear(sizes.readout, sizes.vocabulary)
        nn.init.normal_(self.output.weight, std=sizes.readout**-0.5)
        nn.init.zeros_(self.output.bias)
        if tie_output:
            self.output.weight = embedding.table.weight
        self.copy = nn.Linear(sizes.hidden + sizes.context + sizes.embedding, 1) if copying else None
        self.dropout = Dropout(dropout)
        self.readout_size = sizes.readout

    @staticmethod
    def layer_inputs(sizes: DecoderSizes) -> list[int]:
        """Width of the input of each layer. Default: the embedding, then the layer below and the context."""
        return [sizes.embedding] + [sizes.hidden + sizes.context] * (sizes.layers - 1)

    @staticmethod
    def readout_input(sizes: DecoderSizes) -> int:
        """Width of the readout's input. Default: top layer, context and embedding."""
        return sizes.hidden + sizes.context + sizes.embedding

    def start(self, encoded: EncoderOutput, memory: Memory) -> DecoderState:
        """The state before the first target token."""
        return DecoderState(cells=self.bridge(encoded), attention=self.attention.start(memory))

    def forward(
        self, tokens: Tensor, state: DecoderState, memory: Memory
    ) -> tuple[DecoderOutput, DecoderState]:
        """Read `tokens` (N,T), each the one before the token to predict. One call with T tokens equals T
        calls with one token."""
        raise NotImplementedError

    def attend(
        self, queries: Tensor, state: AttentionState, memory: Memory
    ) -> tuple[Tensor, Tensor | None, AttentionState]:
        """Context (N,T,C) and weights (N,T,S) for `queries` (N,T,H), and the state after them.

        The K hypotheses of a sentence are K times as many queries to its memory, which is not copied.
        """
        rows, steps, _ = queries.shape
        grouped = queries.reshape(len(memory.values), -1, queries.shape[-1])
        context, weights, state = self.attention.attend(grouped, memory, state)
        context = context.reshape(rows, steps, context.shape[-1])
        return context, None if weights is None else weights.reshape(rows, steps, -1), state

    def upper_layers(
        self, hidden: Tensor, context: Tensor, states: tuple[State, ...], masks: LayerMasks | None = None
    ) -> tuple[Tensor, tuple[State, ...]]:
        """Run the layers above the first. Each reads the layer below and the context.

        Returns the output of the top layer (N,T,H), and the states of these layers.
        """
        cells: list[State] = []
        for layer, state in zip(self.layers[1:], states, strict=True):
            above, new_state = run_layer(layer, torch.cat([hidden, context], -1), state, masks)
            cells.append(new_state)
            above = self.dropout(above)
            hidden = hidden + above if self.residual else above
        return hidden, tuple(cells)

    def apply_readout(self, hidden: Tensor, *others: Tensor) -> Tensor:
        """The input of the output layer (N,T,R): a deep output (Pascanu et al., 2014) of all arguments, with
        tanh or maxout (Goodfellow et al., 2013).

        Without a readout this is `hidden`, the output of the top layer, which dropout was applied to already.
        """
        if self.readout is None:
            return hidden
        product = self.readout(torch.cat([hidden, *others], -1))
        if self.readout_units == 1:
            return self.dropout(torch.tanh(product))
        return self.dropout(product.unflatten(-1, (-1, 2)).amax(-1))

    def copy_gate(self, hidden: Tensor, context: Tensor, embedded: Tensor) -> Tensor | None:
        """w · [c; s; y] + b (N,T,1), the logit of the probability of generating a token (See et al., 2017,
        eq. 8). None without copying."""
        return None if self.copy is None else self.copy(torch.cat([hidden, context, embedded], -1))

    def logits(self, output: DecoderOutput, memory: Memory, real: Tensor | None = None) -> Tensor:
        """Unnormalised scores (N,T,V) of the next token. With `real` (N,T), only those of the positions where
        it is true: (number of true positions, V).

        This is not part of `forward`, because it is the largest matrix product: training only needs the real
        tokens. With copying, the scores are log probabilities of the mixture.
        """
        scores = self.output(output.hidden if real is None else output.hidden[real])
        return scores if self.copy is None else self._copy_mixture(scores, output, memory, real)

    def _copy_mixture(
        self, scores: Tensor, output: DecoderOutput, memory: Memory, real: Tensor | None
    ) -> Tensor:
        """log p(w) = log(g softmax(scores)_w + (1 − g) Σ_{i: x_i = w} a_i) (See et al., 2017, eq. 9)."""
        assert output.weights is not None and output.copy_gate is not None and memory.tokens is not None
        gate, weights = output.copy_gate, output.weights
        hypotheses = len(weights) // len(memory.tokens)
        tokens = memory.tokens.repeat_interleave(hypotheses, 0).unsqueeze(1).expand(weights.shape)
        if real is not None:
            gate, weights, tokens = gate[real], weights[real], tokens[real]
        scores, gate = scores.to(torch.promote_types(scores.dtype, torch.float32)), gate.to(scores.dtype)
        copied = torch.zeros_like(scores).scatter_add(-1, tokens, weights.to(scores.dtype))
        copied = copied.clamp_min(torch.finfo(scores.dtype).tiny).log()  # avoids log 0
        return torch.logaddexp(scores.log_softmax(-1) + F.logsigmoid(gate), copied + F.logsigmoid(-gate))
