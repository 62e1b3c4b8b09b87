"""Rows of cells as sentence pairs: what TSV and CSV share."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from seq2seq.data.columns import choose_columns
from seq2seq.data.lines import repair
from seq2seq.data.readers.request import ReadRequest
from seq2seq.errors import DataError
from seq2seq.pairs import Counts, SentencePair

Row = tuple[int, list[str]]
"""Number of the row's first line, and its cells."""


def read_table(path: str, rows: Iterable[Row], request: ReadRequest) -> Iterator[SentencePair]:
    """Pairs of the rows, which have equally many cells. The first row is a header if it names the columns."""
    counts = request.counts
    rows = _skip_blank(path, rows, counts)
    first = next(rows, None)
    if first is None:
        return
    width = len(first[1])
    source, target, header = _positions(first[1], request, where=f"{path}:{first[0]}")
    for number, cells in rows if header else chain([first], rows):
        where = f"{path}:{number}"
        if len(cells) != width:
            raise DataError(f"{where}: {_columns(len(cells))} found, expected {width}")
        yield SentencePair(repair(cells[source], where, counts), repair(cells[target], where, counts), where)


def _skip_blank(path: str, rows: Iterable[Row], counts: Counts) -> Iterator[Row]:
    for number, cells in rows:
        if len(cells) > 1 or (cells and cells[0].strip()):
            yield number, cells
        else:
            counts.repair("blank line skipped", where=f"{path}:{number}")


def _positions(cells: Sequence[str], request: ReadRequest, *, where: str) -> tuple[int, int, bool]:
    """Positions of source and target in the row, and whether `cells` is a header."""
    columns = request.columns
    if columns and all(re.fullmatch("[1-9][0-9]{0,5}", name) for name in columns):
        source, target = int(columns[0]) - 1, int(columns[1]) - 1
        if max(source, target) >= len(cells):
            raise DataError(
                f"{where}: {_columns(len(cells))} found, expected at least {max(source, target) + 1}"
            )
        return source, target, False
    names = choose_columns(cells, columns=columns, languages=request.languages, where=where)
    if names:
        return cells.index(names[0]), cells.index(names[1]), True
    if len(cells) != 2:
        raise DataError(f"{where}: {_columns(len(cells))} found, expected 2, or two names in --data.columns")
    return 0, 1, False


def _columns(number: int) -> str:
    return f"{number} column" + ("s" if number != 1 else "")
