"""Four processes train like one, and two go on with what they had begun."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from seq2seq.processes import distributed
from seq2seq.training.run_directory import RunDirectory
from tests.training.test_distributed import ROOT, STEPS, make_trainer, train

HALF = 4


def half(folder: Path) -> None:
    """Train up to step `HALF`, where an interruption saves."""
    trainer = make_trainer(folder, 0.0, interrupted=lambda: trainer.state.step == HALF)
    assert trainer.run().stopped == "interrupted"
    trainer.run_directory.close()


def other_half(folder: Path) -> None:
    trainer = make_trainer(folder, 0.0)
    trainer.resume()
    assert trainer.state.step == HALF
    trainer.run()
    trainer.run_directory.close()


WORK = {"half": half, "other half": other_half}


def worker(folder: Path, work: str) -> None:
    """What each of several processes does."""
    torch.set_num_threads(1)
    distributed.start("cpu")
    WORK[work](folder)
    distributed.stop()


def together(processes: int, folder: Path, work: str) -> None:
    """Let so many processes do the work."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    environment |= {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "WORLD_SIZE": str(processes)}
    command = [sys.executable, __file__, str(folder), work]
    started = [
        subprocess.Popen(command, env=environment | {"RANK": str(rank), "LOCAL_RANK": str(rank)})
        for rank in range(processes)
    ]
    assert [process.wait(timeout=280) for process in started] == [0] * processes


def losses(folder: Path) -> list[float]:
    """All losses of the log, those of updates and of validations."""
    return [record["loss"] for record in RunDirectory(folder).records()]


@pytest.mark.slow
def test_four_processes_and_two_that_go_on_train_to_the_losses_of_one(tmp_path: Path) -> None:
    """Batches of a single sentence leave three of the four idle."""
    train(tmp_path / "alone", 0.0)
    together(4, tmp_path / "four", "half")
    together(2, tmp_path / "four", "other half")
    alone = losses(tmp_path / "alone")
    assert len(alone) > STEPS and losses(tmp_path / "four") == pytest.approx(alone, rel=1e-5)


if __name__ == "__main__":
    worker(Path(sys.argv[1]), sys.argv[2])
