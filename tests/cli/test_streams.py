"""The standard streams of the command as a process: closed, full, or in another locale."""

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


def test_closed_stdin_is_wrong_usage() -> None:
    done = shell(f"{COMMAND} translate <&-")
    assert done.returncode == 2 and done.stdout == b""
    assert done.stderr == b"error: stdin is closed, expected the text to translate\n"


@pytest.mark.parametrize("command", ["--version", "info", "translate"])
def test_closed_stdout_is_an_error(command: str) -> None:
    done = shell(f"echo hello | {COMMAND} {command} >&-")
    assert done.returncode == 5
    assert done.stderr == b"error: stdout is closed, and results are written there\n"


def test_training_needs_no_stdout(tmp_path: Path) -> None:
    done = shell(f"{COMMAND} train --resume --out {tmp_path} >&-")
    assert done.returncode == 4 and b"no run to resume" in done.stderr


def test_closed_stdout_is_reported_before_the_work() -> None:
    done = shell(f"{COMMAND} evaluate --model nowhere --test nothing.tsv >&-")
    assert done.returncode == 5 and done.stderr.startswith(b"error: stdout is closed")


def test_messages_for_a_closed_stderr_do_not_go_to_stdout() -> None:
    done = shell(f"{COMMAND} nonsense 2>&-")
    assert done.returncode == 2 and done.stdout == b""


def test_files_never_get_the_number_of_a_closed_stream() -> None:
    code = "import os; from seq2seq.cli.streams import prepare_streams as p; p(); f = open(os.devnull); "
    done = shell(f"{sys.executable} -c '{code} os.write(9, str(f.fileno()).encode())' 9>&1 <&- 2>&- | cat")
    assert int(done.stdout) > 2


def test_a_full_device_is_an_error() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    done = shell(f"echo hello | {COMMAND} translate > /dev/full")
    assert done.returncode == 5 and b"No space left on device" in done.stderr
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["info", "translate --json"])
def test_results_are_utf_8_in_an_ascii_locale(command: str) -> None:
    done = shell(f"echo hello | {COMMAND} {command}", LC_ALL="C", PYTHONUTF8="0", PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    done.stdout.decode("utf-8")
    assert b"\xe2\x86\x92" in done.stdout or command != "info"  # the arrow, as UTF-8
