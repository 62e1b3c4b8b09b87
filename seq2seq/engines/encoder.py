"""The encoder as an ONNX graph:

    tokens (B,S) int64, lengths (B,) int64
        -> keys (B,S,A), values (B,S,M), mask (B,1,S), state_0 (B,1,H), state_1 ...

`mask` is 0 on real tokens and -inf elsewhere. `state_i` are the tensors of the decoder's first state, the
layers one after the other. Each direction of a layer is a `Scan` over the source, whose body is one step of
the cell. All that does not depend on the state is computed before it for all positions. A reversed direction
reads its rows through an index that reverses the real tokens of each sentence, as in `nn.cells.reverse`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from seq2seq.engines import cells
from seq2seq.engines.attention import keys, real_positions
from seq2seq.engines.graph import FLOAT, INT64, Graph, NumberType, Value, tensor, to_bytes
from seq2seq.nn.encoder import AlternatingLayer, BidirectionalLayer, DirectedLayer
from seq2seq.nn.model import Seq2Seq
from seq2seq.nn.recurrence import Recurrent


@dataclass(frozen=True)
class _Order:
    """Where to find row (s,b) of a scan among the rows (b,s), and the other way round, for one direction."""

    to_steps: str  # (S,B)
    to_rows: str  # (B,S)


@dataclass(frozen=True)
class _Source:
    """What all layers share."""

    orders: dict[bool, _Order]  # backward? -> order
    last: str  # (B,) row of the last real step among the rows (s,b) of a scan
    zeros: str  # (B,1)


def encoder_model(model: Seq2Seq, number_type: NumberType) -> tuple[bytes, float | None]:
    """The encoder of `model` with its bridge and the keys of attention, as an ONNX model.

    Also returns the bound of its outputs, which is that of the contexts too.
    """
    graph = Graph(number_type)
    flat = graph.reshape("tokens", -1)
    size = graph.node("Shape", "tokens")
    source = _source(graph, size)
    embedding = model.source.table
    outputs = graph.rows(flat, embedding.weight, embedding.embedding_dim**0.5)
    states: list[tuple[Value, ...]] = []
    for index, layer in enumerate(model.encoder.layers):
        above, state = _layer(graph, layer, outputs, source)
        residual = index > 0 and model.encoder.residual and above.width == outputs.width
        outputs = graph.sum(outputs, above) if residual else above
        states.append(state)
    names = _bridge(graph, model, outputs, states, size)
    attention_keys = keys(graph, model.decoder.attention, outputs)
    for value, name in ((attention_keys, "keys"), (outputs, "values")):
        shape = graph.node("Concat", size, graph.constant([value.width]), axis=0)
        graph.output(graph.node("Reshape", graph.real(value), shape), name)
    real = graph.node("Unsqueeze", real_positions(graph, "tokens"), graph.constant([1]))
    graph.output(graph.node("Where", real, graph.constant(0.0), graph.constant(float("-inf"))), "mask")
    described = [
        tensor("keys", FLOAT, "B", "S", attention_keys.width),
        tensor("values", FLOAT, "B", "S", outputs.width),
        tensor("mask", FLOAT, "B", 1, "S"),
        *(tensor(name, FLOAT, "B", 1, model.config.decoder_size) for name in names),
    ]
    given = [tensor("tokens", INT64, "B", "S"), tensor("lengths", INT64, "B")]
    return to_bytes(graph.finish("encoder", given, described)), outputs.bound


def _source(graph: Graph, size: str) -> _Source:
    """The orders of both directions, from B and S."""
    zero, one = graph.constant(0), graph.constant(1)
    rows, steps = (graph.node("Gather", size, index) for index in (zero, one))
    row = graph.node("Range", zero, rows, one)  # (B,)
    position = graph.node("Range", zero, steps, one)  # (S,)
    column = graph.node("Unsqueeze", row, one)  # (B, 1)
    last = graph.node("Sub", "lengths", one)
    reversed_position = graph.node("Sub", graph.node("Unsqueeze", last, one), position)  # (B, S)
    is_real = graph.node("GreaterOrEqual", reversed_position, zero)
    reversed_position = graph.node("Where", is_real, reversed_position, position)
    orders = {}
    for backward, places in ((False, position), (True, reversed_position)):
        to_rows = graph.node("Add", graph.node("Mul", places, rows), column)  # (B, S)
        by_row = graph.node("Add", graph.node("Mul", column, steps), places)
        orders[backward] = _Order(graph.node("Transpose", by_row, perm=[1, 0]), to_rows)
    last_row = graph.node("Add", graph.node("Mul", last, rows), row)
    zeros = graph.node("Mul", graph.node("Cast", column, to=FLOAT), graph.constant(0.0))
    return _Source(orders, last_row, zeros)


def _layer(graph: Graph, layer: Any, inputs: Value, source: _Source) -> tuple[Value, tuple[Value, ...]]:
    """Outputs (B·S,M) of a layer for `inputs` (B·S,I), and its last state, tensors (B,M)."""
    if isinstance(layer, DirectedLayer):
        return _direction(graph, layer.cell, inputs, source, backward=layer.backward)
    if isinstance(layer, BidirectionalLayer):
        ahead = _direction(graph, layer.ahead, inputs, source, backward=False)
        back = _direction(graph, layer.back, inputs, source, backward=True)
        return _side_by_side(graph, ahead, back)
    assert isinstance(layer, AlternatingLayer)
    halves, odd = [inputs, inputs], layer.index % 2 == 1
    if layer.index:
        width = inputs.width // 2
        halves = [Value(name, width, inputs.bound) for name in graph.split(graph.real(inputs), [width] * 2)]
    first = _direction(graph, layer.first, halves[0], source, backward=odd)
    second = _direction(graph, layer.second, halves[1], source, backward=not odd)
    return _side_by_side(graph, first, second)


def _side_by_side(graph: Graph, first: Any, second: Any) -> tuple[Value, tuple[Value, ...]]:
    """Outputs and states of two directions, concatenated."""
    (outputs, state), (other_outputs, other_state) = first, second
    pairs = [(outputs, other_outputs), *zip(state, other_state, strict=True)]
    joined = [
        Value(graph.node("Concat", one.name, other.name, axis=-1), one.width + other.width, one.bound)
        for one, other in pairs
    ]
    return joined[0], tuple(joined[1:])


def _direction(
    graph: Graph, cell: Recurrent, inputs: Value, source: _Source, *, backward: bool
) -> tuple[Value, tuple[Value, ...]]:
    """As `_layer`, for one direction."""
    order, size = source.orders[backward], cell.hidden_size
    if graph.number_type == "int8" and inputs.bound is not None:
        ordered = Value(
            "", inputs.width, inputs.bound, graph.node("Gather", graph.whole(inputs), order.to_steps)
        )
    else:
        ordered = Value(graph.node("Gather", graph.real(inputs), order.to_steps), inputs.width, inputs.bound)
    products = cells.input_products(graph, cell, [ordered])  # (S, B, G·H)
    start = graph.node("Expand", source.zeros, graph.constant([1, size]))
    bounds = cells.state_bounds(cell)
    results = graph.nodes(
        "Scan",
        [*[start] * len(bounds), products],
        2 * len(bounds),
        body=_body(graph, cell, bounds),
        num_scan_inputs=1,
    )
    flat = [graph.reshape(name, -1, size) for name in results[len(bounds) :]]  # (S·B, H)
    outputs = graph.reshape(graph.node("Gather", flat[0], order.to_rows), -1, size)
    last = [graph.node("Gather", name, source.last) for name in flat]
    state = tuple(Value(name, size, bound) for name, bound in zip(last, bounds, strict=True))
    return Value(outputs, size, bounds[0]), state


def _body(graph: Graph, cell: Recurrent, bounds: Sequence[float | None]) -> Any:
    """The body of a scan: the state and W x + b of a step in, the state after it out, twice."""
    size = cell.hidden_size
    body = Graph(graph.number_type, prefix=f"scan_{graph.count}_")
    names = [f"{body.prefix}state_{index}" for index in range(len(bounds))]
    before = tuple(Value(name, size, bound) for name, bound in zip(names, bounds, strict=True))
    inputs = f"{body.prefix}inputs"
    after = [value.name for value in cells.step(body, cell, inputs, before)]
    after = [body.output(name, f"{body.prefix}after_{index}") for index, name in enumerate([*after, *after])]
    given = [tensor(name, FLOAT, "B", size) for name in names]
    width = len(cell.kernel.bias_ih_l0)
    return body.finish(
        f"{body.prefix}body",
        [*given, tensor(inputs, FLOAT, "B", width)],
        [tensor(name, FLOAT, "B", size) for name in after],
    )


def _bridge(
    graph: Graph, model: Seq2Seq, outputs: Value, states: Sequence[tuple[Value, ...]], size: str
) -> list[str]:
    """The decoder's first state, as outputs of the graph; their names."""
    bridge = model.decoder.bridge
    number = bridge.layers * bridge.state_tensors
    names = [f"state_{index}" for index in range(number)]
    if bridge.kind == "last":
        flat = [graph.real(value) for state in states for value in state]
    elif bridge.project is None:
        zero = graph.node("Mul", graph.node("Cast", "lengths", to=FLOAT), graph.constant(0.0))
        column = graph.node("Unsqueeze", zero, graph.constant([1]))
        flat = [graph.node("Expand", column, graph.constant([1, bridge.hidden_size]))] * number
    else:
        vector = _source_vector(graph, bridge.kind, outputs, states, size)
        projected = graph.linear([vector], bridge.project.weight, bridge.project.bias)
        flat = graph.split(graph.node("Tanh", projected.name), [bridge.hidden_size] * number)
    single = [graph.node("Unsqueeze", name, graph.constant([1])) for name in flat]
    return [graph.output(name, new) for name, new in zip(single, names, strict=True)]


def _source_vector(
    graph: Graph, kind: str, outputs: Value, states: Sequence[tuple[Value, ...]], size: str
) -> Value:
    """What the bridge projects: x (B,M) of the equation in `nn.bridge`, or (B,M/2) for `backward`."""
    if kind == "mean":
        return _mean(graph, outputs, size)
    top = states[-1][0]
    if kind == "projected":
        return top
    half = top.width // 2
    return Value(graph.split(graph.real(top), [half, half])[1], half, top.bound)


def _mean(graph: Graph, outputs: Value, size: str) -> Value:
    """The mean of `outputs` over the real positions (B,M)."""
    width, axis = outputs.width, graph.constant([1])
    shape = graph.node("Concat", size, graph.constant([width]), axis=0)
    rows = graph.node("Reshape", graph.real(outputs), shape)  # (B, S, M)
    mask = graph.node("Unsqueeze", graph.node("Cast", real_positions(graph, "tokens"), to=FLOAT), axis)
    total = graph.node("Squeeze", graph.node("MatMul", mask, rows), axis)  # (B, M)
    length = graph.node("Unsqueeze", graph.node("Cast", "lengths", to=FLOAT), axis)
    return Value(graph.node("Div", total, length), width, outputs.bound)
