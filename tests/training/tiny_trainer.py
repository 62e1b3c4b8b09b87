"""Small trainers, and what is compared between two runs."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from seq2seq.config import Settings
from seq2seq.training import train_step
from seq2seq.training.run_directory import RunDirectory
from seq2seq.training.run_state import RunState
from seq2seq.training.trainer import Trainer
from tests import tiny

TIMES = ("seconds", "tokens_per_second")
Condition = Callable[[RunState], bool]


def make_trainer(
    folder: Path, settings: Settings, *, stop_at: Condition = lambda state: False, **options: Any
) -> Trainer:
    """A trainer in `folder`, which is interrupted as soon as `stop_at` is true of its state."""
    trainer = Trainer(
        settings,
        tiny.prepared(),
        tiny.pairs(8, seed=2),
        RunDirectory(folder),
        languages=("en", "fr"),
        interrupted=lambda: stop_at(trainer.state),
        **options,
    )
    return trainer


def everything(trainer: Trainer) -> dict[str, Any]:
    """All that resuming restores, and the log, without times."""
    trainer.run_directory.close()
    state = {name: value for name, value in vars(trainer.state).items() if name not in TIMES}
    log = [
        {name: value for name, value in record.items() if name not in TIMES}
        for record in trainer.run_directory.records()
    ]
    tensors = {
        f"{group}.{name}": tensor.detach().clone()
        for group, named in trainer.train_step.tensors().items()
        for name, tensor in named.items()
    }
    return {"state": state, "log": log, "random": torch.get_rng_state(), **tensors}


def assert_same(one: dict[str, Any], other: dict[str, Any]) -> None:
    """Equal bit for bit."""
    assert one.keys() == other.keys()
    for name, value in one.items():
        if isinstance(value, Tensor):
            assert torch.equal(value, other[name]), name
        else:
            assert value == other[name], name


def logged(trainer: Trainer, event: str, name: str = "step") -> list[Any]:
    """One value of all records of an event."""
    trainer.run_directory.close()
    return [record[name] for record in trainer.run_directory.records() if record["event"] == event]


def change_losses(monkeypatch: pytest.MonkeyPatch, calls: set[int], factor: float) -> None:
    """Multiply the training loss of some calls, counted from 1, by `factor`, such as NaN."""
    counter = itertools.count(1)
    original = train_step.cross_entropy

    def loss(logits: Tensor, targets: Tensor, *, smoothing: float = 0.0) -> Tensor:
        value = original(logits, targets, smoothing=smoothing)
        return value * factor if next(counter) in calls else value

    monkeypatch.setattr(train_step, "cross_entropy", loss)
