"""The output layer as ONNX graphs: for all pieces, or for the shortlist of each sentence.

    output     hidden (B,K,R) -> logits (B,K,V), log_normaliser (B,K)
    columns    union (U,) int64 -> weight (R,U), bias (U,), scale (U,) of whole numbers
    shortlist  hidden (B,K,R), weight, bias, scale, places (B,K,C) int32
               -> logits (B,K,C), log_normaliser (B,K)

`hidden` is what `step.decoder_model` computes, whole numbers where the layer is int8. `columns` is run once
for a batch: it takes out the weights of all candidates of its sentences, their union. `shortlist` multiplies
with them, and takes from each row the C columns of its own sentence, `places`. Sums of whole numbers are
exact and a row has C columns in any batch, so the other sentences change no bit.

The logits are log probabilities already, and their normaliser is 0: ONNX Runtime computes `LogSoftmax` in
place, in a tenth of the time of `ReduceLogSumExp`.
"""

from __future__ import annotations

from dataclasses import dataclass

from onnx import TensorProto

from seq2seq.engines.graph import FLOAT, INT64, Graph, NumberType, Value, tensor, to_bytes, whole_weights
from seq2seq.nn.decoder import Decoder

HIDDEN = "hidden"


@dataclass(frozen=True)
class OutputModels:
    """The three graphs, as the bytes of ONNX files."""

    output: bytes
    columns: bytes
    shortlist: bytes


def output_models(decoder: Decoder, number_type: NumberType, hidden: Value) -> OutputModels:
    """The graphs of the output layer of `decoder`. Its input is like `hidden`, and is called "hidden"."""
    hidden = Value("", hidden.width, hidden.bound, HIDDEN) if hidden.whole else Value(HIDDEN, hidden.width)
    graph = Graph(number_type)
    all_pieces(graph, decoder, hidden)
    output = to_bytes(graph.finish("output", [_input(hidden)], score_tensors(len(decoder.output.weight))))
    return OutputModels(output, _columns(decoder, hidden), _shortlist(hidden))


def all_pieces(graph: Graph, decoder: Decoder, hidden: Value) -> None:
    """Add the scores of all pieces and their normaliser, as outputs."""
    _normalise(graph, graph.linear([hidden], decoder.output.weight, decoder.output.bias).name)


def score_tensors(columns: int | str) -> list[object]:
    """The descriptions of the two outputs."""
    return [tensor("logits", FLOAT, "B", "K", columns), tensor("log_normaliser", FLOAT, "B", "K")]


def _input(hidden: Value) -> object:
    return tensor(HIDDEN, TensorProto.UINT8 if hidden.whole else FLOAT, "B", "K", hidden.width)


def _columns(decoder: Decoder, hidden: Value) -> bytes:
    graph, weight, bias = (
        Graph("int8" if hidden.whole else "float32"),
        decoder.output.weight,
        decoder.output.bias,
    )
    results = [tensor("weight", TensorProto.INT8 if hidden.whole else FLOAT, hidden.width, "U")]
    if hidden.whole:
        whole, scale = whole_weights([hidden], weight)
        graph.output(graph.node("Gather", graph.constant(scale), "union"), "scale")
        results.append(tensor("scale", FLOAT, "U"))
    table = graph.constant(whole if hidden.whole else weight)
    graph.output(graph.node("Transpose", graph.node("Gather", table, "union"), perm=[1, 0]), "weight")
    graph.output(graph.node("Gather", graph.constant(bias), "union"), "bias")
    results.append(tensor("bias", FLOAT, "U"))
    return to_bytes(graph.finish("columns", [tensor("union", INT64, "U")], results))


def _shortlist(hidden: Value) -> bytes:
    """This graph has no weights of its own."""
    graph = Graph("int8" if hidden.whole else "float32")
    given = [_input(hidden), tensor("bias", FLOAT, "U"), tensor("places", TensorProto.INT32, "B", "K", "C")]
    if hidden.whole:
        given += [tensor("weight", TensorProto.INT8, hidden.width, "U"), tensor("scale", FLOAT, "U")]
        product = graph.whole_product(HIDDEN, "weight", "scale", "bias")
    else:
        given += [tensor("weight", FLOAT, hidden.width, "U")]
        product = graph.node("Add", graph.node("MatMul", HIDDEN, "weight"), "bias")
    _normalise(graph, graph.node("GatherElements", product, "places", axis=2))
    return to_bytes(graph.finish("shortlist", given, score_tensors("C")))


def _normalise(graph: Graph, scores: str) -> None:
    """Log probabilities of scores (B,K,V), and 0 for each row, or NaN if there is one in it."""
    log_probs = graph.node("LogSoftmax", scores, axis=-1)
    graph.output(log_probs, "logits")
    first = graph.node("Gather", log_probs, graph.constant(0), axis=2)
    graph.output(graph.node("Mul", first, graph.constant(0.0)), "log_normaliser")
