"""Every cell, attention and decoder learns to reverse a sequence of symbols, which cannot be done by chance.

The settings below contain every cell, attention, decoder, encoder shape, bridge and readout at least once.
Without attention the state has to hold the whole source, so the sequences are shorter.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, get_args, get_type_hints

import pytest
import torch
from torch import Tensor

from seq2seq.config import DecodingConfig, ModelConfig
from seq2seq.decoding.decode import decode
from seq2seq.engines.torch_engine import TorchEngine
from seq2seq.nn.attention import ATTENTIONS
from seq2seq.nn.cells import CELLS
from seq2seq.nn.decoders import DECODERS
from seq2seq.nn.losses import cross_entropy
from seq2seq.nn.model import Seq2Seq, build_model
from seq2seq.nn.padding import pad
from seq2seq.training.optimization import clip_gradients, gradient_norm

SYMBOLS, FIRST, BOS, EOS = 10, 4, 2, 3
BASE = ModelConfig(
    embedding_size=32,
    encoder_size=32,
    decoder_size=64,
    attention_size=32,
    attention_heads=2,
    attention_window=4,
    dropout=0.0,
    embedding_dropout=0.0,
    source_vocab_size=FIRST + SYMBOLS,
    target_vocab_size=FIRST + SYMBOLS,
)
COVERING: list[dict[str, Any]] = [
    {"cell": "gru", "attention": "additive", "encoder_shape": "forward"},
    {"cell": "lstm", "attention": "none", "bridge": "projected", "readout": "none", "tie_output": False},
    {"cell": "rnn", "attention": "dot", "decoder": "input_feeding"},
    {"cell": "rnn_relu", "attention": "additive"},
    {"cell": "gru_reset_before", "attention": "additive", "decoder": "bahdanau", "bridge": "backward"},
    {"cell": "layernorm_gru", "attention": "multi_head", "decoder": "conditional"},
    {"cell": "layernorm_lstm", "attention": "scaled_dot", "encoder_shape": "alternating"},
    {
        "cell": "gru",
        "attention": "normalised_additive",
        "decoder": "conditional",
        "cell_depth": 2,
        "bridge": "zero",
    },
    {"cell": "lstm", "attention": "local", "decoder": "input_feeding", "encoder_layers": 2, "bridge": "last"},
    {"cell": "gru", "attention": "coverage", "encoder_shape": "gnmt", "encoder_layers": 2},
    {"cell": "ssru", "attention": "general", "encoder_shape": "backward"},
    {
        "cell": "gru",
        "attention": "additive",
        "copying": True,
        "variational_dropout": 0.1,
        "readout": "maxout",
    },
]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Matrix products of this size are slower with two threads."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def rows(number: int, longest: int, generator: torch.Generator) -> list[list[int]]:
    lengths = torch.randint(1, longest + 1, (number,), generator=generator).tolist()
    return [
        torch.randint(FIRST, FIRST + SYMBOLS, (length,), generator=generator).tolist() for length in lengths
    ]


def loss_of(model: Seq2Seq, batch: list[list[int]]) -> Tensor:
    source, lengths = pad([[*row, EOS] for row in batch])
    labels, label_lengths = pad([[*reversed(row), EOS] for row in batch])
    target = torch.cat([torch.full((len(batch), 1), BOS), labels[:, :-1]], 1)
    real = torch.arange(labels.shape[1]) < label_lengths.unsqueeze(1)
    return cross_entropy(model(source, lengths, target, real), labels[real]) / int(real.sum())


def train(model: Seq2Seq, *, longest: int, steps: int) -> None:
    generator = torch.Generator().manual_seed(1)
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = 4e-3 * min(1.0, (step + 1) / 50, 2 * (1 - step / steps))
        optimizer.zero_grad()
        loss_of(model, rows(128, longest, generator)).backward()
        norm = gradient_norm(model.parameters())
        clip_gradients(model.parameters(), norm=norm, limit=1.0)
        optimizer.step()


def accuracy(model: Seq2Seq, longest: int) -> float:
    """Share of new sequences that are reversed without an error."""
    unseen = rows(500, longest, torch.Generator().manual_seed(2))
    outputs = decode(TorchEngine(model.eval()), unseen, DecodingConfig(beam_size=1, batch_size=128))
    return sum(list(best.tokens) == row[::-1] for row, (best, *_) in zip(unseen, outputs, strict=True)) / len(
        unseen
    )


def test_the_settings_cover_every_part() -> None:
    config = [replace(BASE, **changes) for changes in COVERING]
    assert {c.cell for c in config} == set(CELLS)
    assert {c.attention for c in config} == set(ATTENTIONS)
    assert {c.decoder for c in config} == set(DECODERS)
    hints = get_type_hints(ModelConfig)
    for part in ("encoder_shape", "bridge", "readout"):
        assert {getattr(c, part) for c in config} == set(get_args(hints[part])), part


@pytest.mark.slow
@pytest.mark.parametrize("changes", COVERING, ids=lambda changes: "-".join(map(str, changes.values())))
def test_reversal_is_learned(changes: dict[str, Any]) -> None:
    torch.manual_seed(1)
    config = replace(BASE, **changes)
    model, longest = build_model(config).train(), 5 if config.attention == "none" else 6
    train(model, longest=longest, steps=800)
    assert accuracy(model, longest) >= 0.99
