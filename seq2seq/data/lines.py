r"""Reads the lines of text files of training data: each fault is an error with its place, each repair is
counted.

A file is UTF-8, plain or gzipped (suffix `.gz`). Lines end at "\n" only, so that two files stay aligned
whatever is inside a line. Errors: bytes that are not UTF-8, UTF-16, NUL, a damaged gzip file, a line longer
than `MAX_LINE`. Repairs: a byte order mark (U+FEFF at the start of a line) and "\r" before a line end are
removed; control characters (a lone "\r", a form feed, U+0085 …) and the line ends U+2028 and U+2029 are
replaced by a space. Tabs stay. The `readers` decide what a line means.
"""

from __future__ import annotations

import gzip
import os
import re
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from seq2seq.errors import DataError
from seq2seq.pairs import Counts

MAX_LINE = 1 << 24
"""Longest line in bytes: a file without line ends must not fill the memory."""

_NEVER = re.compile("[\0\ud800-\udfff]")
_CONTROL = re.compile("[\x01-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")


def read_lines(path: str, counts: Counts) -> Iterator[tuple[int, str]]:
    """Yield (number, text) for each line of a file; numbers start at 1, texts are without line ends."""
    number = 0
    with _open(path) as file:
        try:
            while raw := file.readline(MAX_LINE + 1):
                number += 1
                yield number, _decode(raw, f"{path}:{number}", counts)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            found = f"a cut or damaged gzip stream found ({error})"
            raise DataError(f"{path}:{number + 1}: {found}, expected a whole one") from None
        except OSError as error:
            raise DataError(f"{path}:{number + 1}: cannot be read ({error.strerror or error})") from None


def repair(text: str, where: str, counts: Counts) -> str:
    """`text` with its control characters replaced. DataError for NUL and lone surrogates."""
    if text.replace("\t", " ").isprintable():  # almost all text, and a fast check
        return text
    if found := _NEVER.search(text):
        raise DataError(
            f"{where}: U+{ord(found[0]):04X} found at character {found.start() + 1}, expected text"
        )
    text, number = _CONTROL.subn(" ", text)
    if number:
        counts.repair("control character replaced by a space", number, where=where)
    return text


def _open(path: str) -> BinaryIO | gzip.GzipFile:
    try:
        if not path.lower().endswith(".gz"):
            return open(path, "rb")
        if os.path.isfile(path) and not os.path.getsize(path):  # the gzip module reads it as an empty text
            raise DataError(f"{path}:1: an empty file found, expected a gzip stream")
        return gzip.open(path, "rb")
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error}), expected a text file") from None
    except ValueError as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{path!r}: a NUL in the path found, expected a text file") from None


def _decode(raw: bytes, where: str, counts: Counts) -> str:
    if 0 in raw or raw[0] >= 0xFE or len(raw) > MAX_LINE:
        _refuse(raw, where)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        bad = f"byte {raw[error.start]:#04x} found at byte {error.start + 1} of the line"
        raise DataError(f"{where}: {bad}, expected UTF-8 ({error.reason})") from None
    text = text.removesuffix("\n")
    if text[-1:] == "\r":
        text = text.rstrip("\r")
        counts.repair("CRLF line end", where=where)
    if text[:1] == "\ufeff":
        text = text[1:]
        counts.repair("byte order mark removed", where=where)
    return repair(text, where, counts)


def _refuse(raw: bytes, where: str) -> None:
    """Raise DataError for what is certainly no UTF-8 text. Other wrong bytes are left to the decoder."""
    start = raw[:64]
    if len(raw) > MAX_LINE:
        raise DataError(f"{where}: a line of over {MAX_LINE} bytes found, expected a sentence")
    if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise DataError(f"{where}: the mark of UTF-16 or UTF-32 found at byte 1 of the line, expected UTF-8")
    if start.count(0) > len(start) // 4:
        raise DataError(
            f"{where}: UTF-16 or UTF-32 found ({start.count(0)} NUL bytes of {len(start)}), expected UTF-8"
        )
    if 0 in raw:
        raise DataError(
            f"{where}: a NUL character found at byte {raw.index(0) + 1} of the line, expected text"
        )
