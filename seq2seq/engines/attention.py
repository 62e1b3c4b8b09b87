"""Attention as ONNX nodes. The equations are in the classes of `nn.attention`."""

from __future__ import annotations

from typing import Any

from torch.nn import functional

from seq2seq.engines.graph import Graph, Value
from seq2seq.nn.attention import Additive, Attention, Dot, General, NormalisedAdditive, ScaledDot


def keys(graph: Graph, attention: Attention, encoded: Value) -> Value:
    """What the queries are compared with, from the encoder's outputs: (...,M) -> (...,A)."""
    if isinstance(attention, Additive):
        return graph.linear([encoded], attention.key.weight, attention.key.bias)
    if isinstance(attention, General):
        return graph.linear([encoded], attention.key.weight)
    return encoded


def real_positions(graph: Graph, name: str) -> str:
    """Which positions s of `name` (B,S,...) are below `lengths`: (B,S)."""
    steps = graph.node("Gather", graph.node("Shape", name), graph.constant(1))
    position = graph.node("Range", graph.constant(0), steps, graph.constant(1))
    return graph.node("Less", position, graph.node("Unsqueeze", "lengths", graph.constant([1])))


def context(graph: Graph, attention: Attention, query: Value) -> tuple[Value, str]:
    """Context (B,K,M) and weights (B,K,S) for `query` (B,K,H).

    The graph has the inputs `keys` (B,S,A), `values` (B,S,M) and `mask` (B,1,S), which is 0 on real source
    tokens and -inf elsewhere. The bound of the context is unknown.
    """
    score = _product if type(attention) in (Dot, ScaledDot, General) else _additive
    scores = graph.node("Add", score(graph, attention, query), "mask")  # (B, K, S)
    weights = graph.node("Softmax", scores, axis=-1)
    return Value(graph.node("MatMul", weights, "values"), attention.context_size), weights


def _additive(graph: Graph, attention: Any, query: Value) -> str:
    product = graph.linear([query], attention.query.weight)
    queries = graph.node("Unsqueeze", product.name, graph.constant([2]))  # (B, K, 1, A)
    rows = graph.node("Unsqueeze", "keys", graph.constant([1]))  # (B, 1, S, A)
    hidden = graph.node("Tanh", graph.node("Add", queries, rows))  # (B, K, S, A)
    energy = attention.energy
    if isinstance(attention, NormalisedAdditive):
        energy = attention.gain * functional.normalize(energy, dim=0)
    scores = graph.node("MatMul", hidden, graph.constant(energy.unsqueeze(1)))
    return graph.node("Squeeze", scores, graph.constant([3]))


def _product(graph: Graph, attention: Any, query: Value) -> str:
    name = graph.real(query)
    if isinstance(attention, Dot) and attention.scale != 1:
        name = graph.node("Mul", name, graph.constant(float(attention.scale)))
    return graph.node("MatMul", name, graph.node("Transpose", "keys", perm=[0, 2, 1]))
