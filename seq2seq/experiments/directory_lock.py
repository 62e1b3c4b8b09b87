"""A lock on a directory, so that only one process works in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from seq2seq import files
from seq2seq.errors import RunError

LOCK = ".lock"


@contextmanager
def directory_lock(directory: Path, say: Callable[[str], None]) -> Iterator[None]:
    """Hold the lock of `directory` inside of the block; create the directory if it does not exist.

    If another process holds the lock, tell the user with `say` and wait for its end. The system releases the
    lock of a process that was killed. Raises RunError if the lock file cannot be written, or if the file
    system has no locks.
    """
    from filelock import FileLock, Timeout

    with files.writing(directory):
        directory.mkdir(parents=True, exist_ok=True)
    lock = FileLock(directory / LOCK)
    try:
        with files.writing(directory / LOCK):
            try:
                lock.acquire(timeout=0)
            except Timeout:
                say(f"another process works in {directory}: waiting until it has finished")
                lock.acquire()
    except NotImplementedError as error:
        raise RunError(f"{directory / LOCK}: cannot be locked ({error})") from None
    try:
        yield
    finally:
        lock.release()
