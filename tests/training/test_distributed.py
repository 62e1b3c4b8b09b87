"""One process, two processes that train like one, and the GPU of each process."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from seq2seq.config import Settings
from seq2seq.devices import local_rank
from seq2seq.errors import RunError, UsageError
from seq2seq.processes import distributed
from seq2seq.training import checkpoint
from seq2seq.training.run_directory import RunDirectory
from seq2seq.training.train_step import StepResult
from seq2seq.training.trainer import Trainer
from tests import tiny

CPU = torch.device("cpu")
ROOT = Path(__file__).parents[2]
STEPS = 8


def test_one_process_alone() -> None:
    assert distributed.start("cpu") == CPU
    assert (distributed.rank(), distributed.world()) == (0, 1)
    assert distributed.is_main()
    assert distributed.total(2.5, CPU) == distributed.from_main(2.5, CPU) == 2.5
    value = {"x": torch.ones(2)}
    assert distributed.gather(value) == [value]
    model = torch.nn.Linear(1, 1)
    model(torch.ones(1, 1)).backward()
    weights, gradient = model.weight.detach().clone(), model.weight.grad
    distributed.share_weights(model)
    distributed.add_gradients(model)
    assert torch.equal(model.weight, weights) and gradient is model.weight.grad
    assert gradient is not None and gradient.item() == 1
    assert distributed.said_by_any(print) is print
    distributed.barrier()
    distributed.stop()


class Cuda:
    """A machine with GPUs, and a record of what is done with them."""

    def __init__(self, patch: pytest.MonkeyPatch, *, gpus: int) -> None:
        self.calls: list[Any] = []
        patch.setattr(torch.cuda, "is_available", lambda: gpus > 0)
        patch.setattr(torch.cuda, "device_count", lambda: gpus)
        patch.setattr(torch.cuda, "set_device", lambda device: self.calls.append(("set_device", str(device))))
        patch.setattr(distributed, "find_device", self.find_device)
        patch.setattr(distributed.dist, "init_process_group", self.init_process_group)

    def find_device(self, name: str) -> torch.device:
        if name == "cpu" or (name == "auto" and not torch.cuda.is_available()):
            return CPU
        return torch.device(name if ":" in name else f"cuda:{local_rank()}")

    def init_process_group(self, backend: str, *, device_id: torch.device | None = None) -> None:
        self.calls.append((backend, str(device_id)))


def torchrun(patch: pytest.MonkeyPatch, *, processes: int, rank: int, local: int | None = None) -> None:
    """What torchrun sets in a process."""
    patch.setenv("WORLD_SIZE", str(processes))
    patch.setenv("LOCAL_RANK", str(rank))
    patch.setenv("LOCAL_WORLD_SIZE", str(local or processes))


@pytest.mark.parametrize("name", ["auto", "cuda"])
@pytest.mark.parametrize("rank", [0, 1, 3])
def test_each_process_uses_its_own_gpu(monkeypatch: pytest.MonkeyPatch, name: str, rank: int) -> None:
    """torch's current device too: else every process computes and communicates on GPU 0."""
    cuda = Cuda(monkeypatch, gpus=4)
    torchrun(monkeypatch, processes=8, rank=rank, local=4)
    assert distributed.start(name) == torch.device("cuda", rank)
    assert cuda.calls == [("set_device", f"cuda:{rank}"), ("nccl", f"cuda:{rank}")]


def test_one_process_uses_the_gpu_that_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    cuda = Cuda(monkeypatch, gpus=2)
    assert distributed.start("cuda:1") == torch.device("cuda:1")
    assert cuda.calls == [("set_device", "cuda:1")]


