"""The whole network, and the only place in it that reads a config."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from seq2seq.config import ModelConfig
from seq2seq.errors import UsageError
from seq2seq.nn.attention import Encoded, Memory, build_attention
from seq2seq.nn.cells import build_cell
from seq2seq.nn.decoder import DECODERS, Decoder, DecoderSizes, DecoderState
from seq2seq.nn.embedding import Embedding
from seq2seq.nn.encoder import BuildCell, Encoder


class Seq2Seq(nn.Module):
    """Encoder, attention and decoder. `config` travels with the weights."""

    def __init__(self, config: ModelConfig, *, source: Embedding, encoder: Encoder, decoder: Decoder) -> None:
        super().__init__()
        self.config = config
        self.source = source
        self.encoder = encoder
        self.decoder = decoder

    def encode(self, tokens: Tensor, lengths: Tensor) -> tuple[Memory, DecoderState]:
        """Read the sources `tokens` (B,S) once: what attention reads, and where the decoder starts."""
        encoded: Encoded = self.encoder(self.source(tokens), lengths)
        memory = self.decoder.attention.project(encoded.outputs, encoded.mask)
        if self.config.copying:
            memory = replace(memory, tokens=tokens)
        return memory, self.decoder.start(encoded, memory)

    def forward(self, source: Tensor, lengths: Tensor, target: Tensor, real: Tensor) -> Tensor:
        """Logits (N,V) of the N real target tokens, for training.

        `source` (B,S) with `lengths` (B,); `target` (B,T) starts with BOS; `real` (B,T) is true where a
        token is to be predicted. Only those positions reach the output layer, the widest product of all.
        """
        memory, state = self.encode(source, lengths)
        output, _ = self.decoder(target, state, memory)
        return self.decoder.logits(output, memory, real)


def build_model(config: ModelConfig) -> Seq2Seq:
    """The network that `config` describes, with fresh weights from torch's global random generator."""
    if config.source_vocab_size < 1 or config.target_vocab_size < 1:
        raise UsageError(
            "model.source_vocab_size and model.target_vocab_size come from the tokenizer: set them first"
        )
    target = _embedding(config, config.target_vocab_size)
    source = target if config.tie_source else _embedding(config, config.source_vocab_size)
    build = partial(
        build_cell, config.cell, depth=config.cell_depth, variational_dropout=config.variational_dropout
    )
    encoder = Encoder(
        shape=config.encoder_shape,
        build=build,
        input_size=config.embedding_size,
        hidden_size=config.encoder_size,
        layers=config.encoder_layers,
        dropout=config.dropout,
        residual=config.residual,
        want_state=config.bridge in ("last", "projected", "backward"),
    )
    return Seq2Seq(config, source=source, encoder=encoder, decoder=_decoder(config, target, build))


def _decoder(config: ModelConfig, embedding: Embedding, build: BuildCell) -> Decoder:
    attention = build_attention(
        config.attention,
        query_size=config.decoder_size,
        memory_size=config.memory_size,
        attention_size=config.attention_size,
        heads=config.attention_heads,
        window=config.attention_window,
    )
    sizes = DecoderSizes(
        embedding=config.embedding_size,
        hidden=config.decoder_size,
        context=attention.context_size,
        readout=config.readout_width,
        memory=config.memory_size,
        vocabulary=config.target_vocab_size,
        layers=config.decoder_layers,
    )
    return DECODERS[config.decoder](
        sizes,
        embedding=embedding,
        build=build,
        attention=attention,
        bridge=config.bridge,
        readout=config.readout,
        tie_output=config.tie_output,
        copying=config.copying,
        residual=config.residual,
        dropout=config.dropout,
    )


class _Unfilled(TorchFunctionMode):
    """Leaves out what fills weights at random: without storage it does nothing but load, for over a second,
    the 800 modules by which torch reckons shapes."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return kwargs["tensor"] if func is nn.init.normal_ else func(*args, **(kwargs or {}))


def build_empty(config: ModelConfig) -> Seq2Seq:
    """The same network without storage: names and sizes alone. No random number is drawn. UsageError when
    the sizes make no network."""
    try:
        with torch.device("meta"), _Unfilled():
            return build_model(config)
    except (RuntimeError, TypeError, OverflowError) as error:  # what torch makes of absurd sizes
        reason = str(error).partition("\n")[0]
        raise UsageError(f"these sizes make no network ({reason})") from None


def _embedding(config: ModelConfig, vocab_size: int) -> Embedding:
    return Embedding(
        vocab_size,
        config.embedding_size,
        dropout=config.embedding_dropout,
        word_dropout=config.word_dropout,
    )


def count_parameters(model: nn.Module) -> int:
    """Number of weights, each shared one counted once."""
    return sum(parameter.numel() for parameter in model.parameters())
