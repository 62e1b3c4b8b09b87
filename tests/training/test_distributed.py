"""One process, and two that train together as one does."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from seq2seq.config import Settings
from seq2seq.training import distributed
from seq2seq.training.run_directory import RunDirectory
from seq2seq.training.trainer import Trainer
from tests import tiny

CPU = torch.device("cpu")
ROOT = Path(__file__).parents[2]
STEPS = 8


def test_alone() -> None:
    distributed.start("cpu")
    assert (distributed.rank(), distributed.world()) == (0, 1)
    assert distributed.is_main()
    assert distributed.total(2.5, CPU) == distributed.from_main(2.5, CPU) == 2.5
    value = {"x": torch.ones(2)}
    assert distributed.gather(value) == [value]
    distributed.barrier()
    distributed.stop()


def test_random_states() -> None:
    states = distributed.random_states(CPU)
    expected = torch.rand(5)
    assert distributed.restore_random(states, CPU)
    assert torch.equal(torch.rand(5), expected)
    before = torch.get_rng_state()
    assert not distributed.restore_random({}, CPU)
    assert not distributed.restore_random(states | {"cpu.1": states["cpu.0"]}, CPU)
    assert not distributed.restore_random(states | {"cuda.0": states["cpu.0"]}, CPU)
    assert torch.equal(torch.get_rng_state(), before)


def settings(dropout: float) -> Settings:
    """Batches of few sentences: now and then of one, which leaves the second process idle."""
    return tiny.settings(
        model={"dropout": dropout, "embedding_dropout": dropout},
        steps=STEPS,
        batch_tokens=24,
        accumulation=2,
        consistency=0.5 if dropout else 0.0,
        ema=0.5,
        validate_every=5,
    )


def train(folder: Path, dropout: float, *, stop: int = 0, rank: int = 0) -> dict[str, torch.Tensor]:
    """Train in `folder`; with `stop`, interrupt process `rank` at that step and resume. All tensors."""
    made = Trainer(
        settings(dropout),
        tiny.prepared(),
        tiny.pairs(4, seed=2),
        RunDirectory(folder),
        interrupted=lambda: made.state.step == stop > 0 and distributed.rank() == rank,
    )
    made.run()
    if stop:
        made.run_directory.close()
        return resumed(folder, dropout)
    return {
        f"{g}.{n}": t.detach() for g, named in made.train_step.tensors().items() for n, t in named.items()
    }


def resumed(folder: Path, dropout: float) -> dict[str, torch.Tensor]:
    """Go on in `folder`."""
    made = Trainer(settings(dropout), tiny.prepared(), tiny.pairs(4, seed=2), RunDirectory(folder))
    made.resume()
    assert made.state.step < STEPS
    made.run()
    return {
        f"{g}.{n}": t.detach() for g, named in made.train_step.tensors().items() for n, t in named.items()
    }


def worker(folder: Path) -> None:
    """What each of two processes does."""
    torch.set_num_threads(1)
    distributed.start("cpu")
    assert distributed.world() == 2
    Trainer(settings(0.3), tiny.prepared(), tiny.pairs(4, seed=2), RunDirectory(folder))
    save_file({"state": torch.get_rng_state()}, folder / f"start.{distributed.rank()}")
    runs = {
        "plain": train(folder / "plain", 0.0),
        "straight": train(folder / "straight", 0.3),
        "resumed": train(folder / "resumed", 0.3, stop=3, rank=1),
    }
    for name, tensors in runs.items():
        save_file(
            {key: value.clone() for key, value in tensors.items()}, folder / f"{name}.{distributed.rank()}"
        )
    distributed.stop()


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which two processes trained."""
    folder = tmp_path_factory.mktemp("two")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": "2"}
    environment |= {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, __file__, str(folder)]
    processes = [
        subprocess.Popen(
            command,
            env=environment | {"RANK": str(rank), "LOCAL_RANK": str(rank)},
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    for process in processes:
        _, error = process.communicate(timeout=280)
        assert process.returncode == 0, error
    return folder


def test_both_processes_end_with_the_same_weights(together: Path) -> None:
    one, other = load_file(together / "plain.0"), load_file(together / "plain.1")
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_two_processes_train_as_one_does(together: Path, tmp_path: Path) -> None:
    two, one = load_file(together / "plain.0"), train(tmp_path, 0.0)
    assert two.keys() == one.keys()
    start = dict(
        Trainer(settings(0.0), tiny.prepared(), tiny.pairs(1), RunDirectory(tmp_path)).train_step.tensors()[
            "model"
        ]
    )
    for name, weight in one.items():
        if name.split(".")[0] in ("model", "average"):
            assert (two[name] - weight).abs().max() <= 1e-6, name
    moved = max(float((one[f"model.{name}"] - value).detach().abs().max()) for name, value in start.items())
    assert moved > 1e-2  # the agreement is not that of weights that never moved


def test_the_log_is_that_of_one_process(together: Path, tmp_path: Path) -> None:
    train(tmp_path, 0.0)
    two, one = RunDirectory(together / "plain").records(), RunDirectory(tmp_path).records()
    assert len(two) == len(one)
    for mine, theirs in zip(one, two, strict=True):
        assert mine["loss"] == pytest.approx(theirs["loss"], rel=1e-5)
        assert mine.get("tokens") == theirs.get("tokens") and mine["step"] == theirs["step"]


def test_two_processes_resume_exactly(together: Path) -> None:
    for rank in range(2):
        straight, again = load_file(together / f"straight.{rank}"), load_file(together / f"resumed.{rank}")
        assert straight.keys() == again.keys()
        assert all(torch.equal(straight[name], again[name]) for name in straight)


def test_processes_drop_different_units(together: Path) -> None:
    """With dropout, two processes are not one: each has a generator of its own, from the start."""
    start = [load_file(together / f"start.{rank}")["state"] for rank in range(2)]
    assert not torch.equal(start[0], start[1])
    stored = load_file(next((together / "straight" / "checkpoints").iterdir()) / "random.safetensors")
    assert stored.keys() == {"cpu.0", "cpu.1"} and not torch.equal(stored["cpu.0"], stored["cpu.1"])


if __name__ == "__main__":
    worker(Path(sys.argv[1]))
