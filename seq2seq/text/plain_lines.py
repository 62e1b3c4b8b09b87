"""Lines of plain text, read and written for translation: as many lines out as lines in.

Lines are UTF-8 and end at "\\n" only; a "\\r" before it is removed. The strict reader of training data, with
its repairs, is `data.lines`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import BinaryIO

from seq2seq.errors import DataError


def read_lines(stream: BinaryIO, *, name: str = "stdin") -> Iterator[str]:
    """Yield the lines of `stream` without their ends. Raises DataError with line and byte if a line is not
    UTF-8."""
    for number, raw in enumerate(stream, start=1):
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError as error:
            found = f"byte {raw[error.start]:#04x} found at byte {error.start + 1} of the line"
            raise DataError(f"{name}:{number}: {found}, expected UTF-8") from None
        yield text.removesuffix("\n").removesuffix("\r")


def write_lines(lines: Iterable[str], stream: BinaryIO, *, buffer: int) -> int:
    """Write `lines`, which end in "\\n" already; flush after every `buffer` of them. Returns their number."""
    number = 0
    for number, line in enumerate(lines, start=1):
        stream.write(line.encode("utf-8"))
        if number % buffer == 0:
            stream.flush()
    stream.flush()
    return number


def one_line(text: str) -> str:
    """`text` with spaces in place of its line ends."""
    return text.replace("\r", " ").replace("\n", " ")
