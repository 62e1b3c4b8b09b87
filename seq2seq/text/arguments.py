"""Checks of the texts that callers pass to the library."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from seq2seq.errors import UsageError, UsageTypeError


def check_iterable(texts: object, name: str, expected: str) -> None:
    """Raise UsageTypeError if `texts` is not iterable, or iterates over something else than its texts."""
    if not isinstance(texts, Iterable) or isinstance(
        texts, bytes | bytearray | memoryview | Mapping | set | frozenset
    ):
        raise UsageTypeError(f"{name} is of type {type(texts).__name__}, expected {expected}")


def checked_texts(texts: Iterable[str], name: str) -> Iterator[str]:
    """Each of `texts`, checked when its turn comes. Errors call it `name` and its number."""
    return (checked_text(text, f"{name} {index}") for index, text in enumerate(texts))


def checked_text(text: str, name: str) -> str:
    """`text`, if it is a string without lone surrogates; else a UsageError that calls it `name`."""
    if not isinstance(text, str):
        raise UsageTypeError(f"{name} is of type {type(text).__name__}, expected str")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        surrogate = f"U+{ord(text[error.start]):04X} at character {error.start}"
        raise UsageError(f"{name} has the lone surrogate {surrogate}, expected Unicode text") from None
    return text
