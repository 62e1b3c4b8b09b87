"""Chooses the source and the target column of a table by their names.

The first rule that fits decides: the requested columns; `source` and `target` (or `src` and `tgt`); the
columns named by the requested languages (`en`, or `en-GB` if there is only one English); the only two columns
named by language codes. Case matters only in requested columns.
"""

from __future__ import annotations

from collections.abc import Sequence

from seq2seq.errors import DataError
from seq2seq.text.languages import CODES, normalize_tag, primary_subtag, same_language

_PLAIN_NAMES = (("source", "target"), ("src", "tgt"))


def choose_columns(
    names: Sequence[str],
    *,
    columns: tuple[str, str] | None,
    languages: tuple[str, str] | None,
    where: str,
) -> tuple[str, str] | None:
    """Names of the source and the target column, or None if the names do not decide."""
    if columns:
        for column in columns:
            if (number := names.count(column)) != 1:
                raise DataError(
                    f"{where}: {number} columns named {column!r} found in {_shown(names)}, expected one"
                )
        return columns
    for plain in _PLAIN_NAMES:
        if (pair := _both(names, plain)) is not None:
            return pair
    if languages and (pair := _both(names, languages) or _by_language(names, languages)) is not None:
        return pair
    coded = [name for name in names if primary_subtag(name) in CODES]
    if len(coded) > 2 and normalize_tag(names[0]) == "id":  # a first column "id" usually numbers the lines
        coded = coded[1:]
    if len({normalize_tag(name) for name in coded}) < 2:
        return None
    if languages:
        raise DataError(
            f"{where}: columns {_shown(names)} found, expected {languages[0]!r} and {languages[1]!r}"
        )
    if len(coded) > 2:
        raise DataError(
            f"{where}: languages {_shown(coded)} found, expected two, or the names of two as columns"
        )
    return coded[0], coded[1]


def _both(names: Sequence[str], wanted: tuple[str, str]) -> tuple[str, str] | None:
    first, second = (
        [name for name in names if normalize_tag(name) == normalize_tag(want)] for want in wanted
    )
    return (first[0], second[0]) if len(first) == len(second) == 1 else None


def _by_language(names: Sequence[str], languages: tuple[str, str]) -> tuple[str, str] | None:
    first, second = ([name for name in names if same_language(name, language)] for language in languages)
    return (first[0], second[0]) if len(first) == len(second) == 1 and first != second else None


def _shown(names: Sequence[str]) -> str:
    """At most ten names, and at most 40 characters of each: a file without a header may have a text here."""
    shown = ", ".join(repr(name[:40]) for name in names[:10])
    return shown + (f" and {len(names) - 10} more" if len(names) > 10 else "")
