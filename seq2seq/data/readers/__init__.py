"""Readers of parallel text, one per file format. Each yields `SentencePair`s lazily, in constant memory.

| data | form | reader |
|---|---|---|
| two files | aligned lines | aligned.py |
| `.tsv` | two columns between tabs, no quoting | tsv.py |
| `.csv` | two columns between commas, quoted as in RFC 4180 | csv.py |
| `.jsonl` | an object per line | jsonl.py |
| `.tmx` | a translation memory (TMX 1.4) | tmx.py |
| `.parquet` | two string columns, or a struct `translation` | parquet.py |
| `hf:OWNER/NAME[:CONFIG]` | a data set of the Hub or a local folder, read by `datasets` | huggingface.py |

Text formats may be gzipped (`.gz`). `lines` defines what a line is, `columns` how columns are found by name.
In TSV and CSV the first line is a header if it has the requested columns, or names that `columns` knows;
otherwise there must be two columns, or the requested columns must be numbers from 1 (`("1", "3")`). Every
line has as many columns as the first. Blank lines of TSV, CSV and JSONL are skipped. Pairs with a blank side
are yielded, because a test set keeps its lines; `cleaning` drops them. Line ends and control characters
inside a text become spaces.

A new format is one file with a `Reader` (see `request`), its test, and one line of `READERS`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from seq2seq.data.readers.aligned import read_aligned
from seq2seq.data.readers.csv import read_csv
from seq2seq.data.readers.huggingface import read_huggingface
from seq2seq.data.readers.jsonl import read_jsonl
from seq2seq.data.readers.parquet import read_parquet
from seq2seq.data.readers.request import Reader, ReadRequest
from seq2seq.data.readers.tmx import read_tmx
from seq2seq.data.readers.tsv import read_tsv
from seq2seq.errors import DataError, UsageError
from seq2seq.pairs import Counts, SentencePair
from seq2seq.text.languages import same_language

__all__ = ["READERS", "ReadRequest", "Reader", "group_paths", "read_pairs"]

READERS: dict[str, Reader] = {
    ".tsv": read_tsv,
    ".csv": read_csv,
    ".jsonl": read_jsonl,
    ".tmx": read_tmx,
    ".parquet": read_parquet,
}
"""The reader of each file suffix."""

_NEVER_GZIPPED = (".parquet",)


def read_pairs(
    paths: Sequence[str],
    *,
    columns: tuple[str, str] | None = None,
    languages: tuple[str, str] | None = None,
    split: str = "train",
    counts: Counts | None = None,
) -> Iterator[SentencePair]:
    """The pairs of one corpus: one path of the table above, or two paths of aligned text.

    Args:
        paths: one path, `hf:OWNER/NAME[:CONFIG]`, or two paths.
        columns: names, or numbers from 1, of the source and the target column.
        languages: codes of source and target. They find columns and variants of a translation memory; a file
            that names other languages is refused.
        split: split of a Hugging Face data set.
        counts: takes the numbers of pairs and of repairs.

    Raises:
        DataError: the data is wrong; the message says `file:line: what was found, what was expected`.
        UsageError: the arguments fit no data.
    """
    if columns and columns[0] == columns[1]:
        raise UsageError(f"columns {columns!r} found, expected two different ones")
    names = [os.fspath(path) for path in paths]
    request = ReadRequest(columns, languages, split, counts if counts is not None else Counts())
    if len(names) == 1:
        return _counted(_reader(names[0])(names[0], request), request.counts)
    if len(names) == 2:
        _check_aligned(names, languages)
        return _counted(read_aligned(names, request), request.counts)
    raise UsageError(f"{len(names)} paths found ({', '.join(names)}), expected one, or two of aligned text")


def group_paths(paths: Sequence[str]) -> list[tuple[str, ...]]:
    """The corpora in a list of paths: two files of aligned text in a row are one, any other path is one."""
    groups: list[tuple[str, ...]] = []
    for path in paths:
        if groups and len(groups[-1]) == 1 and not (_is_corpus(groups[-1][0]) or _is_corpus(path)):
            groups[-1] = (groups[-1][0], path)
        else:
            groups.append((path,))
    return groups


def _is_corpus(path: str) -> bool:
    """Whether a path is a corpus of its own, and not one of two files of aligned text."""
    return _suffix(path) in READERS or path.startswith("hf:")


def _counted(pairs: Iterator[SentencePair], counts: Counts) -> Iterator[SentencePair]:
    for pair in pairs:
        counts.read += 1
        yield pair


def _reader(path: str) -> Reader:
    if path.startswith("hf:"):
        return read_huggingface
    if os.path.isdir(path):
        raise DataError(f"{path}: a folder found, expected a file (hf:{path} reads a folder of data files)")
    suffix = _suffix(path)
    if suffix not in READERS or (suffix in _NEVER_GZIPPED and path.lower().endswith(".gz")):
        known = ", ".join(name if name in _NEVER_GZIPPED else f"{name}[.gz]" for name in READERS)
        raise DataError(
            f"{path}: suffix {os.path.splitext(path)[1]!r} found, expected {known}, hf:OWNER/NAME, "
            "or two files of aligned text"
        )
    return READERS[suffix]


def _suffix(path: str) -> str:
    """The suffix in lower case; of a gzipped file, the one before `.gz`."""
    name = os.path.basename(path).lower().removesuffix(".gz")
    return os.path.splitext(name)[1]


def _check_aligned(paths: Sequence[str], languages: tuple[str, str] | None) -> None:
    for path in paths:
        if _is_corpus(path):
            raise DataError(f"{path}: a corpus of its own found, expected one of two files of aligned text")
    if paths[0] == paths[1]:
        raise DataError(f"{paths[0]}: the same file found twice, expected source and target")
    first, second = (_suffix(path)[1:] for path in paths)
    swapped = languages and same_language(first, languages[1]) and same_language(second, languages[0])
    if swapped and not same_language(first, second):
        raise DataError(f"{paths[0]}: the target's language found, expected {paths[1]} first (the source)")
