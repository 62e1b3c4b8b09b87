"""Lines of plain text, read for translation.

Lines are UTF-8 and end at "\\n" only; a "\\r" before it belongs to the end. A byte order mark (U+FEFF) at the
start of the stream is no part of the first line. The strict reader of training data, with its repairs, is
`data.lines`.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import BinaryIO, NamedTuple, TypeVar

from seq2seq.errors import DataError

T = TypeVar("T")

MARK = "\ufeff"
LONGEST = 1 << 24
"""Longest line in bytes: a file without line ends must not fill the memory."""


class Line(NamedTuple):
    """A line: its number from 1, its text, and its end, which is "\\n" or "\\r\\n".

    A last line without an end gets "\\n".
    """

    number: int
    text: str
    end: str = "\n"


class Lines:
    """The lines of a stream. `marked` says whether it began with a byte order mark, once a line is read.

    Iterating raises DataError with line and byte if a line is not UTF-8 or has over `LONGEST` bytes. `name`
    is that of the stream in messages, `first` the number of its first line.
    """

    def __init__(self, stream: BinaryIO, *, name: str = "stdin", first: int = 1) -> None:
        self.stream, self.name, self.marked = stream, name, False
        self._lines = self._read(first)

    def __iter__(self) -> Iterator[Line]:
        return self._lines

    def _read(self, number: int) -> Iterator[Line]:
        while raw := self.stream.readline(LONGEST + 1):
            text = _decode(raw, f"{self.name}:{number}")
            if number == 1 and text.startswith(MARK):
                self.marked, text = True, text[1:]
            text = text.removesuffix("\n")
            end = "\r\n" if text.endswith("\r") else "\n"
            yield Line(number, text.removesuffix("\r"), end)
            number += 1


def _decode(raw: bytes, where: str) -> str:
    if len(raw) > LONGEST:
        raise DataError(f"{where}: a line of over {LONGEST:,} bytes found, expected shorter ones")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        found = f"byte {raw[error.start]:#04x} found at byte {error.start + 1} of the line"
        raise DataError(f"{where}: {found}, expected UTF-8") from None


def chunks(items: Iterator[T], size: int) -> Iterator[list[T]]:
    """Lists of `size` items, the last one shorter. If `items` raises an error, those before it come first."""
    error: Exception | None = None
    while error is None:
        chunk = list[T]()
        try:
            chunk.extend(islice(items, size))  # keeps what came before an error
        except Exception as reason:
            error = reason
        if chunk:
            yield chunk
        if len(chunk) < size:
            break
    if error is not None:
        raise error


def one_line(text: str) -> str:
    """`text` with spaces in place of its line ends."""
    return text.replace("\r", " ").replace("\n", " ")
