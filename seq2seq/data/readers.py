"""Readers of parallel text: each a lazy iterator of `SentencePair`, in constant memory.

| data | form |
|---|---|
| two files | aligned lines |
| `.tsv` | two columns between tabs, no quoting |
| `.csv` | two columns between commas, quoted as RFC 4180 says (a text may hold line ends) |
| `.jsonl` | an object a line: `{"source": …, "target": …}`, or `{"translation": {"en": …, "fr": …}}` |
| `.parquet` | two string columns, or a struct `translation` |
| `hf:NAME[:CONFIG]` | a data set of the Hub or a local folder, read by `datasets` |

Text forms may be gzipped (`.gz`); `lines` says what a line is, `columns` how columns are found by name. In
TSV and CSV the first line is a header if it has the columns asked for, or names that `columns` knows;
otherwise there must be two columns, or the columns asked for must be numbers from 1 (`("1", "3")`). Every
line has as many columns as the first. Blank lines of TSV, CSV and JSONL are skipped; pairs with a blank side
are yielded, because a test set keeps its lines: dropping them is the part of `cleaning`. Line ends inside a
text become spaces, as control characters do.

What is wrong is a `DataError` that says `file:line: what was found, what was expected`, raised where it is
met. A new form is one function and one line of `_READERS`.
"""

from __future__ import annotations

import csv
import json
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import Any

from seq2seq.data.columns import choose_columns, same_language
from seq2seq.data.lines import MAX_LINE, read_lines, repair
from seq2seq.data.pairs import Counts, SentencePair
from seq2seq.errors import DataError, UsageError

_PARQUET_BATCH = 512  # rows: at a megabyte each they still fit


@dataclass(frozen=True)
class _Request:
    """What `read_pairs` was asked for."""

    columns: tuple[str, str] | None
    languages: tuple[str, str] | None
    split: str
    counts: Counts


def read_pairs(
    paths: Sequence[str],
    *,
    columns: tuple[str, str] | None = None,
    languages: tuple[str, str] | None = None,
    split: str = "train",
    counts: Counts | None = None,
) -> Iterator[SentencePair]:
    """Pairs of one corpus: a path of the table above, or two paths of aligned text.

    `columns` names the source and the target column; `languages`, the codes of source and target, finds them
    by name, and refuses names that say otherwise. `split` is that of a data set of `datasets`. `counts` takes
    the numbers of pairs and of repairs. Raises `DataError`, and `UsageError` for arguments that fit no data.
    """
    if columns and columns[0] == columns[1]:
        raise UsageError(f"columns {columns!r} found, expected two different ones")
    names = [os.fspath(path) for path in paths]
    request = _Request(columns, languages, split, counts if counts is not None else Counts())
    if len(names) == 1:
        return _counted(_reader(names[0])(names[0], request), request.counts)
    if len(names) == 2:
        _check_aligned(names, languages)
        return _counted(_read_aligned(names, request), request.counts)
    raise UsageError(f"{len(names)} paths found ({', '.join(names)}), expected one, or two of aligned text")


def _counted(pairs: Iterator[SentencePair], counts: Counts) -> Iterator[SentencePair]:
    for pair in pairs:
        counts.read += 1
        yield pair


def _reader(path: str) -> Callable[[str, _Request], Iterator[SentencePair]]:
    if path.startswith("hf:"):
        return _read_hub
    if os.path.isdir(path):
        raise DataError(f"{path}: a folder found, expected a file (hf:{path} reads a folder of data files)")
    reader = _READERS.get(_suffix(path))
    if reader is None or (reader is _read_parquet and path.lower().endswith(".gz")):
        known = ", ".join(name if name == ".parquet" else f"{name}[.gz]" for name in _READERS)
        suffix = os.path.splitext(path)[1]
        raise DataError(
            f"{path}: suffix {suffix!r} found, expected {known}, hf:NAME, or two files of aligned text"
        )
    return reader


def _suffix(path: str) -> str:
    """The suffix in lower case, that before `.gz` for a gzipped file."""
    name = os.path.basename(path).lower().removesuffix(".gz")
    return os.path.splitext(name)[1]


def _check_aligned(paths: Sequence[str], languages: tuple[str, str] | None) -> None:
    for path in paths:
        if _suffix(path) in _READERS or path.startswith("hf:"):
            raise DataError(f"{path}: a corpus of its own found, expected one of two files of aligned text")
    if paths[0] == paths[1]:
        raise DataError(f"{paths[0]}: the same file found twice, expected source and target")
    first, second = (_suffix(path)[1:] for path in paths)
    swapped = languages and same_language(first, languages[1]) and same_language(second, languages[0])
    if swapped and not same_language(first, second):
        raise DataError(f"{paths[0]}: the target's language found, expected {paths[1]} first (the source)")


def _read_aligned(paths: Sequence[str], request: _Request) -> Iterator[SentencePair]:
    sides = [read_lines(path, request.counts) for path in paths]
    for number, (source, target) in enumerate(zip_longest(*sides)):
        if source is None or target is None:
            short, long = (0, 1) if source is None else (1, 0)
            total = number + 1 + sum(1 for _ in sides[long])
            where = f"{paths[short]}:{number + 1}"
            raise DataError(
                f"{where}: the file ends after {number} lines, expected {total} as in {paths[long]}"
            )
        yield SentencePair(source[1], target[1], f"{paths[0]}:{number + 1}")


