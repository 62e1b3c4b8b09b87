"""A run with `data.sampling` is the same in every process, and when it is resumed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import torch

from seq2seq.config import Settings
from tests import tiny
from tests.training.tiny_trainer import make_trainer

ROOT = Path(__file__).parents[2]
SETTINGS = tiny.settings(steps=6, save_every=3, data={"sampling": 0.5, "sampling_alpha": 0.1})


def train(folder: Path, settings: Settings = SETTINGS, *, stop: int = 0) -> list[float]:
    """Train, or go on training, until the end or step `stop`; the losses of all updates so far."""
    trainer = make_trainer(folder, settings, stop_at=lambda state: state.step == stop > 0)
    trainer.resume()
    trainer.run()
    trainer.run_directory.close()
    return losses(folder)


def train_elsewhere(folder: Path) -> list[float]:
    """The same in a process of its own."""
    environment = os.environ | {"OMP_NUM_THREADS": str(torch.get_num_threads()), "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, __file__, str(folder)], env=environment, check=True)
    return losses(folder)


def losses(folder: Path) -> list[float]:
    records = map(json.loads, (folder / "log.jsonl").read_text().splitlines())
    return [record["loss"] for record in records if record["event"] == "step"]


def test_sampling_is_the_same_in_every_process(tmp_path: Path) -> None:
    straight = train(tmp_path / "one")
    assert len(straight) == 6 and train_elsewhere(tmp_path / "other") == straight
    assert len(train(tmp_path / "stopped", stop=2)) == 2
    assert train_elsewhere(tmp_path / "stopped") == straight
    assert train(tmp_path / "plain", tiny.settings(steps=6)) != straight


if __name__ == "__main__":
    train(Path(sys.argv[1]))
