"""The command as a process: closed streams, other locales, little memory. Never a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COMMAND = f"{sys.executable} -m seq2seq"


def shell(line: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run a line of shell in the checkout."""
    return subprocess.run(
        line, shell=True, cwd=ROOT, env=os.environ | environment, capture_output=True, timeout=120
    )


def test_closed_stdin() -> None:
    done = shell(f"{COMMAND} translate <&-")
    assert done.returncode == 2 and done.stdout == b""
    assert done.stderr == b"error: stdin is closed, expected the text to translate\n"


@pytest.mark.parametrize("command", ["--version", "info", "translate"])
def test_closed_stdout(command: str) -> None:
    done = shell(f"echo hello | {COMMAND} {command} >&-")
    assert done.returncode == 5
    assert done.stderr == b"error: stdout is closed, and results are written there\n"


def test_closed_stderr() -> None:
    done = shell(f"{COMMAND} nonsense 2>&-")
    assert done.returncode == 2 and done.stdout == b""


def test_a_full_device() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    done = shell(f"echo hello | {COMMAND} translate > /dev/full")
    assert done.returncode == 5 and b"No space left on device" in done.stderr
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["info", "translate --json"])
def test_an_ascii_locale(command: str) -> None:
    done = shell(f"echo hello | {COMMAND} {command}", LC_ALL="C", PYTHONUTF8="0", PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    done.stdout.decode("utf-8")
    assert b"\xe2\x86\x92" in done.stdout or command != "info"  # the arrow, as UTF-8


@pytest.mark.skipif(sys.platform != "linux", reason="ulimit -v works on Linux only")
@pytest.mark.parametrize("kilobytes", [1_200_000, 2_000_000])
@pytest.mark.parametrize("command", ["translate", "train --dry-run"])
def test_too_little_address_space(command: str, kilobytes: int) -> None:
    done = shell(f"ulimit -v {kilobytes}; echo hello | {COMMAND} {command}")
    assert done.returncode == 5 and done.stdout == b""
    assert b"error: the address space is limited to" in done.stderr and b"Traceback" not in done.stderr


def test_a_fault_of_the_program_is_one_line(tmp_path: Path) -> None:
    code = (
        "from seq2seq.cli import main, info\n"
        "def fail(self): raise RuntimeError('first line\\nsecond line')\n"
        "info.Info.run = fail\n"
        "main.main(['info'])\n"
    )
    (tmp_path / "fail.py").write_text(code)
    done = shell(f"{sys.executable} {tmp_path / 'fail.py'}", PYTHONPATH=str(ROOT))
    assert done.returncode == 1
    assert done.stderr.startswith(b"error: RuntimeError: first line (a fault of seq2seq itself")
    assert done.stderr.count(b"\n") == 1
    loud = shell(f"{sys.executable} {tmp_path / 'fail.py'}", PYTHONPATH=str(ROOT), SEQ2SEQ_TRACEBACK="1")
    assert b"Traceback" in loud.stderr
