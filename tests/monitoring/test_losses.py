"""What the source adds to a model: by a model that only reads it, and one that never does."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from seq2seq.data.batching import Batch
from seq2seq.monitoring.losses import source_gain

CPU = torch.device("cpu")


class Copier(nn.Module):
    """Gives the source token of each position the probability `sure`, and the other one the rest."""

    def __init__(self, sure: float) -> None:
        super().__init__()
        self.sure = sure

    def forward(self, source: Tensor, lengths: Tensor, target: Tensor, real: Tensor) -> Tensor:
        chosen = nn.functional.one_hot(source, 2).float()
        return (chosen * self.sure + (1 - chosen) * (1 - self.sure)).log()[real]


def batch(*sources: list[int]) -> Batch:
    """Sentences whose target is the source."""
    tokens = torch.tensor(sources)
    real = torch.ones_like(tokens, dtype=torch.bool)
    values: dict[str, Any] = {"source": tokens, "lengths": real.sum(1), "target": tokens, "labels": tokens}
    return Batch(**values, real=real, tokens=tokens.numel(), sentences=len(sources), rows=())


def test_a_source_that_is_used_is_missed() -> None:
    """All tokens change their side, so each costs log 0.9 − log 0.1 more."""
    gain = source_gain(Copier(0.9), [batch([0, 0], [1, 1])], CPU)
    assert gain == pytest.approx(math.log(0.9) - math.log(0.1), rel=1e-5)
    half = source_gain(Copier(0.9), [batch([0, 0], [0, 1])], CPU)
    assert half == pytest.approx((math.log(0.9) - math.log(0.1)) / 2, rel=1e-5)


def test_a_source_that_is_ignored_adds_nothing() -> None:
    assert source_gain(Copier(0.5), [batch([0, 1], [1, 1])], CPU) == pytest.approx(0.0)


def test_a_sentence_alone_has_no_other_source() -> None:
    assert source_gain(Copier(0.9), [batch([0, 1])], CPU) is None
    assert source_gain(Copier(0.9), [], CPU) is None
    both = [batch([0, 1]), batch([0, 0], [1, 1])]
    assert source_gain(Copier(0.9), both, CPU) == source_gain(Copier(0.9), both[1:], CPU)
