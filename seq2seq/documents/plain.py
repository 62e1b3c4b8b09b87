"""Plain text: each line is a text."""

from __future__ import annotations

from collections.abc import Iterator

from seq2seq.documents.pieces import Piece, Request
from seq2seq.text.plain_lines import Line, one_line
from seq2seq.translation import Translation


def read_plain(lines: Iterator[Line], request: Request) -> Iterator[Piece]:
    """A piece for each line."""
    return (_piece(line, request) for line in lines)


def _piece(line: Line, request: Request) -> Piece:
    shape = request.shape

    def render(translation: Translation) -> bytes:
        if shape is not None:
            return shape(line.number - 1, line.text, translation).encode()
        return f"{one_line(translation.text)}{line.end}".encode()

    return Piece(line.number, line.text, render)