_Row = tuple[int, list[str]]  # number of its first line, cells


def _read_tsv(path: str, request: _Request) -> Iterator[SentencePair]:
    rows = ((number, line.split("\t")) for number, line in read_lines(path, request.counts))
    return _read_table(path, rows, request)


def _read_csv(path: str, request: _Request) -> Iterator[SentencePair]:
    return _read_table(path, _csv_rows(path, request.counts), request)


def _csv_rows(path: str, counts: Counts) -> Iterator[_Row]:
    csv.field_size_limit(max(MAX_LINE, csv.field_size_limit()))  # 128 KB by default
    reader = csv.reader((line + "\n" for _, line in read_lines(path, counts)), strict=True)
    while True:
        start = reader.line_num + 1
        try:
            yield start, next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise DataError(
                f"{path}:{start}: {error}; expected CSV with every quotation mark closed"
            ) from None


def _read_table(path: str, rows: Iterable[_Row], request: _Request) -> Iterator[SentencePair]:
    counts = request.counts
    rows = _filled(rows, counts)
    first = next(rows, None)
    if first is None:
        return
    width = len(first[1])
    source, target, header = _positions(first[1], request, where=f"{path}:{first[0]}")
    for number, cells in rows if header else chain([first], rows):
        where = f"{path}:{number}"
        if len(cells) != width:
            raise DataError(f"{where}: {_columns(len(cells))} found, expected {width}")
        yield SentencePair(repair(cells[source], where, counts), repair(cells[target], where, counts), where)


def _filled(rows: Iterable[_Row], counts: Counts) -> Iterator[_Row]:
    for number, cells in rows:
        if len(cells) > 1 or (cells and cells[0].strip()):
            yield number, cells
        else:
            counts.repair("blank line skipped")


def _positions(cells: Sequence[str], request: _Request, *, where: str) -> tuple[int, int, bool]:
    """Positions of source and target in the row, and whether `cells` is a header."""
    columns = request.columns
    if columns and all(re.fullmatch("[1-9][0-9]{0,5}", name) for name in columns):
        source, target = int(columns[0]) - 1, int(columns[1]) - 1
        if max(source, target) >= len(cells):
            raise DataError(
                f"{where}: {_columns(len(cells))} found, expected at least {max(source, target) + 1}"
            )
        return source, target, False
    names = choose_columns(cells, columns=columns, languages=request.languages, where=where)
    if names:
        return cells.index(names[0]), cells.index(names[1]), True
    if len(cells) != 2:
        raise DataError(f"{where}: {_columns(len(cells))} found, expected 2, or to be told which two")
    return 0, 1, False


def _columns(number: int) -> str:
    return f"{number} column" + ("s" if number != 1 else "")


def _read_jsonl(path: str, request: _Request) -> Iterator[SentencePair]:
    return _read_records(_json_records(path, request.counts), request)


def _json_records(path: str, counts: Counts) -> Iterator[tuple[str, Any]]:
    for number, line in read_lines(path, counts):
        if not line.strip():
            counts.repair("blank line skipped")
            continue
        try:
            record = json.loads(line)
        except RecursionError:
            raise DataError(f"{path}:{number}: JSON nested too deep found, expected a flat object") from None
        except ValueError as error:  # JSONDecodeError, or a number of over 4,300 digits
            raise DataError(f"{path}:{number}: not JSON ({error}), expected an object a line") from None
        yield f"{path}:{number}", record


def _read_records(records: Iterable[tuple[str, Any]], request: _Request) -> Iterator[SentencePair]:
    """Pairs of `(location, object)`. The first object says which columns; the others must have them."""
    names: tuple[str, str] | None = None
    for where, record in records:
        record = _inner(record, request.columns)
        if not isinstance(record, dict):
            raise DataError(f"{where}: a {type(record).__name__} found, expected an object with two strings")
        if names is None:
            names = _names(list(record), request, where)
        source, target = (_string(record, name, where=where, counts=request.counts) for name in names)
        yield SentencePair(source, target, where)


def _inner(record: Any, columns: tuple[str, str] | None) -> Any:
    """What holds the columns: the record, or the `{language: text}` that is its `translation`."""
    if isinstance(record, dict) and isinstance(inner := record.get("translation"), dict):
        return record if columns and all(name in record for name in columns) else inner
    return record


def _names(found: Sequence[str], request: _Request, where: str) -> tuple[str, str]:
    names = choose_columns(found, columns=request.columns, languages=request.languages, where=where)
    if names is None:
        shown = ", ".join(repr(name[:40]) for name in found[:10]) or "none"
        raise DataError(
            f"{where}: columns {shown} found, expected 'source' and 'target', or to be told which two"
        )
    return names


