"""The writing half of the network: a recurrent language model of the target that reads the source by
attention.

`DecoupledDecoder` is the default: no recurrence runs through attention, so that in training all T steps of
each layer are one call. `InputFeedingDecoder`, `BahdanauDecoder` and `ConditionalDecoder` are those of the
papers, in which what was attended to changes the next state: they walk the target step by step.

Letters: N hypotheses, grouped by sentence (N = B × K, K = 1 in training), T steps, S source positions,
E embedding, H hidden, C context (M, or 0 without attention), R readout, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seq2seq.nn.attention import Attention, AttentionState, Encoded, Memory
from seq2seq.nn.dropout import Dropout
from seq2seq.nn.embedding import Embedding
from seq2seq.nn.recurrence import Masks, Recurrent, State


@dataclass(frozen=True)
class DecoderState:
    """Everything that one step hands to the next: a cell state per layer, each of (1,N,H) tensors, the
    previous attentional vector (N,R) for decoders that feed it back, and what attention accumulates."""

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
    """hidden (N,T,R), the vector under the output layer; context (N,T,C); attention weights (N,T,S), None
    without attention; copy_gate (N,T,1), the logit of generating a token rather than copying one."""

    hidden: Tensor
    context: Tensor
    weights: Tensor | None
    copy_gate: Tensor | None = None


class Bridge(nn.Module):
    """The decoder's first state from the encoder, for each layer and state tensor.

    zero: zeros · last: the state of the encoder layer beside it (Sutskever et al., 2014) · else tanh(W x),
    where x is the `mean` of the encoder's outputs (Nematus: Sennrich et al., 2017), `projected`: its top
    layer's last state, or `backward`: the last state of the direction that ends on the first token (Bahdanau
    et al., 2015).
    """

    def __init__(self, kind: str, *, memory_size: int, hidden_size: int, layers: int, states: int) -> None:
        super().__init__()
        self.kind, self.layers, self.states, self.hidden_size = kind, layers, states, hidden_size
        width = memory_size // 2 if kind == "backward" else memory_size
        given = kind not in ("zero", "last")
        self.project = nn.Linear(width, layers * states * hidden_size) if given else None

    def forward(self, encoded: Encoded) -> tuple[State, ...]:
        if self.kind == "last":
            return encoded.states
        rows = len(encoded.outputs)
        if self.project is None:
            flat = encoded.outputs.new_zeros(rows, self.layers * self.states * self.hidden_size)
        else:
            flat = torch.tanh(self.project(self._summary(encoded)))
        parts = flat.view(rows, self.layers, self.states, 1, self.hidden_size).permute(1, 2, 3, 0, 4)
        return tuple(tuple(part.contiguous() for part in layer) for layer in parts)  # each (1, B, H)

    def _summary(self, encoded: Encoded) -> Tensor:
        """(B, M), or (B, M / 2) for `backward`."""
        if self.kind == "mean":
            mask = encoded.mask.unsqueeze(-1)
            return (encoded.outputs * mask).sum(1) / mask.sum(1)
        top = encoded.states[-1][0][0]
        return top if self.kind == "projected" else top.chunk(2, -1)[1]


Drawn = dict[nn.Module, Masks | None]
"""Variational dropout's masks of each layer, for one pass over a target."""


def step(layer: nn.Module, inputs: Tensor, state: State, masks: Drawn | None) -> tuple[Tensor, State]:
    """`layer` over `inputs` (N,T,I). Who walks a target step by step hands the same `masks` to every step:
    they are drawn at the first."""
    if masks is None:
        return layer(inputs, state)
    if layer not in masks:
        masks[layer] = layer.draw(inputs)  # type: ignore[operator]
    return layer(inputs, state, masks=masks[layer])


@dataclass(frozen=True)
class DecoderSizes:
    """Widths: embedding E, hidden H, context C, readout R, memory M, vocabulary V; and number of layers."""

    embedding: int
    hidden: int
    context: int
    readout: int
    memory: int
    vocabulary: int
    layers: int


