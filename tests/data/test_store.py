"""Stored pairs: they come back unchanged, nothing is left half written, damage is an error."""

from __future__ import annotations

import errno
import json
import time
from collections.abc import Iterator
from pathlib import Path

import datasets
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seq2seq.data import store
from seq2seq.data.store import build_dataset, load_dataset
from seq2seq.errors import DataError, RunError
from seq2seq.pairs import SentencePair

PAIRS = [SentencePair(f"source {n}", f"cible {n} é中😀", f"t.tsv:{n}") for n in range(10)]


def stored(dataset: datasets.Dataset) -> list[tuple[str, str]]:
    return list(zip(dataset["source"], dataset["target"], strict=True))


def plain(pairs: list[SentencePair]) -> list[tuple[str, str]]:
    return [(pair.source, pair.target) for pair in pairs]


def test_pairs_come_back_memory_mapped(tmp_path: Path) -> None:
    directory = tmp_path / "run" / "data"
    built = build_dataset(iter(PAIRS), directory)
    assert built.column_names == ["source", "target"]
    assert built.cache_files == [{"filename": str(directory / "data-00000.arrow")}]
    for dataset in (built, load_dataset(directory), datasets.load_from_disk(str(directory))):
        assert stored(dataset) == plain(PAIRS)
    assert [entry.name for entry in directory.parent.iterdir()] == ["data"]


@pytest.mark.parametrize(
    ("shard", "batch", "characters"), [(3, 2, 10**6), (10, 10, 1), (4, 100, 30), (1, 1, 1)]
)
def test_pairs_come_back_from_any_division_into_shards_and_batches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shard: int, batch: int, characters: int
) -> None:
    monkeypatch.setattr(store, "_SHARD_ROWS", shard)
    monkeypatch.setattr(store, "_BATCH_ROWS", batch)
    monkeypatch.setattr(store, "_BATCH_CHARACTERS", characters)
    dataset = build_dataset(PAIRS, tmp_path / "data")
    assert stored(dataset) == plain(PAIRS)
    assert dataset[7] == {"source": "source 7", "target": "cible 7 é中😀"}
    assert len(list((tmp_path / "data").glob("*.arrow"))) == -(-10 // shard)


def test_batches_are_limited_in_pairs_and_in_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "_BATCH_ROWS", 3)
    monkeypatch.setattr(store, "_BATCH_CHARACTERS", 10)
    pairs = [SentencePair("a" * length, "b") for length in (1, 1, 1, 1, 20, 1, 4, 4, 1)]
    assert [len(batch) for batch in store._batches(iter(pairs))] == [3, 2, 3, 1]


@given(pairs=st.lists(st.tuples(st.text(), st.text()), min_size=1, max_size=20))
@settings(max_examples=15, deadline=None)
def test_any_text_comes_back(tmp_path_factory: pytest.TempPathFactory, pairs: list[tuple[str, str]]) -> None:
    directory = tmp_path_factory.getbasetemp() / "any"
    assert stored(build_dataset((SentencePair(*pair) for pair in pairs), directory)) == pairs


def test_an_empty_corpus_is_an_error(tmp_path: Path) -> None:
    build_dataset(PAIRS, tmp_path / "data")
    with pytest.raises(DataError, match="no sentence pair to store"):
        build_dataset([], tmp_path / "data")
    assert len(load_dataset(tmp_path / "data")) == 10


def test_an_error_while_writing_leaves_the_old_data(tmp_path: Path) -> None:
    def failing() -> Iterator[SentencePair]:
        yield PAIRS[0]
        raise DataError("t.tsv:2: bad")

    with pytest.raises(DataError, match=r"^t.tsv:2: bad$"):
        build_dataset(failing(), tmp_path / "data")
    assert list(tmp_path.iterdir()) == []
    build_dataset(PAIRS, tmp_path / "data")
    with pytest.raises(DataError):
        build_dataset(failing(), tmp_path / "data")
    assert stored(load_dataset(tmp_path / "data")) == plain(PAIRS)
    assert [entry.name for entry in tmp_path.iterdir()] == ["data"]


