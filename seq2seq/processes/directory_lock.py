"""A lock on a directory, so that only one process works in it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from seq2seq import files
from seq2seq.errors import RunError

LOCK = ".lock"
OWNER = ".lock-owner"
"""Holds the id of the process that has the lock."""


@contextmanager
def directory_lock(directory: Path, *, wait: Callable[[str], None] | None = None) -> Iterator[None]:
    """Hold the lock of `directory` inside of the block; create the directory if it does not exist.

    If another process holds the lock, raise RunError with its process id; or, with `wait`, call `wait` with a
    message for the user and wait for its end. The system releases the lock of a process that was killed.
    Nested blocks of one thread are allowed. Raises RunError also if the lock file cannot be written or the
    file system has no locks.
    """
    from filelock import FileLock, Timeout

    path = directory / LOCK
    with files.writing(directory):
        directory.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path, is_singleton=True)  # one object for each path: nested blocks are counted
    nested = lock.is_locked
    try:
        with files.writing(path):
            try:
                lock.acquire(timeout=0)
            except Timeout:
                message = f"{_owner(directory)} works in {directory}"
                if wait is None:
                    raise RunError(f"{message}: wait for its end, stop it, or choose another --out") from None
                wait(f"{message}: waiting for its end")
                lock.acquire()
    except NotImplementedError as error:
        raise RunError(f"{path}: cannot be locked ({error})") from None
    try:
        if not nested:
            files.write_text(directory / OWNER, f"{os.getpid()}\n")
        yield
    finally:
        if not nested:
            with suppress(OSError):
                (directory / OWNER).unlink()
        lock.release()


def _owner(directory: Path) -> str:
    """The process that holds the lock, for messages."""
    try:
        return f"process {int((directory / OWNER).read_text(encoding='utf-8'))}"
    except (OSError, ValueError):  # it has the lock, but has not yet written its id
        return "another process"
