"""The whole network. `build_model` is the only function of this room that reads a config."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from seq2seq.config import ModelConfig
from seq2seq.errors import UsageError
from seq2seq.nn.attention import Memory, build_attention
from seq2seq.nn.cells import build_cell
from seq2seq.nn.decoder import Decoder, DecoderSizes, DecoderState
from seq2seq.nn.decoders import DECODERS
from seq2seq.nn.embedding import Embedding
from seq2seq.nn.encoder import BuildCell, Encoder, EncoderOutput


class Seq2Seq(nn.Module):
    """Encoder, attention and decoder. `config` is the settings that it was built from; it is stored with the
    weights."""

    def __init__(self, config: ModelConfig, *, source: Embedding, encoder: Encoder, decoder: Decoder) -> None:
        super().__init__()
        self.config = config
        self.source = source
        self.encoder = encoder
        self.decoder = decoder

    def encode(self, tokens: Tensor, lengths: Tensor) -> tuple[Memory, DecoderState]:
        """Encode the sources `tokens` (B,S) with `lengths` (B,): the memory that attention reads, and the
        decoder's first state."""
        encoded: EncoderOutput = self.encoder(self.source(tokens), lengths)
        memory = self.decoder.attention.project(encoded.outputs, encoded.mask)
        if self.config.copying:
            memory = replace(memory, tokens=tokens)
        return memory, self.decoder.start(encoded, memory)

    def forward(self, source: Tensor, lengths: Tensor, target: Tensor, real: Tensor) -> Tensor:
        """Logits (N,V) of the N real target tokens, for training.

        `source` (B,S) with `lengths` (B,); `target` (B,T) starts with BOS; `real` (B,T) is true where a token
        is to be predicted. Only those positions go through the output layer, the largest matrix product.
        """
        memory, state = self.encode(source, lengths)
        output, _ = self.decoder(target, state, memory)
        return self.decoder.logits(output, memory, real)


def build_model(config: ModelConfig) -> Seq2Seq:
    """The network that `config` describes. Its weights are drawn from torch's global random generator.

    Raises UsageError if the vocabulary sizes are not set, or if sizes of attention do not match.
    """
    if config.source_vocab_size < 1 or config.target_vocab_size < 1:
        raise UsageError(
            f"model.source_vocab_size is {config.source_vocab_size} and model.target_vocab_size "
            f"{config.target_vocab_size}, expected the sizes of the tokenizers, 1 or more"
        )
    target = _build_embedding(config, config.target_vocab_size)
    source = target if config.tie_source else _build_embedding(config, config.source_vocab_size)
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
        return_states=config.bridge in ("last", "projected", "backward"),
    )
    return Seq2Seq(config, source=source, encoder=encoder, decoder=_build_decoder(config, target, build))


def _build_decoder(config: ModelConfig, embedding: Embedding, build: BuildCell) -> Decoder:
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


class _SkipRandomInit(TorchFunctionMode):
    """Skips `nn.init.normal_`. On the meta device it has no effect, but it loads 800 modules of torch, which
    takes more than a second."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return kwargs["tensor"] if func is nn.init.normal_ else func(*args, **(kwargs or {}))


def build_on_meta(config: ModelConfig) -> Seq2Seq:
    """The network that `config` describes on torch's meta device: names and shapes without storage.

    It takes no memory and draws no random numbers. Raises UsageError as `build_model` does.
    """
    with torch.device("meta"), _SkipRandomInit():
        return build_model(config)


def _build_embedding(config: ModelConfig, vocab_size: int) -> Embedding:
    return Embedding(
        vocab_size,
        config.embedding_size,
        dropout=config.embedding_dropout,
        word_dropout=config.word_dropout,
    )


def count_parameters(model: nn.Module) -> int:
    """Number of weights. A shared weight is counted once."""
    return sum(parameter.numel() for parameter in model.parameters())