def _string(record: dict[str, Any], name: str, *, where: str, counts: Counts) -> str:
    if name not in record:
        raise DataError(f"{where}: no column {name!r} found, expected it as in the lines before")
    value = record[name]
    if not isinstance(value, str):
        raise DataError(f"{where}: {name!r} is a {type(value).__name__}, expected a string")
    return repair(value, where, counts)


def _read_parquet(path: str, request: _Request) -> Iterator[SentencePair]:
    return _read_records(_parquet_records(path, request), request)


def _parquet_records(path: str, request: _Request) -> Iterator[tuple[str, Any]]:
    import pyarrow
    from pyarrow import parquet

    row = 0
    try:
        # By default pyarrow loads whole row groups: 570 MB for 9 million pairs in one, 63 MB streamed.
        with parquet.ParquetFile(path, buffer_size=1 << 20, pre_buffer=False) as file:
            names = file.schema_arrow.names
            nested = "translation" in names and not (request.columns and set(request.columns) <= set(names))
            wanted = ["translation"] if nested else list(_names(names, request, f"{path}:1"))
            for batch in file.iter_batches(_PARQUET_BATCH, columns=wanted, use_threads=False):
                for record in _rows(batch, f"{path}:{row + 1}"):
                    row += 1
                    yield f"{path}:{row}", record
    except (pyarrow.ArrowException, OSError, UnicodeDecodeError) as error:
        reason = " ".join(str(getattr(error, "strerror", None) or error).split())
        raise DataError(f"{path}:{row + 1}: cannot be read ({reason}), expected a Parquet file") from None


def _rows(batch: Any, where: str) -> Iterable[Any]:
    """The rows of a record batch. `where` is the place of the first."""
    try:
        return batch.to_pylist()
    except UnicodeDecodeError:  # Arrow does not check what a file says is a string
        path, first = where.rsplit(":", 1)
        for index in range(batch.num_rows):
            try:
                batch.slice(index, 1).to_pylist()
            except UnicodeDecodeError as error:
                bad = f"byte {error.object[error.start]:#04x} found at byte {error.start + 1} of a text"
                raise DataError(f"{path}:{int(first) + index}: {bad}, expected UTF-8") from None
        raise


def _read_hub(path: str, request: _Request) -> Iterator[SentencePair]:
    return _read_records(_hub_records(path, request.split), request)


def _hub_records(path: str, split: str) -> Iterator[tuple[str, Any]]:
    row = 0
    try:
        for record in _hub_rows(path, split):
            row += 1
            yield f"{path}:{row}", record
    except DataError:
        raise
    except Exception as error:  # `datasets` has no base class of its errors, and builders raise anything
        shown = " ".join(str(error).split())[:300]
        place = f"{path}:{row + 1}" if row else path
        raise DataError(f"{place}: cannot be read by datasets ({type(error).__name__}: {shown})") from None


def _hub_rows(path: str, split: str) -> Iterable[Any]:
    """Rows of a local folder, streamed without network or cache, or of a Hub data set, downloaded first."""
    name, config = path.removeprefix("hf:"), None
    if not os.path.isdir(name) and ":" in name:
        name, config = name.rsplit(":", 1)
    local = os.path.isdir(name)
    # Without an owner, `datasets` takes "csv" for its own builder, which reads the current folder.
    if not local and not re.fullmatch(r"\w[\w.-]*/\w[\w.-]*", name):
        raise DataError(f"{path}: no folder {name!r} found, expected one, or OWNER/NAME on the Hub")
    import datasets

    with _quiet(offline=local):
        if local and any(
            os.path.exists(os.path.join(name, file)) for file in ("state.json", "dataset_dict.json")
        ):
            saved = datasets.load_from_disk(name)
            if isinstance(saved, datasets.Dataset):
                return saved
            if split not in saved:
                raise DataError(f"{path}: splits {', '.join(map(str, saved))} found, expected {split!r}")
            return saved[split]
        if not local:
            return datasets.load_dataset(name, config, split=split)
        with tempfile.TemporaryDirectory() as folder:  # a lock is all that streaming leaves in its cache
            return datasets.load_dataset(name, config, split=split, streaming=True, cache_dir=folder)


@contextmanager
def _quiet(*, offline: bool) -> Iterator[None]:
    """No progress bars but on a terminal and, where `offline`, no look at the Hub for what is on disk.

    `huggingface_hub` keeps its own bars to terminals; `datasets` does not.
    """
    import datasets
    import huggingface_hub

    settings: list[Any] = [datasets.config, huggingface_hub.constants]
    before = [module.HF_HUB_OFFLINE for module in settings]
    silence = not sys.stderr.isatty() and not datasets.utils.are_progress_bars_disabled()
    try:
        for module in settings:
            module.HF_HUB_OFFLINE = offline or module.HF_HUB_OFFLINE
        if silence:
            datasets.disable_progress_bars()
        yield
    finally:
        for module, value in zip(settings, before, strict=True):
            module.HF_HUB_OFFLINE = value
        if silence:
            datasets.enable_progress_bars()


_READERS: dict[str, Callable[[str, _Request], Iterator[SentencePair]]] = {
    ".tsv": _read_tsv,
    ".csv": _read_csv,
    ".jsonl": _read_jsonl,
    ".parquet": _read_parquet,
}
