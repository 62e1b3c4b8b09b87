"""Stores sentence pairs on disk as Arrow files, in the layout of `datasets.Dataset.save_to_disk`.

Memory stays constant: pairs are written in small record batches, and the stored data set is memory-mapped.
The text is stored as it is, in the columns `source` and `target`: it was cleaned before, and is encoded
later. Pairs of several directions have a column `direction`, those of mixed corpora a column `share`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice, repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from seq2seq.errors import DataError
from seq2seq.files import new_directory
from seq2seq.pairs import SentencePair

if TYPE_CHECKING:
    from datasets import Dataset

_SHARD_ROWS = 1_000_000  # pairs per file; several files let several processes share the work
_BATCH_ROWS = 2_000
_BATCH_CHARACTERS = 4_000_000
_STATE = "state.json"


def build_dataset(
    pairs: Iterable[SentencePair],
    directory: Path,
    *,
    with_directions: bool = False,
    with_shares: bool = False,
) -> Dataset:
    """Write `pairs` to `directory`, in place of what is there, and load them.

    Raises DataError if there is no pair or a text cannot be stored, RunError if the disk refuses.
    """
    iterator = iter(pairs)
    first = next(iterator, None)
    if first is None:
        raise DataError("no sentence pair to store, expected at least one")
    columns = {"source": "string", "target": "string"}
    columns |= {"direction": "uint16"} if with_directions else {}
    columns |= {"share": "float64"} if with_shares else {}
    with new_directory(Path(directory)) as scratch:
        _write(chain([first], iterator), scratch, columns)
    return load_dataset(directory)


def load_dataset(directory: Path) -> Dataset:
    """The `Dataset` that `build_dataset` wrote, memory-mapped. Raises DataError if it is incomplete."""
    import datasets
    import pyarrow

    directory = Path(directory)
    try:
        state = json.loads((directory / _STATE).read_text(encoding="utf-8"))
        rows, names = state["rows"], [entry["filename"] for entry in state["_data_files"]]
        shards = [datasets.Dataset.from_file(str(directory / name)) for name in names]
        dataset = datasets.concatenate_datasets(shards)
    except (OSError, ValueError, LookupError, TypeError, pyarrow.ArrowException) as error:
        raise DataError(
            f"{directory}: no stored sentence pairs found ({error}), expected the data folder of a run"
        ) from None
    if len(dataset) != rows:
        raise DataError(
            f"{directory}: {len(dataset)} sentence pairs found, expected {rows}: a file is truncated"
        )
    return dataset


class StoredPairs(Sequence[SentencePair]):
    """The pairs of a stored data set, read in chunks when they are iterated over. `check` is called before
    each chunk."""

    def __init__(self, data: Any, check: Callable[[], None] = lambda: None) -> None:
        self.data, self.check = data, check

    def groups(self) -> Iterator[tuple[int, float, StoredPairs]]:
        """The pairs of each direction and share, with the two, in order."""
        directions, shares = column(self.data, "direction", 0), column(self.data, "share", 1.0)
        for direction in np.unique(directions).tolist():
            for share in np.unique(shares[directions == direction]).tolist():
                rows = np.flatnonzero((directions == direction) & (shares == share))
                yield direction, share, StoredPairs(self.data.select(rows), self.check)

    def __len__(self) -> int:
        return len(self.data)

    @overload
    def __getitem__(self, place: int) -> SentencePair: ...
    @overload
    def __getitem__(self, place: slice) -> list[SentencePair]: ...
    def __getitem__(self, place: int | slice) -> SentencePair | list[SentencePair]:
        if isinstance(place, slice):
            return list(map(SentencePair, *self._columns(range(len(self))[place])))
        return next(map(SentencePair, *self._columns(range(int(place), int(place) + 1))))

    def _columns(self, rows: range) -> tuple[Iterable[Any], ...]:
        self.check()
        columns = self.data[rows.start : rows.stop] if rows.step == 1 else self.data[list(rows)]
        texts = list(columns["source"]), list(columns["target"])
        return *texts, repeat(""), columns.get("direction", repeat(0)), columns.get("share", repeat(1.0))

    def __iter__(self) -> Iterator[SentencePair]:
        for start in range(0, len(self), _BATCH_ROWS):
            yield from self[start : start + _BATCH_ROWS]


def column(data: Any, name: str, default: float) -> np.ndarray:
    """A column of numbers (N,) of a stored data set; `default` in each row if there is none."""
    if name not in data.column_names:
        return np.full(len(data), default)
    found: np.ndarray = data.with_format("arrow")[name][:].to_numpy()
    return found


def _write(pairs: Iterator[SentencePair], folder: Path, columns: dict[str, str]) -> None:
    """Write the shards, then the files that list them."""
    import datasets

    features = datasets.Features({name: datasets.Value(kind) for name, kind in columns.items()})
    names: list[str] = []
    rows = 0
    for pair in pairs:
        names.append(f"data-{len(names):05d}.arrow")
        rows += _write_shard(
            chain([pair], islice(pairs, _SHARD_ROWS - 1)), folder / names[-1], features.arrow_schema
        )
    datasets.DatasetInfo(features=features).write_to_directory(str(folder))
    state: dict[str, Any] = {
        "_data_files": [{"filename": name} for name in names],
        "_fingerprint": None,
        "_format_columns": None,
        "_format_kwargs": {},
        "_format_type": None,
        "_output_all_columns": False,
        "_split": None,
        "rows": rows,
    }
    (folder / _STATE).write_text(json.dumps(state, indent=2) + "\n", encoding="utf-8")


def _write_shard(pairs: Iterator[SentencePair], path: Path, schema: Any) -> int:
    import pyarrow

    rows = 0
    with pyarrow.OSFile(str(path), "wb") as sink, pyarrow.ipc.new_stream(sink, schema) as writer:
        for batch in _batches(pairs):
            columns = ([getattr(pair, name) for pair in batch] for name in schema.names)
            try:
                arrays = list(map(pyarrow.array, columns, schema.types))
            except UnicodeEncodeError as error:
                place = next(
                    (pair.location for pair in batch if error.object in (pair.source, pair.target)), ""
                )
                raise DataError(f"{place}: a lone surrogate found in a text, expected Unicode text") from None
            writer.write_batch(pyarrow.record_batch(arrays, schema=schema))
            rows += len(batch)
    return rows


def _batches(pairs: Iterator[SentencePair]) -> Iterator[list[SentencePair]]:
    """Group pairs into batches that are small both in number and in text."""
    batch: list[SentencePair] = []
    characters = 0
    for pair in pairs:
        batch.append(pair)
        characters += len(pair.source) + len(pair.target)
        if len(batch) >= _BATCH_ROWS or characters >= _BATCH_CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch
