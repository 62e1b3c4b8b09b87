"""A step of the decoder as ONNX graphs.

The decoder without its output layer:

    tokens (B,K) int64, mask (B,1,S), keys (B,S,A), values (B,S,M), state_0 (B,K,H), state_1 ...
        -> hidden (B,K,R), weights (B,K,S), new_state_0 (B,K,H), new_state_1 ...

and a whole step, with `logits` (B,K,V) and `log_normaliser` (B,K) instead of `hidden`. The equations are in
`nn.decoders.DecoupledDecoder`, the output layer in `output`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

from onnx import TensorProto

from seq2seq.engines import cells
from seq2seq.engines.attention import context
from seq2seq.engines.graph import FLOAT, INT64, Graph, NumberType, Value, tensor, to_bytes
from seq2seq.engines.output import HIDDEN, all_pieces, score_tensors
from seq2seq.nn.decoder import Decoder
from seq2seq.nn.model import Seq2Seq


def step_model(model: Seq2Seq, number_type: NumberType, *, context_bound: float | None) -> bytes:
    """A whole step of the decoder of `model`, as an ONNX model.

    `context_bound` is the bound of the encoder's outputs.
    """
    graph, step = Graph(number_type), _Step(model)
    hidden = step.build(graph, context_bound)
    all_pieces(graph, model.decoder, hidden)
    scores = score_tensors(model.config.target_vocab_size)
    return to_bytes(graph.finish("step", step.inputs, [*scores, *step.outputs]))


def decoder_model(
    model: Seq2Seq, number_type: NumberType, *, context_bound: float | None
) -> tuple[bytes, Value]:
    """A step without the output layer, as an ONNX model, and a description of its output `hidden`, which is
    in whole numbers if the output layer is."""
    graph, step = Graph(number_type), _Step(model)
    hidden = step.build(graph, context_bound)
    is_whole = number_type == "int8" and hidden.bound is not None
    graph.output(graph.whole(hidden) if is_whole else graph.real(hidden), HIDDEN)
    described = tensor(HIDDEN, TensorProto.UINT8 if is_whole else FLOAT, "B", "K", hidden.width)
    data = to_bytes(graph.finish("decoder", step.inputs, [described, *step.outputs]))
    return data, replace(hidden, name="" if is_whole else HIDDEN, whole=HIDDEN if is_whole else "")


class _Step:
    """What both graphs have: `build` adds it to one of them."""

    def __init__(self, model: Seq2Seq) -> None:
        self.decoder, config = model.decoder, model.config
        self.states = _states(model.decoder)
        self.names = [value.name for state in self.states for value in state]
        self.inputs = [
            tensor("tokens", INT64, "B", "K"),
            tensor("mask", FLOAT, "B", 1, "S"),
            tensor("keys", FLOAT, "B", "S", "A"),
            tensor("values", FLOAT, "B", "S", config.memory_size),
            *(tensor(name, FLOAT, "B", "K", config.decoder_size) for name in self.names),
        ]
        self.outputs = [
            tensor("weights", FLOAT, "B", "K", "S"),
            *(tensor(f"new_{name}", FLOAT, "B", "K", config.decoder_size) for name in self.names),
        ]

    def build(self, graph: Graph, context_bound: float | None) -> Value:
        """Add the step up to the input of the output layer (B,K,R), which is returned."""
        table = self.decoder.embedding.table
        embedded = graph.rows("tokens", table.weight, table.embedding_dim**0.5)
        hidden, weights, after = _layers(graph, self.decoder, embedded, self.states, context_bound)
        graph.output(weights, "weights")
        for value, name in zip((value for state in after for value in state), self.names, strict=True):
            graph.output(value.name, f"new_{name}")
        return hidden


def _states(decoder: Decoder) -> list[tuple[Value, ...]]:
    """The state of each layer, as inputs of the graph."""
    states, number = [], 0
    for layer in cast(Any, decoder.layers):
        bounds = cells.state_bounds(layer)
        states.append(
            tuple(
                Value(f"state_{number + index}", layer.hidden_size, bound)
                for index, bound in enumerate(bounds)
            )
        )
        number += len(bounds)
    return states


def _layers(
    graph: Graph,
    decoder: Decoder,
    embedded: Value,
    states: Sequence[tuple[Value, ...]],
    context_bound: float | None,
) -> tuple[Value, str, list[tuple[Value, ...]]]:
    """The input of the output layer (B,K,R), the weights of attention and the new states."""
    first, *upper = cast(Any, decoder.layers)
    after = [cells.advance(graph, first, [embedded], states[0])]
    hidden = after[0][0]
    read, weights = context(graph, decoder.attention, hidden)
    read = Value(read.name, read.width, context_bound)
    for layer, state in zip(upper, states[1:], strict=True):
        after.append(cells.advance(graph, layer, [hidden, read], state))
        hidden = graph.sum(hidden, after[-1][0]) if decoder.residual else after[-1][0]
    return _readout(graph, decoder, [hidden, read, embedded]), weights, after


def _readout(graph: Graph, decoder: Decoder, parts: Sequence[Value]) -> Value:
    """The deep output of `nn.decoder.Decoder.apply_readout`."""
    if decoder.readout is None:
        return parts[0]
    product = graph.linear(parts, decoder.readout.weight, decoder.readout.bias)
    if decoder.readout_units == 1:
        return Value(graph.node("Tanh", product.name), product.width, 1.0)
    width = product.width // 2
    pairs = graph.reshape(product.name, 0, 0, width, 2)
    return Value(graph.node("ReduceMax", pairs, graph.constant([3]), keepdims=0), width)