class Decoder(nn.Module):
    """What all decoders share: the parts at both ends. A kind says how wide its layers' inputs are
    (`layer_inputs`) and what its readout reads (`readout_input`), and adds `forward`."""

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
            states=layers[0].states,
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
        """Width of the input of each layer. Here: the embedding, then the layer below with the context."""
        return [sizes.embedding] + [sizes.hidden + sizes.context] * (sizes.layers - 1)

    @staticmethod
    def readout_input(sizes: DecoderSizes) -> int:
        """Width of what the readout reads. Here: state, context and embedding."""
        return sizes.hidden + sizes.context + sizes.embedding

    def start(self, encoded: Encoded, memory: Memory) -> DecoderState:
        """The state before the first target token."""
        return DecoderState(cells=self.bridge(encoded), attention=self.attention.start(memory))

    def forward(
        self, tokens: Tensor, state: DecoderState, memory: Memory
    ) -> tuple[DecoderOutput, DecoderState]:
        """Read `tokens` (N,T), each the one before the token to predict. T at once equals T calls of one."""
        raise NotImplementedError

    def attend(
        self, queries: Tensor, state: AttentionState, memory: Memory
    ) -> tuple[Tensor, Tensor | None, AttentionState]:
        """Context (N,T,C) and weights (N,T,S) for `queries` (N,T,H): the K hypotheses of a sentence are K
        more queries to its memory, which is never copied."""
        rows, steps, _ = queries.shape
        grouped = queries.reshape(len(memory.values), -1, queries.shape[-1])
        context, weights, state = self.attention.attend(grouped, memory, state)
        context = context.reshape(rows, steps, context.shape[-1])
        return context, None if weights is None else weights.reshape(rows, steps, -1), state

    def climb(
        self, hidden: Tensor, context: Tensor, states: tuple[State, ...], masks: Drawn | None = None
    ) -> tuple[Tensor, tuple[State, ...]]:
        """The layers above the first, each reading the one below and the context: hidden (N,T,H) of the top,
        and their states."""
        cells: list[State] = []
        for layer, state in zip(self.layers[1:], states, strict=True):
            above, after = step(layer, torch.cat([hidden, context], -1), state, masks)
            cells.append(after)
            above = self.dropout(above)
            hidden = hidden + above if self.residual else above
        return hidden, tuple(cells)

    def read_out(self, hidden: Tensor, *rest: Tensor) -> Tensor:
        """The vector under the output layer (N,T,R): the deep output (Pascanu et al., 2014) of all that is
        given, with tanh or maxout (Goodfellow et al., 2013); without a readout the top layer's `hidden`,
        of which units are dropped already."""
        if self.readout is None:
            return hidden
        product = self.readout(torch.cat([hidden, *rest], -1))
        if self.readout_units == 1:
            return self.dropout(torch.tanh(product))
        return self.dropout(product.unflatten(-1, (-1, 2)).amax(-1))

    def gate(self, hidden: Tensor, context: Tensor, embedded: Tensor) -> Tensor | None:
        """w · [c; s; y] + b, of which σ is the share of generated tokens (See et al., 2017, eq. 8)."""
        return None if self.copy is None else self.copy(torch.cat([hidden, context, embedded], -1))

    def logits(self, output: DecoderOutput, memory: Memory, real: Tensor | None = None) -> Tensor:
        """Unnormalised scores (N,T,V) of the next token, or (R,V) for the R positions where `real` (N,T) is
        true.

        A call of its own, because this is the widest product of all: training scores real tokens alone.
        With copying these are the log probabilities of the mixture.
        """
        scores = self.output(output.hidden if real is None else output.hidden[real])
        return scores if self.copy is None else self._mixed(scores, output, memory, real)

    def _mixed(self, scores: Tensor, output: DecoderOutput, memory: Memory, real: Tensor | None) -> Tensor:
        """log p(w) = log(g softmax(scores)_w + (1 − g) Σ_{i: x_i = w} a_i) (See et al., 2017, eq. 9)."""
        assert output.weights is not None and output.copy_gate is not None and memory.tokens is not None
        gate, weights = output.copy_gate, output.weights
        rows = len(weights) // len(memory.tokens)
        tokens = memory.tokens.repeat_interleave(rows, 0).unsqueeze(1).expand(weights.shape)
        if real is not None:
            gate, weights, tokens = gate[real], weights[real], tokens[real]
        scores, gate = scores.to(torch.promote_types(scores.dtype, torch.float32)), gate.to(scores.dtype)
        copied = torch.zeros_like(scores).scatter_add(-1, tokens, weights.to(scores.dtype))
        copied = copied.clamp_min(torch.finfo(scores.dtype).tiny).log()  # nothing to copy: nothing to add
        return torch.logaddexp(scores.log_softmax(-1) + F.logsigmoid(gate), copied + F.logsigmoid(-gate))


