"""Lines of at most 80 columns for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from unicodedata import east_asian_width

WIDTH = 80


def width(text: str) -> int:
    """Columns of `text` on a terminal: Chinese characters have two."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def shortened(text: str, columns: int) -> str:
    """`text` on one line of so many columns, with "…" for what does not fit."""
    text = " ".join(text.split())
    if width(text) <= columns:
        return text
    while width(text) >= columns:
        text = text[:-1]
    return text.rstrip() + "…"


def entry(title: str, text: str, *, indent: int = 2, column: int = 15) -> list[str]:
    """`title`, and beside it `text`, wrapped."""
    first = f"{' ' * indent}{title}".ljust(column)
    rest = " " * column
    return textwrap.wrap(text, WIDTH, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False)


def table(rows: Sequence[tuple[str, ...]], *, indent: int = 2) -> list[str]:
    """Rows of a table; the last column is wrapped."""
    widths = [max(width(row[place]) for row in rows) + 2 for place in range(len(rows[0]) - 1)]
    lines: list[str] = []
    for *cells, last in rows:
        start = " " * indent + "".join(_padded(cell, size) for cell, size in zip(cells, widths, strict=True))
        lines += entry("", last, column=width(start)) if not last else _wrapped(start, last)
    return lines


def _padded(text: str, columns: int) -> str:
    return text + " " * (columns - width(text))


def _wrapped(start: str, text: str) -> list[str]:
    pieces = textwrap.wrap(text, max(WIDTH - width(start), 20), break_on_hyphens=False) or [""]
    return [start + pieces[0], *(" " * width(start) + piece for piece in pieces[1:])]


def paragraph(texts: Iterable[str]) -> list[str]:
    """`texts` in a row, wrapped."""
    return textwrap.wrap(" ".join(texts), WIDTH, break_on_hyphens=False)
