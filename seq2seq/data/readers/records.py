"""Objects with named texts as sentence pairs: what JSONL, Parquet and Hugging Face data sets share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from seq2seq.data.columns import choose_columns
from seq2seq.data.lines import repair
from seq2seq.data.readers.request import ReadRequest
from seq2seq.errors import DataError
from seq2seq.pairs import Counts, SentencePair


def read_records(records: Iterable[tuple[str, Any]], request: ReadRequest) -> Iterator[SentencePair]:
    """Pairs of `(location, object)`. The first object decides the columns; the others must have them."""
    names: tuple[str, str] | None = None
    for where, record in records:
        record = _inner(record, request.columns)
        if not isinstance(record, dict):
            raise DataError(f"{where}: a {type(record).__name__} found, expected an object with two strings")
        if names is None:
            names = column_names(list(record), request, where)
        source, target = (_string(record, name, where=where, counts=request.counts) for name in names)
        yield SentencePair(source, target, where)


def _inner(record: Any, columns: tuple[str, str] | None) -> Any:
    """The object with the columns: the record, or its `translation`, which has the form `{language:
    text}`.
    """
    if isinstance(record, dict) and isinstance(inner := record.get("translation"), dict):
        return record if columns and all(name in record for name in columns) else inner
    return record


def column_names(available: Sequence[str], request: ReadRequest, where: str) -> tuple[str, str]:
    """Names of the source and the target column among `available`. DataError if they cannot be chosen."""
    names = choose_columns(available, columns=request.columns, languages=request.languages, where=where)
    if names is None:
        shown = ", ".join(repr(name[:40]) for name in available[:10]) or "none"
        raise DataError(
            f"{where}: columns {shown} found, expected 'source' and 'target', or two names in --data.columns"
        )
    return names


def _string(record: dict[str, Any], name: str, *, where: str, counts: Counts) -> str:
    if name not in record:
        raise DataError(f"{where}: no column {name!r} found, expected it as in the lines before")
    value = record[name]
    if not isinstance(value, str):
        raise DataError(f"{where}: {name!r} is a {type(value).__name__}, expected a string")
    return repair(value, where, counts)