class DecoupledDecoder(Decoder):
    """Attention outside the recurrence; order of the layers as in GNMT v2.

    s¹_1..T  = RNN¹(y_0..T-1)                       first layer, over the whole target
    c_t      = attend(s¹_t, memory)                 attention, for all steps at once
    sˡ_1..T  = RNNˡ([sˡ⁻¹_t ; c_t])                 layers above read the context
    o_t      = tanh(W [sᴸ_t ; c_t ; y_{t-1}])       deep output
    p(y_t)   = softmax(E o_t + b)                   E: the target embeddings when tied
    """

    def forward(
        self, tokens: Tensor, state: DecoderState, memory: Memory
    ) -> tuple[DecoderOutput, DecoderState]:
        embedded = self.embedding(tokens)
        hidden, first = self.layers[0](embedded, state.cells[0])
        hidden = self.dropout(hidden)
        context, weights, attended = self.attend(hidden, state.attention, memory)
        hidden, above = self.climb(hidden, context, state.cells[1:])
        vector = self.read_out(hidden, context, embedded)
        gate = self.gate(hidden, context, embedded)
        return DecoderOutput(vector, context, weights, gate), DecoderState((first, *above), None, attended)


@dataclass(frozen=True)
class Step:
    """One step of a stepwise decoder: what its readout reads of the recurrence (N,1,H), context (N,1,C),
    weights (N,1,S), and the state after it."""

    hidden: Tensor
    context: Tensor
    weights: Tensor | None
    state: DecoderState


class StepwiseDecoder(Decoder):
    """Walks the target token by token, because attention takes part in the recurrence. Embeddings, keys and,
    where nothing feeds it back, the readout are computed for all steps at once. The first layer's product
    with the embeddings is not: 80 rows keep a CPU as busy as 1,600 do (77 and 72 GFLOP/s). Kinds add
    `step`."""

    def step(self, embedded: Tensor, state: DecoderState, memory: Memory, masks: Drawn) -> Step:
        """Go on by one token, embedded (N,1,E)."""
        raise NotImplementedError

    def forward(
        self, tokens: Tensor, state: DecoderState, memory: Memory
    ) -> tuple[DecoderOutput, DecoderState]:
        embedded, steps, fed, masks = self.embedding(tokens), list[Step](), list[Tensor](), Drawn()
        for vector in embedded.split(1, 1):
            steps.append(self.step(vector, state, memory, masks))
            state = steps[-1].state
            if state.attentional is not None:
                fed.append(state.attentional.unsqueeze(1))
        hidden = torch.cat([step.hidden for step in steps], 1)
        context = torch.cat([step.context for step in steps], 1)
        weights = [step.weights for step in steps if step.weights is not None]
        if fed:
            vector = torch.cat(fed, 1)
        else:
            vector = self.read_out(hidden, context, embedded)
        gate = self.gate(hidden, context, embedded)
        return DecoderOutput(vector, context, torch.cat(weights, 1) if weights else None, gate), state