def test_a_new_build_replaces_the_old(tmp_path: Path) -> None:
    old = build_dataset(PAIRS, tmp_path / "data")
    assert len(build_dataset(PAIRS[:3], tmp_path / "data")) == 3
    assert stored(old) == plain(PAIRS)  # who holds the old one keeps it
    assert [entry.name for entry in tmp_path.iterdir()] == ["data"]


def test_a_lone_surrogate_names_its_pair(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"^t.tsv:7: a lone surrogate"):
        build_dataset([PAIRS[0], SentencePair("fine", "\ud800", "t.tsv:7")], tmp_path / "data")
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(datasets.DatasetInfo, "write_to_directory", refuse)  # after the shards
    with pytest.raises(RunError, match="No space left"):
        build_dataset(PAIRS, tmp_path / "data")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("damage", ["cut", "gone", "state", "folder"])
def test_damaged_data_is_an_error(tmp_path: Path, damage: str) -> None:
    directory = tmp_path / "data"
    build_dataset(PAIRS, directory)
    shard = directory / "data-00000.arrow"
    if damage == "cut":
        shard.write_bytes(shard.read_bytes()[:600])
    elif damage == "gone":
        shard.unlink()
    elif damage == "state":
        (directory / "state.json").write_text("[]")
    else:
        directory = tmp_path / "other"
    with pytest.raises(DataError, match=str(directory)):
        load_dataset(directory)


def test_missing_rows_are_an_error(tmp_path: Path) -> None:
    """An Arrow stream that ends after any batch is valid, so the number of rows must be checked."""
    build_dataset(PAIRS, tmp_path / "data")
    state = tmp_path / "data" / "state.json"
    state.write_text(json.dumps(json.loads(state.read_text()) | {"rows": 11}))
    with pytest.raises(DataError, match="10 sentence pairs found, expected 11"):
        load_dataset(tmp_path / "data")


def anonymous_megabytes() -> float:
    status = Path("/proc/self/status").read_text()
    return int(status.split("RssAnon:")[1].split()[0]) / 1000


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_memory_does_not_grow_with_the_corpus(tmp_path: Path) -> None:
    """60,000 pairs with 1,000 characters on each side are 120 MB."""
    samples = [anonymous_megabytes()]

    def pairs() -> Iterator[SentencePair]:
        for number in range(60_000):
            if number % 1000 == 0:
                samples.append(anonymous_megabytes())
            yield SentencePair(f"{number:01000d}", f"{number:01000d}")

    dataset = build_dataset(pairs(), tmp_path / "data")
    samples.append(anonymous_megabytes())
    assert len(dataset) == 60_000
    assert max(samples) - samples[0] < 60


def test_numbers_of_a_data_set_are_read_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of several files, and of chosen rows; quicker than row by row, which takes seconds for 300,000."""
    monkeypatch.setattr(store, "_SHARD_ROWS", 9_000)
    pairs = (SentencePair(str(n), "", direction=n % 3, share=0.5 + n % 2) for n in range(20_000))
    data = build_dataset(pairs, tmp_path / "data", with_directions=True, with_shares=True)
    rows = np.arange(20_000)
    start = time.process_time()
    assert (store.column(data, "direction", 0) == rows % 3).all()
    assert (store.column(data, "share", 1.0) == 0.5 + rows % 2).all()
    assert (store.column(data, "other", 2.0) == np.full(20_000, 2.0)).all()
    middle = time.process_time()
    assert len(list(data["direction"])) == 20_000
    assert middle - start < (time.process_time() - middle) / 2
    assert store.column(data.select(rows[5::7]), "direction", 0).tolist() == (rows[5::7] % 3).tolist()
