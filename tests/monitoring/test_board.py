"""Curves for TensorBoard, with a writer that records what it is given."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from seq2seq.monitoring import board as module
from seq2seq.monitoring.board import Board
from tests import tiny
from tests.training.tiny_trainer import make_trainer


class Writer:
    """Stands for `torch.utils.tensorboard.SummaryWriter`."""

    made: list[Writer]

    def __init__(self, folder: str, *, purge_step: int) -> None:
        self.folder, self.purge_step, self.closed = folder, purge_step, False
        self.scalars: list[tuple[str, float, int]] = []
        self.texts: list[tuple[str, str, int]] = []
        Writer.made.append(self)

    def add_scalar(self, name: str, value: float, step: int) -> None:
        self.scalars.append((name, value, step))

    def add_text(self, name: str, text: str, step: int) -> None:
        self.texts.append((name, text, step))

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def writers(monkeypatch: pytest.MonkeyPatch) -> list[Writer]:
    """The writers that are made, with a TensorBoard that is installed."""
    Writer.made = []
    package = ModuleType("torch.utils.tensorboard")
    package.SummaryWriter = Writer  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", package)
    monkeypatch.setattr(module, "is_installed", lambda: True)
    return Writer.made


def step(number: int, **values: Any) -> dict[str, Any]:
    return {"event": "step", "step": number, "loss": 2.5, "learning_rate": 0.1, **values}


def test_numbers_and_samples_are_written(tmp_path: Path, writers: list[Writer]) -> None:
    board = Board(tmp_path)
    board.write(step(3, gradient_norm=None))
    sample = {"source": "one", "reference": "un", "translation": "deux"}
    board.write({"event": "validation", "step": 4, "loss": 3.0, "bleu": 1.5, "samples": [sample]})
    board.write({"event": "fallback", "step": 4})
    (writer,) = writers
    assert writer.folder == str(tmp_path / "tensorboard") and writer.purge_step == 3
    assert writer.scalars == [
        ("loss/training", 2.5, 3),
        ("training/learning_rate", 0.1, 3),
        ("loss/validation", 3.0, 4),
        ("bleu/greedy", 1.5, 4),
    ]
    assert writer.texts == [("sample 1", "source: one\n\nreference: un\n\ntranslation: deux", 4)]


def test_curves_go_on_from_the_step_of_a_resumed_run(tmp_path: Path, writers: list[Writer]) -> None:
    board = Board(tmp_path)
    board.write(step(9))
    board.restart()
    board.write(step(5))
    assert [(writer.purge_step, writer.closed) for writer in writers] == [(9, True), (5, False)]


def test_without_tensorboard_nothing_is_written(tmp_path: Path, writers: list[Writer]) -> None:
    Board(tmp_path, installed=False).write(step(1))
    assert writers == [] and not list(tmp_path.iterdir())


def test_a_training_writes_its_curves(tmp_path: Path, writers: list[Writer]) -> None:
    make_trainer(tmp_path, tiny.settings(steps=3)).run()
    assert writers[0].closed
    assert [number for name, _, number in writers[0].scalars if name == "loss/training"] == [1, 2, 3]
    assert {name for name, _, _ in writers[0].texts} == {"sample 1", "sample 2", "sample 3"}