class InputFeedingDecoder(StepwiseDecoder):
    """Attention on top, its result fed to the bottom (Luong et al., 2015, eq. 5 and section 3.3):

    s_t = RNNs([y_{t-1} ; h̃_{t-1}])        all layers
    c_t = attend(s_t, memory)
    h̃_t = tanh(W [s_t ; c_t])              h̃_0 = 0
    p(y_t) = softmax(W_s h̃_t)
    """

    @staticmethod
    def layer_inputs(sizes: DecoderSizes) -> list[int]:
        return [sizes.embedding + sizes.readout] + [sizes.hidden] * (sizes.layers - 1)

    @staticmethod
    def readout_input(sizes: DecoderSizes) -> int:
        return sizes.hidden + sizes.context

    def start(self, encoded: Encoded, memory: Memory) -> DecoderState:
        empty = encoded.outputs.new_zeros(len(encoded.outputs), self.readout_size)
        return DecoderState(self.bridge(encoded), empty, self.attention.start(memory))

    def step(self, embedded: Tensor, state: DecoderState, memory: Memory, masks: Drawn) -> Step:
        assert state.attentional is not None
        fed = torch.cat([embedded, state.attentional.unsqueeze(1)], -1)
        hidden, first = step(self.layers[0], fed, state.cells[0], masks)
        hidden, above = self.climb(self.dropout(hidden), hidden[..., :0], state.cells[1:], masks)
        context, weights, attended = self.attend(hidden, state.attention, memory)
        vector = self.read_out(hidden, context)
        after = DecoderState((first, *above), vector.squeeze(1), attended)
        return Step(hidden, context, weights, after)


class BahdanauDecoder(StepwiseDecoder):
    """Attention before the state is updated (Bahdanau et al., 2015, appendix A.2.2):

    c_t = attend(s_{t-1}, memory)          s: the top layer's output, nothing added to it
    s_t = RNNs([y_{t-1} ; c_t])            all layers
    o_t = readout [s_{t-1} ; c_t ; y_{t-1}]
    p(y_t) = softmax(W_o o_t)
    """

    @staticmethod
    def layer_inputs(sizes: DecoderSizes) -> list[int]:
        return [sizes.embedding + sizes.context] + [sizes.hidden] * (sizes.layers - 1)

    def step(self, embedded: Tensor, state: DecoderState, memory: Memory, masks: Drawn) -> Step:
        past = self.layers[-1].emit(state.cells[-1][0].transpose(0, 1))  # type: ignore[operator]  # (N, 1, H)
        context, weights, attended = self.attend(past, state.attention, memory)
        hidden, first = step(self.layers[0], torch.cat([embedded, context], -1), state.cells[0], masks)
        _, above = self.climb(self.dropout(hidden), hidden[..., :0], state.cells[1:], masks)
        return Step(self.dropout(past), context, weights, DecoderState((first, *above), None, attended))


class ConditionalDecoder(StepwiseDecoder):
    """Two transitions a step with attention between them (cGRU of Nematus: Sennrich et al., 2017, section
    3.2), and layers above that read the context (BiDeep: Miceli Barone et al., 2017):

        s'_t = RNN(y_{t-1}, s_{t-1})
        c_t  = attend(s'_t, memory)
        s_t  = RNN'(c_t, s'_t)
        o_t  = readout [s_t ; c_t ; y_{t-1}]
    """

    def __init__(self, sizes: DecoderSizes, *, build: Callable[[int, int], Recurrent], **parts: Any) -> None:
        super().__init__(sizes, build=build, **parts)
        self.second = build(sizes.context, sizes.hidden)

    def step(self, embedded: Tensor, state: DecoderState, memory: Memory, masks: Drawn) -> Step:
        between, passing = step(self.layers[0], embedded, state.cells[0], masks)
        context, weights, attended = self.attend(between, state.attention, memory)
        hidden, first = step(self.second, context, passing, masks)
        hidden, above = self.climb(self.dropout(hidden), context, state.cells[1:], masks)
        return Step(hidden, context, weights, DecoderState((first, *above), None, attended))


DECODERS: dict[str, type[Decoder]] = {
    "decoupled": DecoupledDecoder,
    "input_feeding": InputFeedingDecoder,
    "bahdanau": BahdanauDecoder,
    "conditional": ConditionalDecoder,
}
