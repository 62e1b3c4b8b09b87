"""What a format makes of a file: pieces, each a text to translate and the way to write it back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO, Protocol

from seq2seq.text.plain_lines import Line, Lines
from seq2seq.translation import Translation


@dataclass(frozen=True)
class Piece:
    """A part of a file, in order and without gaps.

    Attributes:
        line: where its text begins, from 1.
        text: what is to be translated; None if nothing is.
        render: its bytes in the output, from the translation of `text`.
    """

    line: int
    text: str | None
    render: Callable[[Translation], bytes]


@dataclass(frozen=True)
class Request:
    """How to read a file.

    Attributes:
        name: of the file, in messages.
        column: column or field with the texts to translate; "" if the format is to choose.
        into: column or field that gets the translations.
        languages: source and target; "" if unknown.
        shape: the line of plain text for (number of the line from 0, its text, its translation); None: the
            translation, with the end of its line.
    """

    name: str
    column: str = ""
    into: str = "translation"
    languages: tuple[str, str] = ("", "")
    shape: Callable[[int, str, Translation], str] | None = None

    def at(self, line: int) -> str:
        """The place of a line in messages."""
        return f"{self.name}:{line}"


class LineFormat(Protocol):
    """Reads the pieces of a file made of lines, lazily. What is wrong is a DataError with its place."""

    def __call__(self, lines: Iterator[Line], request: Request, /) -> Iterator[Piece]: ...


class ByteFormat(Protocol):
    """The same for a file that is not made of lines."""

    def __call__(self, stream: BinaryIO, request: Request, /) -> Iterator[Piece]: ...


def unchanged(line: Line) -> Piece:
    """A line that is not translated."""
    content = f"{line.text}{line.end}".encode()
    return Piece(line.number, None, lambda _: content)


def pieces_of_lines(lines: Lines, request: Request, read: LineFormat) -> Iterator[Piece]:
    """The pieces of a file made of lines. A byte order mark is kept at the start."""
    pieces = read(iter(lines), request)
    for first in pieces:
        yield _with_mark(first) if lines.marked and request.shape is None else first
        break
    yield from pieces


def _with_mark(piece: Piece) -> Piece:
    return replace(piece, render=lambda translation: b"\xef\xbb\xbf" + piece.render(translation))
