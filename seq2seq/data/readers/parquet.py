"""Reader of Parquet: two columns of strings, or a struct `translation`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from seq2seq.data.readers.records import column_names, read_records
from seq2seq.data.readers.request import ReadRequest
from seq2seq.errors import DataError
from seq2seq.pairs import SentencePair

_BATCH_ROWS = 512  # at a megabyte each they still fit into memory


def read_parquet(path: str, request: ReadRequest) -> Iterator[SentencePair]:
    """The pairs of a Parquet file."""
    return read_records(_parquet_records(path, request), request)


def _parquet_records(path: str, request: ReadRequest) -> Iterator[tuple[str, Any]]:
    import pyarrow
    from pyarrow import parquet

    row = 0
    try:
        # By default pyarrow loads whole row groups: 570 MB for 9 million pairs in one, 63 MB streamed.
        with parquet.ParquetFile(path, buffer_size=1 << 20, pre_buffer=False) as file:
            names = file.schema_arrow.names
            nested = "translation" in names and not (request.columns and set(request.columns) <= set(names))
            wanted = ["translation"] if nested else list(column_names(names, request, f"{path}:1"))
            for batch in file.iter_batches(_BATCH_ROWS, columns=wanted, use_threads=False):
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
