"""Two processes that train together, and one of them fails: one message, and the exit code of its kind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests import tiny

ROOT = Path(__file__).parents[2]
OPTIONS = [
    *("--model.embedding-size", "12", "--model.encoder-size", "8", "--model.decoder-size", "16"),
    *("--model.attention-size", "8", "--data.vocab-size", "300", "--device", "cpu"),
    *("--training.validate-every", "100000", "--training.steps", "100000"),
]


def write(path: Path, number: int) -> str:
    path.write_text("".join(f"{pair.source}\t{pair.target}\n" for pair in tiny.pairs(number)))
    return str(path)


def start(train: str, valid: str, out: Path) -> list[subprocess.Popen[str]]:
    """Two processes with the environment that torchrun gives them."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": "2"}
    environment |= {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "seq2seq", "train", "--train", train, "--valid", valid]
    return [
        subprocess.Popen(
            [*command, "--out", str(out), *OPTIONS],
            env=environment | {"RANK": str(rank), "LOCAL_RANK": str(rank)},
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]


def ends(processes: list[subprocess.Popen[str]]) -> tuple[list[str], list[int]]:
    """The error messages of all processes, and the exit code of each."""
    errors = [process.communicate(timeout=120)[1] for process in processes]
    lines = [line for text in errors for line in text.split("\n") if line.startswith(("error", "Traceback"))]
    return lines, [process.returncode for process in processes]


@pytest.mark.slow
@pytest.mark.parametrize("wrong", ["train", "valid"])
def test_an_error_in_the_data_is_said_once(tmp_path: Path, wrong: str) -> None:
    paths = {"train": write(tmp_path / "train.tsv", 60), "valid": write(tmp_path / "valid.tsv", 6)}
    Path(paths[wrong]).write_text("one\tun\ntwo\n")
    lines, codes = ends(start(paths["train"], paths["valid"], tmp_path / "run"))
    assert lines == [f"error: {paths[wrong]}:2: 1 column found, expected 2"]
    assert codes == [3, 3]  # every process looks at the data first, and only the first one speaks


@pytest.mark.slow
def test_a_killed_process_is_one_message_of_the_other(tmp_path: Path) -> None:
    train, valid = write(tmp_path / "train.tsv", 60), write(tmp_path / "valid.tsv", 6)
    processes = start(train, valid, tmp_path / "run")
    log = tmp_path / "run" / "log.jsonl"
    while not log.exists() or not log.stat().st_size:
        assert processes[0].poll() is None
        time.sleep(0.1)
    processes[1].kill()
    lines, codes = ends(processes)
    assert len(lines) == 1 and lines[0].startswith("error: another process of this training has ended")
    assert codes == [5, -signal.SIGKILL]
