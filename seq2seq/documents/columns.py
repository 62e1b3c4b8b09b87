"""Which column of a table, or field of an object, holds the texts to translate."""

from __future__ import annotations

from collections.abc import Sequence

from seq2seq.documents.pieces import Request
from seq2seq.errors import DataError
from seq2seq.text.languages import same_language

PLAIN_NAMES = ("source", "src", "text")


def find_column(names: Sequence[str], request: Request, *, line: int) -> str | None:
    """The name among `names` of the column to translate; None if they do not say which.

    The first rule that fits decides: the requested name; `source`, `src` or `text`; the only name that is
    the source language. Raises DataError if the requested name is missing or occurs twice.
    """
    if request.column:
        if (number := names.count(request.column)) != 1:
            raise DataError(
                f"{request.at(line)}: {number} columns named {request.column!r} found in {shown(names)}, "
                "expected one"
            )
        return request.column
    for plain in PLAIN_NAMES:
        if names.count(plain) == 1:
            return plain
    source = request.languages[0]
    matching = [name for name in names if source and same_language(name, source)]
    return matching[0] if len(matching) == 1 else None


def shown(names: Sequence[str]) -> str:
    """At most ten names, and at most 40 characters of each."""
    listed = ", ".join(repr(name[:40]) for name in names[:10]) or "none"
    return listed + (f" and {len(names) - 10} more" if len(names) > 10 else "")
