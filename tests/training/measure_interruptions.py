"""Counts what docs/explanation/promises.md promises of interrupted trainings: 50 SIGKILLs, 20 other signals.

    python tests/training/measure_interruptions.py FOLDER

Each training is a process of its own: a fork of this one, which has imported all modules already, so that the
whole takes minutes. After all interruptions, the losses are compared with those of a training without any.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from importlib import import_module
from pathlib import Path

import torch

from seq2seq.cli.main import run
from seq2seq.training import checkpoint
from seq2seq.training.run_directory import RunDirectory
from tests import tiny

KILLS, SIGNALS, EVERY = 50, 20, 5
OPTIONS = [
    *("--data.vocab-size", "300", "--model.embedding-size", "8", "--model.encoder-size", "8"),
    *("--model.decoder-size", "8", "--model.attention-size", "8", "--training.batch-tokens", "60"),
    *("--training.validation-sentences", "4", "--device", "cpu", "--threads", "1", "--no-preflight"),
    *("--training.save-every", str(EVERY), "--training.validate-every", "7", "--training.patience", "0"),
    *("--training.schedule", "inverse_sqrt"),  # does not depend on the limit of the training
]


def preload() -> None:
    """Import what a training imports when it needs it, so that the forks start quickly."""
    for name in ("datasets", "sacrebleu", "seq2seq.training.run"):
        import_module(name)
    torch.optim.Adam([torch.zeros(1, requires_grad=True)])  # imports the compiler


def fork(arguments: list[str], messages: Path) -> int:
    """Run the command in a child process; returns its number."""
    child = os.fork()
    if child:
        return child
    sys.stderr = messages.open("a", encoding="utf-8")
    os._exit(run(arguments))


def last_step(out: Path) -> int:
    return max((record["step"] for record in RunDirectory(out).records()), default=0)


def wait_for(out: Path, step: int) -> None:
    while last_step(out) < step:
        time.sleep(0.01)


def losses(out: Path) -> list[float]:
    return [record["loss"] for record in RunDirectory(out).records() if record["event"] == "step"]


class Runs:
    """A training in `folder / name` that is started again and again, and one without interruption."""

    def __init__(self, folder: Path, name: str) -> None:
        self.data, self.out, self.messages = folder / "train.tsv", folder / name, folder / f"{name}.txt"
        self.folder = folder
        self.data.write_text("".join(f"{pair.source}\t{pair.target}\n" for pair in tiny.pairs(200)))

    def start(self, *, resume: bool, out: Path | None = None, steps: int = 100_000) -> int:
        chosen = ["--out", str(out or self.out), "--training.steps", str(steps)]
        new = ["train", "--train", str(self.data), *chosen, *OPTIONS]
        again = ["train", "--resume", *chosen, "--threads", "1"]
        return fork(again if resume else new, self.messages)

    def equals_uninterrupted(self) -> bool:
        """Whether the losses so far are those of a training without interruption."""
        straight, steps = self.folder / f"{self.out.name}-straight", last_step(self.out)
        os.waitpid(self.start(resume=False, out=straight, steps=steps), 0)
        return losses(self.out) == losses(straight)


def count_kills(folder: Path, chance: random.Random) -> str:
    """SIGKILL at random moments: the newest checkpoint must be whole, and at most `EVERY` steps old."""
    runs, reached, lost = Runs(folder, "killed"), 0, list[int]()
    child = runs.start(resume=False)
    for _ in range(KILLS):
        wait_for(runs.out, reached + chance.randint(1, 8))
        time.sleep(chance.random() * 0.05)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        reached = last_step(runs.out)
        stored = checkpoint.stored(runs.out / "checkpoints")
        lost.append(reached - (checkpoint.load(stored[-1][1]).state["place"]["step"] if stored else 0))
        child = runs.start(resume=True)
    wait_for(runs.out, reached + 1)
    os.kill(child, signal.SIGTERM)
    os.waitpid(child, 0)
    good = sum(number <= EVERY for number in lost)
    warned = "warning" in runs.messages.read_text()
    return (
        f"{good} of {KILLS} kills lost at most {EVERY} steps (most: {max(lost)}), damaged checkpoints: "
        f"{warned}, losses as without kills: {runs.equals_uninterrupted()}"
    )


def count_signals(folder: Path, chance: random.Random) -> str:
    """SIGTERM and SIGINT in turn, at random moments after the first update, validations included."""
    runs, times, right = Runs(folder, "stopped"), list[float](), 0
    child, reached = runs.start(resume=False), 0
    for number in range(SIGNALS):
        wait_for(runs.out, reached + chance.randint(1, 8))
        time.sleep(chance.random() * 0.1)
        sent, kind = time.monotonic(), (signal.SIGTERM, signal.SIGINT)[number % 2]
        os.kill(child, kind)
        _, status = os.waitpid(child, 0)
        times.append(time.monotonic() - sent)
        reached = last_step(runs.out)
        saved = checkpoint.stored(runs.out / "checkpoints")[-1][0] == reached
        right += os.waitstatus_to_exitcode(status) == 128 + kind and saved
        child = runs.start(resume=True)
    wait_for(runs.out, reached + 1)
    os.kill(child, signal.SIGTERM)
    os.waitpid(child, 0)
    return (
        f"{right} of {SIGNALS} signals saved the last step and ended with 143 or 130, in at most "
        f"{max(times):.1f} s; losses as without signals: {runs.equals_uninterrupted()}"
    )


if __name__ == "__main__":
    torch.set_num_threads(1)
    preload()
    place = Path(sys.argv[1])
    place.mkdir(parents=True)
    print(count_kills(place, random.Random(3)), flush=True)
    print(count_signals(place, random.Random(4)), flush=True)
