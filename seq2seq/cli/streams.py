"""The standard streams: results are UTF-8 in every locale, and a closed stream is a clear error."""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress
from typing import Any, NoReturn

from seq2seq.errors import RunError, SeqError, UsageError


class ClosedStream(io.TextIOBase):
    """Takes the place of a standard stream that the caller has closed. Reading and writing raise `error`."""

    encoding = "utf-8"  # tyro asks for it before it prints

    def __init__(self, error: SeqError) -> None:
        self.error = error

    @property
    def buffer(self) -> NoReturn:
        """The stream of bytes: raises the error."""
        raise self.error

    def write(self, text: str) -> NoReturn:
        """Raises the error."""
        raise self.error


def prepare_streams() -> None:
    """Make the standard streams of this process safe to use. The command calls this once, at its start.

    Without it, Python has None in place of a closed stream, and the next file that is opened gets its number:
    what a library prints on stderr would be written into that file.
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            _open_null(descriptor)
    if sys.stdin is None:
        sys.stdin = _closed(UsageError("stdin is closed, expected the text to translate"))
    if sys.stdout is None:
        sys.stdout = _closed(RunError("stdout is closed, and results are written there"))
    elif isinstance(sys.stdout, io.TextIOWrapper):
        # A file name may hold bytes that are not UTF-8. They are printed as they are.
        sys.stdout.reconfigure(encoding="utf-8", errors="surrogateescape")
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115


def _closed(error: SeqError) -> Any:
    return ClosedStream(error)


def _open_null(descriptor: int) -> None:
    """Open /dev/null under the number `descriptor`, for this process and for those that it starts."""
    number = os.open(os.devnull, os.O_RDWR)
    os.dup2(number, descriptor)
    if number != descriptor:
        os.close(number)
    else:
        os.set_inheritable(number, True)


def check_output() -> None:
    """Raise the RunError of a closed stdout now, before the work."""
    sys.stdout.write("")


def abandon_output() -> None:
    """Send what is left for a stdout that cannot be written to /dev/null.

    Python flushes stdout at its end, and a second failure there would print a traceback.
    """
    try:
        sys.stdout.flush()
    except OSError:
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
