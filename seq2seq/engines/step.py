"""A step of the decoder as an ONNX graph:

    tokens (B,K) int64, lengths (B,) int64, keys (B,S,A), values (B,S,M), state_0 (B·K,H), state_1 ...
        -> logits (B,K,V), log_normaliser (B,K), weights (B,K,S), new_state_0 (B·K,H), new_state_1 ...

The equations are in `nn.decoders.DecoupledDecoder`. The logits are log probabilities already, and their
normaliser is 0: ONNX Runtime computes `LogSoftmax` in place, in a tenth of the time of `ReduceLogSumExp`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from seq2seq.engines import cells
from seq2seq.engines.attention import context, real_positions
from seq2seq.engines.graph import FLOAT, INT64, Graph, NumberType, Value, tensor, to_bytes
from seq2seq.nn.decoder import Decoder
from seq2seq.nn.model import Seq2Seq


def step_model(model: Seq2Seq, number_type: NumberType, *, context_bound: float | None) -> bytes:
    """A step of the decoder of `model`, as an ONNX model.

    `context_bound` is the bound of the encoder's outputs.
    """
    graph, decoder, config = Graph(number_type), model.decoder, model.config
    table = decoder.embedding.table
    embedded = graph.rows(graph.reshape("tokens", -1), table.weight, table.embedding_dim**0.5)
    states = _states(decoder)
    hidden, weights, after = _layers(graph, decoder, embedded, states, context_bound)
    sizes = graph.node("Shape", "tokens")
    shape = graph.node("Concat", sizes, graph.constant([config.target_vocab_size]), axis=0)
    product = graph.linear([hidden], decoder.output.weight, decoder.output.bias)
    log_probs = graph.node("LogSoftmax", graph.node("Reshape", product.name, shape), axis=-1)
    graph.output(log_probs, "logits")
    graph.output(_zeros(graph, log_probs), "log_normaliser")
    graph.output(weights, "weights")
    names = [value.name for state in states for value in state]
    for value, name in zip((value for state in after for value in state), names, strict=True):
        graph.output(value.name, f"new_{name}")
    given = [
        tensor("tokens", INT64, "B", "K"),
        tensor("lengths", INT64, "B"),
        tensor("keys", FLOAT, "B", "S", "A"),
        tensor("values", FLOAT, "B", "S", config.memory_size),
        *(tensor(name, FLOAT, "N", config.decoder_size) for name in names),
    ]
    results = [
        tensor("logits", FLOAT, "B", "K", config.target_vocab_size),
        tensor("log_normaliser", FLOAT, "B", "K"),
        tensor("weights", FLOAT, "B", "K", "S"),
        *(tensor(f"new_{name}", FLOAT, "N", config.decoder_size) for name in names),
    ]
    return to_bytes(graph.finish("step", given, results))


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
    """The input of the output layer (N,R), the weights of attention and the new states."""
    first, *upper = cast(Any, decoder.layers)
    after = [cells.advance(graph, first, [embedded], states[0])]
    hidden = after[0][0]
    real = graph.node("Unsqueeze", real_positions(graph, "keys"), graph.constant([1]))  # (B, 1, S)
    read, weights = context(graph, decoder.attention, hidden, graph.node("Shape", "tokens"), real)
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
    pairs = graph.reshape(product.name, 0, width, 2)
    return Value(graph.node("ReduceMax", pairs, graph.constant([2]), keepdims=0), width)


def _zeros(graph: Graph, log_probs: str) -> str:
    """0 for each row of `log_probs` (B,K,V), or NaN if there is one in the row."""
    first = graph.node("Gather", log_probs, graph.constant(0), axis=2)
    return graph.node("Mul", first, graph.constant(0.0))
