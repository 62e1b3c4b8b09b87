"""Averages of the best weights: which are kept, and their mean."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from torch import nn

from seq2seq.errors import ModelError
from seq2seq.objectives.averaging import remember, set_to_mean, step_of, stored


def layer(value: float, size: int = 1) -> nn.Linear:
    made = nn.Linear(1, size, bias=False)
    nn.init.constant_(made.weight, value)
    return made


def record(step: int, bleu: float, loss: float | None) -> dict[str, Any]:
    return {"step": step, "bleu": bleu, "loss": loss}


def remember_all(folder: Path, *scores: tuple[float, float | None], number: int) -> list[int]:
    """Store weights k with the score k, for k = 1, 2 …; the steps that are kept, best first."""
    for step, (bleu, loss) in enumerate(scores, start=1):
        remember(folder, layer(step), record(step, bleu, loss), number)
    return [step_of(path) for path in stored(folder)]


def test_the_best_are_kept_by_bleu_then_loss_then_step(tmp_path: Path) -> None:
    scores = [(9.0, 3.0), (11.0, 2.0), (10.0, 2.0), (10.0, 1.0), (10.0, 1.0), (3.0, 0.5), (10.0, None)]
    assert remember_all(tmp_path, *scores, number=3) == [2, 5, 4]


def test_the_mean(tmp_path: Path) -> None:
    """Steps 2, 3 and 5 of the values 1 to 5 are the best: (2 + 3 + 5) / 3."""
    remember_all(tmp_path, (1.0, 1.0), (5.0, 1.0), (4.0, 1.0), (2.0, 1.0), (6.0, 1.0), number=3)
    model = layer(0.0)
    set_to_mean(model, stored(tmp_path))
    assert model.weight.item() == pytest.approx(10 / 3, rel=1e-7)


def test_weights_that_are_stored_again_are_no_second_entry(tmp_path: Path) -> None:
    for _ in range(2):
        remember(tmp_path, layer(1), record(7, 1.0, 1.0), 2)
    assert [step_of(path) for path in stored(tmp_path)] == [7]


def test_damaged_files_are_no_weights(tmp_path: Path) -> None:
    damaged = tmp_path / "averaging" / "step-9.safetensors"
    damaged.parent.mkdir()
    damaged.write_bytes(b"half a file")
    with pytest.raises(ModelError, match=r"step-9\.safetensors: not the weights"):
        set_to_mean(layer(0), [damaged])
    assert remember_all(tmp_path, (1.0, 1.0), number=2) == [1]


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    remember(tmp_path, layer(1, size=2), record(1, 1.0, 1.0), 2)
    with pytest.raises(ModelError, match="another network"):
        set_to_mean(layer(0), stored(tmp_path))


def test_nothing_is_stored_without_need(tmp_path: Path) -> None:
    """One set of weights is no mean, and a loss that is not finite is never good."""
    remember(tmp_path, layer(1), record(1, 1.0, 1.0), 1)
    assert list(tmp_path.iterdir()) == []
    remember(tmp_path, layer(1), record(1, 50.0, math.nan), 2)
    assert stored(tmp_path) == []
