"""Only one process works in a directory; the next one waits and says so."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from seq2seq.errors import RunError
from seq2seq.experiments.directory_lock import directory_lock

ROOT = Path(__file__).parents[2]


def test_second_one_waits_and_says_so(tmp_path: Path) -> None:
    messages, entered = list[str](), threading.Event()

    def enter() -> None:
        with directory_lock(tmp_path, messages.append):
            entered.set()

    with directory_lock(tmp_path, messages.append):
        assert messages == []
        other = threading.Thread(target=enter)
        other.start()
        assert not entered.wait(0.3)
        assert messages == [f"another process works in {tmp_path}: waiting until it has finished"]
    assert entered.wait(10)
    other.join()


HOLD = """
import sys, time
from pathlib import Path
from seq2seq.experiments.directory_lock import directory_lock
with directory_lock(Path(sys.argv[1]), print):
    print("locked", flush=True)
    time.sleep(60)
"""


def test_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path / "new")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "locked\n"
        messages, entered = list[str](), threading.Event()

        def enter() -> None:
            with directory_lock(tmp_path / "new", messages.append):
                entered.set()

        other = threading.Thread(target=enter)
        other.start()
        assert not entered.wait(0.3) and len(messages) == 1
        process.kill()
        assert entered.wait(10)
        other.join()


def test_directory_that_cannot_be_made_is_a_run_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(RunError, match="file/out: cannot be written"),
        directory_lock(tmp_path / "file" / "out", print),
    ):
        pass
