"""One process at a time works in a directory."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from seq2seq.errors import RunError
from seq2seq.processes.directory_lock import directory_lock

ROOT = Path(__file__).parents[2]
HOLD = """
import pathlib, sys, time
from seq2seq.processes.directory_lock import directory_lock
with directory_lock(pathlib.Path(sys.argv[1])):
    print("locked", flush=True)
    time.sleep(60)
"""


def hold(directory: Path) -> subprocess.Popen[bytes]:
    """A process that holds the lock of a directory."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(directory)], stdout=subprocess.PIPE, cwd=ROOT)
    assert process.stdout and process.stdout.readline() == b"locked\n"
    return process


def test_the_directory_is_created_and_left_unlocked(tmp_path: Path) -> None:
    for _ in range(2):
        with directory_lock(tmp_path / "new" / "run"):
            assert (tmp_path / "new" / "run" / ".lock-owner").read_text() == f"{os.getpid()}\n"
        assert os.listdir(tmp_path / "new" / "run") == [".lock"]


def test_a_second_process_is_refused_until_the_first_is_killed(tmp_path: Path) -> None:
    with hold(tmp_path) as process:
        with (
            pytest.raises(RunError, match=f"process {process.pid} works in {tmp_path}"),
            directory_lock(tmp_path),
        ):
            raise AssertionError("two processes have the lock")
        process.kill()  # the system releases its lock
        process.wait()
        with directory_lock(tmp_path):
            assert (tmp_path / ".lock-owner").read_text() == f"{os.getpid()}\n"


def test_a_second_process_may_wait(tmp_path: Path) -> None:
    messages, entered = list[str](), threading.Event()

    def wait() -> None:
        with directory_lock(tmp_path, wait=messages.append):
            entered.set()

    with hold(tmp_path) as process:
        thread = threading.Thread(target=wait)
        thread.start()
        assert not entered.wait(0.3)
        assert messages == [f"process {process.pid} works in {tmp_path}: waiting for its end"]
        process.kill()
        assert entered.wait(10)
        thread.join()


def test_threads_wait_for_each_other_too(tmp_path: Path) -> None:
    entered = threading.Event()

    def wait() -> None:
        with directory_lock(tmp_path, wait=lambda message: None):
            entered.set()

    with directory_lock(tmp_path):
        thread = threading.Thread(target=wait)
        thread.start()
        assert not entered.wait(0.3)
    assert entered.wait(10)
    thread.join()


def test_nested_blocks_of_a_thread_hold_the_lock_to_the_end(tmp_path: Path) -> None:
    """As when a job locks the directory and then trains in it."""
    with directory_lock(tmp_path):
        with directory_lock(tmp_path):
            pass
        assert (tmp_path / ".lock-owner").exists()
        code = f"{HOLD.replace('sys.argv[1]', repr(str(tmp_path)))}"
        other = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
        assert f"process {os.getpid()} works in" in other.stderr


def test_an_error_releases_the_lock(tmp_path: Path) -> None:
    with pytest.raises(KeyError), directory_lock(tmp_path):
        raise KeyError
    with hold(tmp_path) as process:
        process.kill()


def test_a_directory_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="cannot be written"), directory_lock(tmp_path / "file" / "run"):
        pass
