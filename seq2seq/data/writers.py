"""Writes sentence pairs in the formats that the readers read. A file appears complete or not at all.

The suffix chooses the format: TSV, CSV, JSONL or TMX, gzipped with `.gz` after it. Two paths are two files of
aligned text. What a format cannot hold is replaced by a space and counted.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO
from xml.sax.saxutils import escape, quoteattr

from seq2seq import files
from seq2seq.data.columns import choose_columns
from seq2seq.errors import UsageError
from seq2seq.pairs import Counts, SentencePair
from seq2seq.text.languages import is_language_tag

Writer = Callable[[Iterable[SentencePair], tuple[str, str], Counts], Iterator[str]]
"""The text of a file, piece by piece, from pairs, languages ("" if unknown) and counts."""

_PLAIN_NAMES = ("source", "target")
_CARRIAGE_RETURN = re.compile("\r")  # the reader of CSV removes it at the end of a line
_LINE_ENDS = re.compile("[\n\r]")
_TABS_AND_LINE_ENDS = re.compile("[\t\n\r]")
_NOT_XML = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def write_pairs(
    pairs: Iterable[SentencePair], paths: Sequence[Path], *, languages: tuple[str, str], counts: Counts
) -> int:
    """Write `pairs` to one path, or to two as aligned text; returns their number.

    `languages` ("" if unknown) are needed for TMX, and name the columns of the other formats. `counts` takes
    what a format cannot hold. Raises UsageError for an unknown suffix or missing languages, RunError if
    writing fails. After an error all files are as they were.
    """
    written = _Counted(pairs)
    if len(paths) == 2:
        _write_aligned(written, paths, counts)
        return written.number
    (path,) = paths
    writer = _writer(path, languages)
    with _replacing(path) as stream:
        for text in writer(written, languages, counts):
            stream.write(text.encode("utf-8"))
    return written.number


class _Counted:
    """Pairs, and how many were taken."""

    def __init__(self, pairs: Iterable[SentencePair]) -> None:
        self.pairs, self.number = pairs, 0

    def __iter__(self) -> Iterator[SentencePair]:
        for pair in self.pairs:
            self.number += 1
            yield pair


def writable_suffix(path: Path) -> str:
    """The suffix that chooses the format, in lower case; of a gzipped file, the one before `.gz`."""
    return Path(path.name.lower().removesuffix(".gz")).suffix


def _writer(path: Path, languages: tuple[str, str]) -> Writer:
    suffix = writable_suffix(path)
    if suffix not in WRITERS:
        raise UsageError(
            f"{path}: suffix {suffix!r} found, expected {', '.join(WRITERS)}, or two files of aligned text"
        )
    if suffix == ".tmx" and not all(languages):
        raise UsageError(f"{path}: a TMX file names its languages, expected --source-lang and --target-lang")
    return WRITERS[suffix]


@contextmanager
def _replacing(path: Path) -> Iterator[BinaryIO | gzip.GzipFile]:
    with files.replacing(path) as file:
        if not path.name.lower().endswith(".gz"):
            yield file
            return
        with gzip.GzipFile("", "wb", fileobj=file, mtime=0) as stream:
            yield stream


def _write_aligned(pairs: Iterable[SentencePair], paths: Sequence[Path], counts: Counts) -> None:
    with ExitStack() as stack:
        streams = [stack.enter_context(_replacing(path)) for path in paths]
        for pair in pairs:
            for stream, text in zip(streams, (pair.source, pair.target), strict=True):
                line = _replace(_LINE_ENDS, text, pair, counts, mark=True)
                stream.write(f"{line}\n".encode())


def _replace(
    characters: re.Pattern[str], text: str, pair: SentencePair, counts: Counts, *, mark: bool = False
) -> str:
    """`text` with a space for each of the characters, and with `mark` without U+FEFF at its start."""
    if mark and text.startswith("\ufeff"):
        counts.repair("byte order mark removed", where=pair.location)
        text = text.lstrip("\ufeff")
    text, number = characters.subn(" ", text)
    if number:
        counts.repair(
            "character that the format cannot hold replaced by a space", number, where=pair.location
        )
    return text


def _tsv(pairs: Iterable[SentencePair], languages: tuple[str, str], counts: Counts) -> Iterator[str]:
    names = _column_names(languages) if all(languages) else None
    for number, pair in enumerate(pairs):
        source = _replace(_TABS_AND_LINE_ENDS, pair.source, pair, counts, mark=True)
        target = _replace(_TABS_AND_LINE_ENDS, pair.target, pair, counts)
        if number == 0 and names is None and _is_header((source, target)):
            names = _PLAIN_NAMES
        if number == 0 and names is not None:
            yield "\t".join(names) + "\n"
        yield f"{source}\t{target}\n"


def _is_header(cells: tuple[str, str]) -> bool:
    """Whether a reader would take these two texts for names of columns."""
    named = choose_columns(cells, columns=None, languages=None, where="") is not None
    return named or all(map(is_language_tag, cells))


def _column_names(languages: tuple[str, str]) -> tuple[str, str]:
    """The languages if a reader recognises them as names of columns, else `source` and `target`."""
    known = choose_columns(languages, columns=None, languages=None, where="") == languages
    return languages if known else _PLAIN_NAMES


def _csv(pairs: Iterable[SentencePair], languages: tuple[str, str], counts: Counts) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(_column_names(languages))
    for pair in pairs:
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
        source = _replace(_CARRIAGE_RETURN, pair.source, pair, counts, mark=True)
        writer.writerow((source, _replace(_CARRIAGE_RETURN, pair.target, pair, counts)))
    yield buffer.getvalue()


def _jsonl(pairs: Iterable[SentencePair], languages: tuple[str, str], counts: Counts) -> Iterator[str]:
    source, target = _column_names(languages)
    for pair in pairs:
        yield json.dumps({source: pair.source, target: pair.target}, ensure_ascii=False) + "\n"


def _tmx(pairs: Iterable[SentencePair], languages: tuple[str, str], counts: Counts) -> Iterator[str]:
    source, target = (quoteattr(language) for language in languages)
    yield (
        '<?xml version="1.0" encoding="UTF-8"?>\n<tmx version="1.4">\n'
        '<header creationtool="seq2seq" creationtoolversion="1" segtype="sentence" o-tmf="none" '
        f'adminlang="en" srclang={source} datatype="plaintext"/>\n<body>\n'
    )
    for pair in pairs:
        texts = (escape(_replace(_NOT_XML, text, pair, counts)) for text in (pair.source, pair.target))
        variants = (
            f"<tuv xml:lang={language}><seg>{text}</seg></tuv>"
            for language, text in zip((source, target), texts, strict=True)
        )
        yield f"<tu>{''.join(variants)}</tu>\n"
    yield "</body>\n</tmx>\n"


WRITERS: dict[str, Writer] = {".tsv": _tsv, ".csv": _csv, ".jsonl": _jsonl, ".tmx": _tmx}
"""The writer of each file suffix."""
