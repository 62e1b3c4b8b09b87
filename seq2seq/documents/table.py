"""Tables, TSV and CSV: one column is translated into a new or a named one, the others are kept.

The first row is a header if the column is chosen by its name (see `columns`). A column may also be a number
from 1; then there is no header, as in a table of one column. A new column is the last one. Every row has as
many cells as the first, and blank lines are kept.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from seq2seq.documents.columns import find_column, shown
from seq2seq.documents.pieces import Piece, Request, unchanged
from seq2seq.errors import DataError
from seq2seq.text.plain_lines import LONGEST, Line, one_line
from seq2seq.translation import Translation

_NUMBER = re.compile("[1-9][0-9]{0,5}")


class Row(NamedTuple):
    """A row: the number of its first line, its cells, and the end of its last line."""

    line: int
    cells: list[str]
    end: str


class Places(NamedTuple):
    """The positions of the column that is read and of the one that is written, and the number of columns."""

    source: int
    target: int
    width: int


Write = Callable[[Sequence[str], str], bytes]
"""The bytes of a row from its cells and its line end."""


def read_tsv(lines: Iterator[Line], request: Request) -> Iterator[Piece]:
    """The rows of a TSV file: cells between tabs, without quoting."""
    return _pieces((Row(line.number, line.text.split("\t"), line.end) for line in lines), request, _tsv)


def read_csv(lines: Iterator[Line], request: Request) -> Iterator[Piece]:
    """The rows of a CSV file: cells between commas, quoted as in RFC 4180."""
    return _pieces(_csv_rows(lines, request), request, _csv)


def _csv_rows(lines: Iterator[Line], request: Request) -> Iterator[Row]:
    csv.field_size_limit(max(LONGEST, csv.field_size_limit()))  # 128 KB by default
    end = "\n"

    def texts() -> Iterator[str]:
        nonlocal end
        for line in lines:
            end = line.end
            yield line.text + line.end

    reader = csv.reader(texts(), strict=True)
    while True:
        start = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise DataError(
                f"{request.at(start)}: {error}; expected CSV with every quotation mark closed"
            ) from None
        yield Row(start, cells or [""], end)


def _tsv(cells: Sequence[str], end: str) -> bytes:
    return ("\t".join(cells) + end).encode()


def _csv(cells: Sequence[str], end: str) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator=end).writerow(cells)
    return buffer.getvalue().encode()


def _pieces(rows: Iterator[Row], request: Request, write: Write) -> Iterator[Piece]:
    places: Places | None = None
    for row in rows:
        if len(row.cells) == 1 and not row.cells[0].strip():
            yield unchanged(Line(row.line, row.cells[0], row.end))
            continue
        if places is None:
            places, header = _places(row, request)
            if header is not None:
                content = write(header, row.end)
                yield Piece(row.line, None, lambda _, content=content: content)  # type: ignore[misc]
                continue
        if len(row.cells) != places.width:
            raise DataError(
                f"{request.at(row.line)}: {_columns(len(row.cells))} found, expected {places.width}"
            )
        yield _piece(row, places, write)


def _places(row: Row, request: Request) -> tuple[Places, list[str] | None]:
    """Where to read and to write, and the header of the output if `row` is a header."""
    cells, where = row.cells, request.at(row.line)
    if _NUMBER.fullmatch(request.column):
        return _numbered(int(request.column), len(cells), request, where=where), None
    name = find_column(cells, request, line=row.line)
    if name is None and len(cells) == 1:
        return _numbered(1, 1, request, where=where), None
    if name is None:
        raise DataError(f"{where}: columns {shown(cells)} found, expected --column with a name or a number")
    header = cells if request.into in cells else [*cells, request.into]
    return Places(cells.index(name), header.index(request.into), len(cells)), header


def _numbered(column: int, width: int, request: Request, *, where: str) -> Places:
    into = int(request.into) if _NUMBER.fullmatch(request.into) else width + 1
    if column > width or into > width + 1:
        raise DataError(f"{where}: {_columns(width)} found, expected at least {max(column, into - 1)}")
    return Places(column - 1, into - 1, width)


def _piece(row: Row, places: Places, write: Write) -> Piece:
    def render(translation: Translation) -> bytes:
        text = translation.text if write is _csv else one_line(translation.text).replace("\t", " ")
        cells = [*row.cells[: places.target], text, *row.cells[places.target + 1 :]]
        return write(cells, row.end)

    return Piece(row.line, row.cells[places.source], render)


def _columns(number: int) -> str:
    return f"{number} column" + ("s" if number != 1 else "")
