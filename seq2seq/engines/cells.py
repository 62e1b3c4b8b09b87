"""One step of recurrent layers as ONNX nodes. Each function is the `step` of a class of `nn.cells`, whose
docstring has the equations.

    step(graph, cell, inputs, state) -> state       of N rows; h first

`inputs` (N,G·H) is W x + b. All products with h are linear layers of the graph, so they are int8 where the
bound of h is known. Cells whose gates are all W x + b + U h + c have one product for both, where x is known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import torch

from seq2seq.engines.graph import Graph, Value
from seq2seq.nn.cells import GRU, LSTM, Elman, ElmanReLU, GRUResetBefore
from seq2seq.nn.recurrence import Recurrent

State = tuple[Value, ...]


def _state_products(graph: Graph, cell: Recurrent, h: Value) -> str:
    return graph.linear([h], cell.kernel.weight_hh_l0, cell.kernel.bias_hh_l0).name


def _elman(graph: Graph, cell: Recurrent, inputs: str, state: State) -> State:
    return _elman_end(graph, cell, graph.node("Add", inputs, _state_products(graph, cell, state[0])), state)


def _elman_end(graph: Graph, cell: Recurrent, total: str, state: State) -> State:
    if isinstance(cell, ElmanReLU):
        return (Value(graph.node("Relu", total), cell.hidden_size),)
    return (Value(graph.node("Tanh", total), cell.hidden_size, 1.0),)


def _gru(graph: Graph, cell: Recurrent, inputs: str, state: State) -> State:
    size = cell.hidden_size
    gates, candidate = graph.split(inputs, [2 * size, size])
    state_gates, state_candidate = graph.split(_state_products(graph, cell, state[0]), [2 * size, size])
    r, z = graph.split(graph.node("Sigmoid", graph.node("Add", gates, state_gates)), [size, size])
    reset = graph.node("Mul", r, state_candidate)
    candidate = graph.node("Tanh", graph.node("Add", candidate, reset))
    return (_mixed(graph, candidate, state[0], z, size),)


def _gru_reset_before(graph: Graph, cell: Recurrent, inputs: str, state: State) -> State:
    size, h = cell.hidden_size, graph.real(state[0])
    gates, candidate = graph.split(inputs, [2 * size, size])
    state_gates = graph.linear([state[0]], cell.kernel.weight_hh_l0).name
    r, z = graph.split(graph.node("Sigmoid", graph.node("Add", gates, state_gates)), [size, size])
    reset = Value(graph.node("Mul", r, h), size, state[0].bound)
    product = graph.linear([reset], cell.kernel.weight_hh_candidate).name
    candidate = graph.node("Tanh", graph.node("Add", candidate, product))
    new = graph.node("Add", h, graph.node("Mul", z, graph.node("Sub", candidate, h)))
    return (Value(new, size, 1.0),)


def _mixed(graph: Graph, candidate: str, h: Value, kept: str, size: int) -> Value:
    """candidate + kept ∗ (h − candidate)"""
    difference = graph.node("Sub", graph.real(h), candidate)
    return Value(graph.node("Add", candidate, graph.node("Mul", kept, difference)), size, 1.0)


def _lstm(graph: Graph, cell: Recurrent, inputs: str, state: State) -> State:
    return _lstm_end(graph, cell, graph.node("Add", inputs, _state_products(graph, cell, state[0])), state)


def _lstm_end(graph: Graph, cell: Recurrent, total: str, state: State) -> State:
    size = cell.hidden_size
    i, f, candidate, o = graph.split(total, [size] * 4)
    i, f, o = (graph.node("Sigmoid", gate) for gate in (i, f, o))
    new = graph.node("Mul", i, graph.node("Tanh", candidate))
    c = graph.node("Add", graph.node("Mul", f, graph.real(state[1])), new)
    return Value(graph.node("Mul", o, graph.node("Tanh", c)), size, 1.0), Value(c, size)


STEPS: dict[type[Recurrent], Callable[[Graph, Any, str, State], State]] = {
    GRU: _gru,
    LSTM: _lstm,
    Elman: _elman,
    ElmanReLU: _elman,
    GRUResetBefore: _gru_reset_before,
}
"""The kinds of cells that can be exported."""

_ENDS: dict[type[Recurrent], Callable[[Graph, Any, str, State], State]] = {
    LSTM: _lstm_end,
    Elman: _elman_end,
    ElmanReLU: _elman_end,
}
"""What follows the sum W x + b + U h + c."""


def state_bounds(cell: Recurrent) -> tuple[float | None, ...]:
    """The bound of each tensor of a state of `cell`."""
    return (None if isinstance(cell, ElmanReLU) else 1.0, *[None] * (cell.state_tensors - 1))


def input_products(graph: Graph, cell: Recurrent, parts: Sequence[Value]) -> str:
    """W [parts] + b for many rows."""
    return graph.linear(parts, cell.kernel.weight_ih_l0, cell.kernel.bias_ih_l0).name


def advance(graph: Graph, cell: Recurrent, parts: Sequence[Value], state: State) -> State:
    """The state after one time step with the input [parts]."""
    kernel, run = cell.kernel, _ENDS.get(type(cell))
    if run is None or len(cell.transitions):
        return step(graph, cell, input_products(graph, cell, parts), state)
    weight = torch.cat([kernel.weight_ih_l0, kernel.weight_hh_l0], 1)
    total = graph.linear([*parts, state[0]], weight, kernel.bias_ih_l0 + kernel.bias_hh_l0)
    return run(graph, cell, total.name, state)


def step(graph: Graph, cell: Recurrent, inputs: str, state: State) -> State:
    """The state after one time step, through all cells of the layer."""
    run = STEPS[type(cell)]
    state = run(graph, cell, inputs, state)
    for transition in cast(Any, cell.transitions):
        state = run(graph, transition, graph.constant(transition.kernel.bias_ih_l0), state)
    return state
