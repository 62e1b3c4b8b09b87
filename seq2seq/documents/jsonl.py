"""JSONL, an object per line: one field is translated into another one, the others are kept in their order.

Numbers and texts keep their values, not their spelling: `1e2` becomes `100.0`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from seq2seq.documents.columns import find_column, shown
from seq2seq.documents.pieces import Piece, Request, unchanged
from seq2seq.errors import DataError
from seq2seq.text.plain_lines import Line
from seq2seq.translation import Translation


def read_jsonl(lines: Iterator[Line], request: Request) -> Iterator[Piece]:
    """A piece for each object. The first one decides which field is translated; the others must have it."""
    name: str | None = None
    for line in lines:
        if not line.text.strip():
            yield unchanged(line)
            continue
        record = _record(line, request)
        if name is None:
            name = find_column(list(record), request, line=line.number)
            if name is None:
                raise DataError(
                    f"{request.at(line.number)}: fields {shown(list(record))} found, expected 'source', or "
                    "--column with the name of one"
                )
        yield _piece(line, record, name, request)


def _record(line: Line, request: Request) -> dict[str, Any]:
    where = request.at(line.number)
    try:
        record = json.loads(line.text)
    except RecursionError:
        raise DataError(f"{where}: JSON nested too deep found, expected a flat object") from None
    except ValueError as error:  # JSONDecodeError, or a number of over 4,300 digits
        raise DataError(f"{where}: not JSON ({error}), expected an object per line") from None
    if not isinstance(record, dict):
        raise DataError(f"{where}: a {type(record).__name__} found, expected an object")
    return record


def _piece(line: Line, record: dict[str, Any], name: str, request: Request) -> Piece:
    where = request.at(line.number)
    if name not in record:
        raise DataError(f"{where}: no field {name!r} found, expected it as in the lines before")
    text, before = record[name], record.get(request.into, "")
    if not isinstance(text, str) or any("\ud800" <= letter <= "\udfff" for letter in text):
        kind = "text with a lone surrogate" if isinstance(text, str) else type(text).__name__
        raise DataError(f"{where}: {name!r} is a {kind}, expected a string")
    if not isinstance(before, str | None):
        raise DataError(
            f"{where}: {request.into!r} is a {type(before).__name__}, expected a string that may be replaced"
        )

    def render(translation: Translation) -> bytes:
        return (_dumped({**record, request.into: translation.text}) + line.end).encode()

    return Piece(line.number, text, render)


def _dumped(record: dict[str, Any]) -> str:
    """JSON on one line, in plain letters unless a field holds half of a surrogate pair."""
    text = json.dumps(record, ensure_ascii=False)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(record)
    return text
