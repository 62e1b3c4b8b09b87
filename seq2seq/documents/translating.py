"""Translates the pieces of a file, in constant memory, and writes the output whole or not at all."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import tee
from pathlib import Path
from typing import BinaryIO, cast

from seq2seq import files
from seq2seq.documents.jsonl import read_jsonl
from seq2seq.documents.pieces import LineFormat, Piece, Request, pieces_of_lines
from seq2seq.documents.plain import read_plain
from seq2seq.documents.srt import read_srt
from seq2seq.documents.table import read_csv, read_tsv
from seq2seq.documents.tmx import read_tmx
from seq2seq.errors import DataError, UsageError
from seq2seq.text.plain_lines import Lines
from seq2seq.translation import Translation

LINE_FORMATS: dict[str, LineFormat] = {
    ".txt": read_plain,
    ".tsv": read_tsv,
    ".csv": read_csv,
    ".jsonl": read_jsonl,
    ".srt": read_srt,
}
"""The format of each file suffix whose files are made of lines. Other suffixes are plain text."""

TMX = ".tmx"

Translate = Callable[[Iterable[str]], Iterator[Translation]]
"""Translates any number of texts, in order, some of them ahead."""

Watch = Callable[[int, Translation], None]
"""Is told the line and the translation of each text."""


def suffix(path: Path) -> str:
    """The suffix in lower case; of a gzipped file, the one before `.gz`. "" if it stands for no format."""
    name = Path(path.name.lower().removesuffix(".gz")).suffix
    return name if name in LINE_FORMATS or name == TMX else ""


def is_plain(path: Path) -> bool:
    """Whether a file is plain text, a text on each line, gzipped or not."""
    return suffix(path) in ("", ".txt")


def check_formats(source: Path, target: Path) -> None:
    """Raise UsageError if the suffix of `target` stands for another format than that of `source`."""
    one, other = suffix(source) or ".txt", suffix(target)
    if other and other != one:
        raise UsageError(f"{target}: suffix {other!r} found, expected {one!r} as in {source}")


@contextmanager
def reading(path: Path) -> Iterator[BinaryIO]:
    """The bytes of a file, gzipped or not, to read. DataError if it cannot be opened."""
    try:
        stream = gzip.open(path, "rb") if _gzipped(path) else path.open("rb")  # noqa: SIM115
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error}), expected a text file") from None
    with stream:
        yield cast(BinaryIO, stream)


@contextmanager
def writing(path: Path) -> Iterator[BinaryIO]:
    """The bytes of a file, gzipped or not, to write. It replaces `path` at the end: see `files.replacing`."""
    with files.replacing(path) as file:
        if not _gzipped(path):
            yield file
            return
        with gzip.GzipFile("", "wb", fileobj=file, mtime=0) as stream:
            yield cast(BinaryIO, stream)


def _gzipped(path: Path) -> bool:
    return path.name.lower().endswith(".gz")


def read_pieces(stream: BinaryIO, kind: str, request: Request) -> Iterator[Piece]:
    """The pieces of a file of the format `kind`, a suffix. Raises DataError where one is wrong."""
    try:
        if kind == TMX:
            yield from read_tmx(stream, request)
        else:
            lines = Lines(stream, name=request.name)
            yield from pieces_of_lines(lines, request, LINE_FORMATS.get(kind, read_plain))
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        found = f"a cut or damaged gzip stream found ({error})"
        raise DataError(f"{request.name}: {found}, expected a whole one") from None
    except OSError as error:
        raise DataError(f"{request.name}: cannot be read ({error.strerror or error})") from None


def write_pieces(
    pieces: Iterator[Piece],
    output: BinaryIO,
    translate: Translate,
    *,
    buffer: int = 1000,
    watch: Watch | None = None,
) -> int:
    """Translate `pieces` and write them; flush after every `buffer` of them. Returns the number of texts.

    Pieces that come before an error of `pieces` are written before it is raised.
    """
    given, kept = tee(pieces)
    translations = translate(piece.text or "" for piece in given)
    texts = 0
    # The translations come first: they raise the error, and behind it `kept` only ends.
    for number, (translation, piece) in enumerate(zip(translations, kept, strict=False), start=1):
        output.write(piece.render(translation))
        if piece.text is not None:
            texts += 1
            if watch is not None:
                watch(piece.line, translation)
        if number % buffer == 0:
            output.flush()
    output.flush()
    return texts


def translate_file(
    source: Path, target: Path, translate: Translate, request: Request, *, buffer: int = 1000
) -> int:
    """Translate the file `source` into `target` by the format of its suffix; returns the number of texts.

    After an error `target` is as it was before. Raises DataError with file and line, RunError if `target`
    cannot be written, UsageError if the suffixes do not fit.
    """
    check_formats(source, target)
    with reading(source) as stream:
        pieces = read_pieces(stream, suffix(source), request)
        with writing(target) as output:
            return write_pieces(pieces, output, translate, buffer=buffer)
