"""Which networks can be exported to ONNX, and their graphs."""

from __future__ import annotations

from dataclasses import dataclass

from seq2seq.config import ModelConfig
from seq2seq.engines.encoder import encoder_model
from seq2seq.engines.graph import NumberType
from seq2seq.engines.output import OutputModels, output_models
from seq2seq.engines.step import decoder_model, step_model
from seq2seq.errors import UsageError
from seq2seq.nn.model import Seq2Seq

CELLS = ("gru", "lstm", "rnn", "rnn_relu", "gru_reset_before")
ATTENTIONS = ("additive", "normalised_additive", "dot", "scaled_dot", "general")
DECODERS = ("decoupled",)


@dataclass(frozen=True)
class OnnxModels:
    """The two graphs of a network, as the bytes of ONNX files (see `encoder` and `step`)."""

    encoder: bytes
    step: bytes


@dataclass(frozen=True)
class EngineModels:
    """The graphs that `OnnxEngine` runs: a step is that of the decoder and one of the output layer."""

    encoder: bytes
    decoder: bytes
    output: OutputModels


def obstacle(config: ModelConfig) -> str:
    """Why the network of `config` cannot be exported, by the names of its settings; "" if it can."""
    for name, value, known in (
        ("cell", config.cell, CELLS),
        ("attention", config.attention, ATTENTIONS),
        ("decoder", config.decoder, DECODERS),
    ):
        if value not in known:
            return f"model.{name} is {value!r}, expected one of {', '.join(known)}"
    return "model.copying is true, expected false" if config.copying else ""


def engine_models(model: Seq2Seq, number_type: NumberType) -> EngineModels:
    """The graphs of `model` for the engine. Raises UsageError if it cannot be exported."""
    _refuse(model.config)
    encoder, bound = encoder_model(model, number_type)
    decoder, hidden = decoder_model(model, number_type, context_bound=bound)
    return EngineModels(encoder, decoder, output_models(model.decoder, number_type, hidden))


def _refuse(config: ModelConfig) -> None:
    reason = obstacle(config)
    if reason:
        raise UsageError(f"the network cannot be exported to ONNX: {reason}")


def onnx_models(model: Seq2Seq, number_type: NumberType) -> OnnxModels:
    """The graphs of `model` for a file. Raises UsageError if it cannot be exported."""
    _refuse(model.config)
    encoder, bound = encoder_model(model, number_type)
    return OnnxModels(encoder, step_model(model, number_type, context_bound=bound))
