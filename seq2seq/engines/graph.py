"""A graph of ONNX operations under construction: constants, nodes and linear layers, in float32 or int8.

int8 needs no calibration. An activation x with a known bound r, |x| <= r, becomes the whole number
round(127 x / r) + 128, and a weight matrix has one scale for each output. As the scale of an activation is a
constant, the result of a row does not depend on the other rows of a batch, bit for bit. Known bounds are 1
for what a tanh or a gate makes, the sum of the bounds for a sum, and the largest weight for embeddings. A
product with something that has no known bound stays in float32.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor

NumberType: TypeAlias = Literal["float32", "int8"]
"""The number type of the matrix products of a graph."""

FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64
_OPSET, _IR_VERSION = 18, 9
_LEVELS, _ZERO = 127, 128  # an activation is a whole number from 1 to 255
_SMALL = 8  # constants of up to so many numbers are shared


@dataclass(frozen=True)
class Value:
    """A tensor (...,`width`) in a graph.

    `name` is that of its float32 form and `whole` that of its whole numbers; the one that does not exist is
    empty. `bound` is the largest absolute value; None if it is not known.
    """

    name: str
    width: int
    bound: float | None = None
    whole: str = ""


class Graph:
    """Collects the nodes and constants of a graph. Most methods return the name of a result."""

    def __init__(self, number_type: NumberType, *, prefix: str = "") -> None:
        self.number_type, self.prefix = number_type, prefix
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self._shared: dict[Any, str] = {}
        self._outputs: dict[str, str] = {}  # result -> name as an output

    def constant(self, value: np.ndarray | Tensor | float | Sequence[int]) -> str:
        """A constant. Python's whole numbers become int64, other numbers float32."""
        if isinstance(value, Tensor):
            value = value.detach().cpu().float().numpy()
        elif not isinstance(value, np.ndarray):
            value = np.array(value, np.float32 if isinstance(value, float) else np.int64)
        key = (value.dtype.str, value.shape, value.tobytes()) if value.size <= _SMALL else None
        if key is None or key not in self._shared:
            name = f"{self.prefix}constant_{len(self._constants)}"
            self._constants.append(numpy_helper.from_array(np.asarray(value, order="C"), name))
            self._shared[key or name] = name
            return name
        return self._shared[key]

    @property
    def count(self) -> int:
        """Number of nodes so far."""
        return len(self._nodes)

    def node(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """The result of an operation."""
        return self.nodes(kind, inputs, 1, **attributes)[0]

    def nodes(self, kind: str, inputs: Sequence[str], outputs: int, **attributes: Any) -> list[str]:
        """The `outputs` results of an operation."""
        names = [f"{self.prefix}{kind}_{len(self._nodes)}_{number}" for number in range(outputs)]
        self._nodes.append(helper.make_node(kind, list(inputs), names, **attributes))
        return names

    def split(self, name: str, sizes: Sequence[int]) -> list[str]:
        """Parts of these widths of the last axis."""
        return self.nodes("Split", [name, self.constant(list(sizes))], len(sizes), axis=-1)

    def reshape(self, name: str, *shape: int) -> str:
        """`name` in this shape. 0 keeps a size, -1 is what is left."""
        return self.node("Reshape", name, self.constant(list(shape)))

    def output(self, name: str, new: str) -> str:
        """Make a result an output of the graph that is called `new`; returns `new`."""
        if name in self._outputs or not any(name in node.output for node in self._nodes):
            name = self.node("Identity", name)
        self._outputs[name] = new
        return new

    def whole(self, value: Value) -> str:
        """The whole numbers of `value`, whose bound is known."""
        return value.whole or self._converted("QuantizeLinear", value.name, value.bound)

    def real(self, value: Value) -> str:
        """The float32 form of `value`."""
        return value.name or self._converted("DequantizeLinear", value.whole, value.bound)

    def _converted(self, kind: str, name: str, bound: float | None) -> str:
        assert bound is not None
        if (kind, name) not in self._shared:
            scale, zero = self.constant(bound / _LEVELS), self.constant(np.array(_ZERO, np.uint8))
            self._shared[kind, name] = self.node(kind, name, scale, zero)
        return self._shared[kind, name]

    def rows(self, tokens: str, weight: Tensor, factor: float) -> Value:
        """The rows `tokens` of the table `weight` (V,E), times `factor`."""
        table = weight.detach().cpu().float().numpy() * np.float32(factor)
        width, bound = table.shape[1], max(float(np.abs(table).max()), 1e-6)
        if self.number_type == "float32":
            return Value(self.node("Gather", self.constant(table), tokens), width, bound)
        whole = (np.rint(table * (_LEVELS / bound)) + _ZERO).astype(np.uint8)
        return Value("", width, bound, self.node("Gather", self.constant(whole), tokens))

    def sum(self, one: Value, other: Value) -> Value:
        """The sum of two tensors of the same width."""
        known = one.bound is not None and other.bound is not None
        bound = one.bound + other.bound if known else None  # type: ignore[operator]
        return Value(self.node("Add", self.real(one), self.real(other)), one.width, bound)

    def linear(self, parts: Sequence[Value], weight: Tensor, bias: Tensor | None = None) -> Value:
        """W [x_1; x_2; ...] + b for the `parts` x, `weight` W (O,I) and `bias` b (O,)."""
        if self.number_type == "int8" and all(part.bound is not None for part in parts):
            return Value(self._linear_of_whole(parts, weight, bias), len(weight))
        matrix = weight.detach().cpu().float().numpy()
        names = [self.real(part) for part in parts]
        inputs = names[0] if len(names) == 1 else self.node("Concat", *names, axis=-1)
        product = self.node("MatMul", inputs, self.constant(matrix.T))
        return Value(product if bias is None else self.node("Add", product, self.constant(bias)), len(weight))

    def _linear_of_whole(self, parts: Sequence[Value], weight: Tensor, bias: Tensor | None) -> str:
        """The linear layer with whole numbers, as float32."""
        names = [self.whole(part) for part in parts]
        inputs = names[0] if len(names) == 1 else self.node("Concat", *names, axis=-1)
        weights, scale = whole_weights(parts, weight)
        added = "" if bias is None else self.constant(bias)
        return self.whole_product(inputs, self.constant(weights.T), self.constant(scale), added)

    def whole_product(self, inputs: str, weights: str, scale: str, bias: str = "") -> str:
        """The product of whole numbers (N,I) and (I,O) with one scale for each column (O,), as float32."""
        one, zero = self.constant(1.0 / _LEVELS), self.constant(np.array(_ZERO, np.uint8))
        names = [inputs, weights, one, scale, zero, ""] + ([bias] if bias else [])
        return self.node("MatMulIntegerToFloat", *names, domain="com.microsoft")

    def finish(self, name: str, inputs: Sequence[Any], outputs: Sequence[Any]) -> Any:
        """The graph, with these descriptions of its inputs and outputs (see `tensor`)."""
        for node in self._nodes:
            for names in (node.input, node.output):
                names[:] = [self._outputs.get(one, one) for one in names]
        return helper.make_graph(self._nodes, name, list(inputs), list(outputs), self._constants)


def whole_weights(parts: Sequence[Value], weight: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """The weights (O,I) of a linear layer of `parts` as int8, and the scale of each row (O,). The bound of
    each part goes into its weights."""
    matrix = weight.detach().cpu().float().numpy()
    bounds = np.repeat([part.bound for part in parts], [part.width for part in parts])
    matrix = matrix * bounds.astype(np.float32)
    scale = np.maximum(np.abs(matrix).max(1), 1e-12) / _LEVELS
    return np.rint(matrix / scale[:, None]).astype(np.int8), scale


def tensor(name: str, kind: int, *shape: str | int) -> Any:
    """The description of an input or output of a graph. A size that is a name may be any."""
    return helper.make_tensor_value_info(name, kind, shape)


def to_bytes(graph: Any) -> bytes:
    """`graph` as an ONNX model, as it would stand in a file."""
    versions = [helper.make_opsetid("", _OPSET), helper.make_opsetid("com.microsoft", 1)]
    model = helper.make_model(graph, opset_imports=versions, producer_name="seq2seq")
    model.ir_version = _IR_VERSION
    return bytes(model.SerializeToString())
