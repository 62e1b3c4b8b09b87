"""A small network and its inputs, for tests of decoders and bridges."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch

from seq2seq.config import ModelConfig
from seq2seq.nn.model import Seq2Seq, build_model

SMALL = ModelConfig(
    embedding_size=6,
    encoder_size=4,
    decoder_layers=3,
    decoder_size=8,
    attention_size=8,
    attention_heads=2,
    source_vocab_size=20,
    target_vocab_size=20,
)
SOURCES = torch.tensor([[5, 6, 7, 3], [8, 3, 0, 0]]), torch.tensor([4, 2])
TARGET = torch.tensor([[2, 9, 10, 11], [2, 12, 13, 14]])
NEAR = {"atol": 1e-10, "rtol": 0.0}


def make(**changes: Any) -> Seq2Seq:
    torch.manual_seed(0)
    return build_model(replace(SMALL, **changes)).double().eval()