@pytest.mark.parametrize("name", ["auto", "cuda"])
def test_more_processes_than_gpus_are_refused(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    cuda = Cuda(monkeypatch, gpus=2)
    torchrun(monkeypatch, processes=3, rank=0)
    with pytest.raises(UsageError, match=r"3 processes on this machine, but 2 GPUs: .*--nproc-per-node 2"):
        distributed.start(name)
    assert cuda.calls == []


def test_processes_that_would_share_a_gpu_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    Cuda(monkeypatch, gpus=2)
    torchrun(monkeypatch, processes=2, rank=1)
    with pytest.raises(UsageError, match="'cuda:1' for 2 processes, which would share this GPU"):
        distributed.start("cuda:1")


@pytest.mark.parametrize(("name", "gpus"), [("cpu", 1), ("auto", 0)])
def test_processes_on_cpus_use_gloo(monkeypatch: pytest.MonkeyPatch, name: str, gpus: int) -> None:
    cuda = Cuda(monkeypatch, gpus=gpus)
    torchrun(monkeypatch, processes=3, rank=2)
    assert distributed.start(name) == CPU
    assert cuda.calls == [("gloo", "None")]


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("[…/third_party/gloo/gloo/transport/tcp/pair.cc:553] Connection closed by peer"),
        RuntimeError("NCCL communicator was aborted on rank 1"),
        torch.distributed.DistNetworkError("failed to recv, got 0 bytes"),
    ],
)
def test_a_lost_process_is_a_run_error(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """The main process says it, the others end with the same code and say nothing."""
    monkeypatch.setattr(distributed, "world", lambda: 2)
    monkeypatch.setattr(distributed, "LAST_WORDS", 0.0)
    with pytest.raises(RunError, match="another process") as raised, distributed.lost_process():
        raise error
    assert raised.value.exit_code == 5
    for other in (RunError("disk full"), RuntimeError("shapes differ"), KeyError("gloo")):
        with pytest.raises(type(other)) as same, distributed.lost_process():
            raise other
        assert same.value is other
    monkeypatch.setattr(distributed, "rank", lambda: 1)
    with pytest.raises(SystemExit) as silent, distributed.lost_process():
        raise error
    assert silent.value.code == 5


def test_the_main_process_works_first(monkeypatch: pytest.MonkeyPatch) -> None:
    events = list[str]()
    monkeypatch.setattr(distributed, "barrier", lambda: events.append("barrier"))
    for rank in (0, 1):
        monkeypatch.setattr(distributed, "rank", lambda rank=rank: rank)
        assert distributed.main_first(lambda: events.append("work")) is None
    assert events == ["work", "barrier", "barrier", "work"]


def test_random_states_are_restored_if_they_fit() -> None:
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
    """Small batches: some have a single sentence, which leaves the second process idle."""
    return tiny.settings(
        model={"dropout": dropout, "embedding_dropout": dropout},
        steps=STEPS,
        batch_tokens=24,
        accumulation=2,
        consistency=0.5 if dropout else 0.0,
        ema=0.5,
        validate_every=5,
        save_every=4,
    )


def make_trainer(folder: Path, dropout: float, **options: Any) -> Trainer:
    return Trainer(settings(dropout), tiny.prepared(), tiny.pairs(4, seed=2), RunDirectory(folder), **options)


def all_tensors(trainer: Trainer) -> dict[str, torch.Tensor]:
    groups = trainer.train_step.tensors().items()
    return {f"{group}.{name}": tensor.detach() for group, named in groups for name, tensor in named.items()}


def train(folder: Path, dropout: float, *, stop: int = 0, rank: int = 0) -> dict[str, torch.Tensor]:
    """Train in `folder`; with `stop`, interrupt process `rank` at that step and resume. All tensors."""
    trainer = make_trainer(
        folder,
        dropout,
        interrupted=lambda: trainer.state.step == stop > 0 and distributed.rank() == rank,
    )
    trainer.run()
    if stop:
        trainer.run_directory.close()
        trainer = make_trainer(folder, dropout)
        trainer.resume()
        assert trainer.state.step < STEPS
        trainer.run()
    return all_tensors(trainer)


def diverge(folder: Path) -> dict[str, torch.Tensor]:
    """Train with updates that are not finite from step 5 to 7: back to the checkpoint of step 4."""
    trainer = make_trainer(folder, 0.3)
    original = trainer.train_step.update

    def update(*arguments: Any, step: int, **options: Any) -> StepResult:
        result = original(*arguments, step=step, **options)
        return replace(result, finite=result.finite and (step < 5 or trainer.state.fallbacks > 0))

    trainer.train_step.update = update  # type: ignore[method-assign]
    assert trainer.run().fallbacks == 1
    return all_tensors(trainer)


def scarce(folder: Path) -> dict[str, torch.Tensor]:
    """Train where the second process never has memory for two sentences."""
    trainer = make_trainer(folder, 0.0)

    def check(module: torch.nn.Module, arguments: tuple[torch.Tensor, ...]) -> None:
        if module.training and len(arguments[0]) > 1 and distributed.rank() == 1:
            raise MemoryError

    trainer.train_step.model.register_forward_pre_hook(check)
    trainer.run()
    limits = distributed.gather({"limit": torch.tensor([trainer.train_step.micro_batches.limit])})
    assert [bool(one["limit"]) for one in limits] == [False, True]
    return all_tensors(trainer)


def worker(folder: Path) -> None:
    """What each of two processes does."""
    torch.set_num_threads(1)
    distributed.start("cpu")
    assert distributed.world() == 2
    make_trainer(folder, 0.3)
    save_file({"state": torch.get_rng_state()}, folder / f"start.{distributed.rank()}")
    runs = {
        "plain": train(folder / "plain", 0.0),
        "straight": train(folder / "straight", 0.3),
        "resumed": train(folder / "resumed", 0.3, stop=3, rank=1),
        "diverged": diverge(folder / "diverged"),
        "scarce": scarce(folder / "scarce"),
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
        (folder / f"messages.{process.pid}").write_text(error)
    return folder


def test_both_processes_end_with_the_same_weights(together: Path) -> None:
    one, other = load_file(together / "plain.0"), load_file(together / "plain.1")
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_two_processes_train_as_one_does(together: Path, tmp_path: Path) -> None:
    two, one = load_file(together / "plain.0"), train(tmp_path, 0.0)
    assert two.keys() == one.keys()
    start = dict(make_trainer(tmp_path, 0.0).train_step.tensors()["model"])
    for name, weight in one.items():
        if name.split(".")[0] in ("model", "average"):
            assert (two[name] - weight).abs().max() <= 1e-6, name
    moved = max(float((one[f"model.{name}"] - value).detach().abs().max()) for name, value in start.items())
    assert moved > 1e-2  # the agreement is not that of weights that never moved


def test_the_log_is_that_of_one_process(together: Path, tmp_path: Path) -> None:
    train(tmp_path, 0.0)
    two, one = RunDirectory(together / "plain").records(), RunDirectory(tmp_path).records()
    assert len(two) == len(one)
    for record, other in zip(one, two, strict=True):
        assert record["loss"] == pytest.approx(other["loss"], rel=1e-5)
        assert record.get("tokens") == other.get("tokens") and record["step"] == other["step"]


def test_two_processes_resume_exactly(together: Path) -> None:
    for rank in range(2):
        straight, again = load_file(together / f"straight.{rank}"), load_file(together / f"resumed.{rank}")
        assert straight.keys() == again.keys()
        assert all(torch.equal(straight[name], again[name]) for name in straight)


def test_two_processes_go_back_together_from_a_divergence(together: Path) -> None:
    one, other = load_file(together / "diverged.0"), load_file(together / "diverged.1")
    assert all(torch.equal(one[name], other[name]) for name in one)
    records = RunDirectory(together / "diverged").records()
    assert [r["step"] for r in records if r["event"] == "step"] == list(range(1, STEPS + 1))
    assert [(r["from_step"], r["step"]) for r in records if r["event"] == "fallback"] == [(7, 4)]


def test_a_process_without_memory_halves_its_part_and_the_others_wait(together: Path) -> None:
    """The gradients, and so the weights, are those of a training with enough memory."""
    plain = load_file(together / "plain.0")
    for rank in range(2):
        halved = load_file(together / f"scarce.{rank}")
        assert halved.keys() == plain.keys()
        for name in plain:
            assert torch.allclose(halved[name], plain[name], rtol=1e-5, atol=1e-6), name
    said = [path.read_text() for path in together.glob("messages.*")]
    assert sum("process 1: step " in text and ": out of memory with" in text for text in said) == 1


def test_processes_drop_different_units(together: Path) -> None:
    """Each process has a random generator of its own, from the start."""
    start = [load_file(together / f"start.{rank}")["state"] for rank in range(2)]
    assert not torch.equal(start[0], start[1])
    path = checkpoint.stored(together / "straight" / "checkpoints")[-1][1]
    stored = load_file(path / "random.safetensors")
    assert stored.keys() == {"cpu.0", "cpu.1"} and not torch.equal(stored["cpu.0"], stored["cpu.1"])


if __name__ == "__main__":
    worker(Path(sys.argv[1]))
