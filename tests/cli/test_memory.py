"""Lack of memory ends in a message and exit code 5."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(sys.platform != "linux", reason="ulimit -v works on Linux only")
@pytest.mark.parametrize(
    ("command", "kilobytes"),
    [("translate", 1_200_000), ("train --dry-run", 1_200_000), ("train --dry-run", 2_000_000)],
)
def test_too_little_address_space_is_refused(command: str, kilobytes: int) -> None:
    line = f"ulimit -v {kilobytes}; echo hello | {sys.executable} -m seq2seq {command}"
    done = subprocess.run(line, shell=True, cwd=ROOT, capture_output=True, timeout=120)
    assert done.returncode == 5 and done.stdout == b""
    assert done.stderr.startswith(b"error: the address space is limited to")
    assert done.stderr.count(b"\n") == 1


@pytest.mark.skipif(sys.platform != "linux", reason="ulimit -v works on Linux only")
def test_an_allocation_that_fails_is_out_of_memory(tmp_path: Path) -> None:
    """A beam of 200 over 300 long sentences at once needs more than the 2 GB that are allowed."""
    words = ["house", "garden", "water", "friend", "summer", "letter"]
    draw = random.Random(1)
    lines = (" ".join(draw.choices(words, k=200)) for _ in range(3000))  # equal lines are translated once
    (tmp_path / "long.txt").write_text("".join(line + "\n" for line in lines))
    line = (
        f"ulimit -v 2000000; {sys.executable} -m seq2seq translate < long.txt "
        "--beam-size 200 --batch-size 3000 --buffer 3000"
    )
    done = subprocess.run(
        line,
        shell=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        timeout=250,
    )
    assert (done.returncode, done.stdout) == (5, b"")
    assert done.stderr.startswith(b"error: not enough memory") and done.stderr.count(b"\n") == 1
