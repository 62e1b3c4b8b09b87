"""Which texts synthetic pairs are made from."""

from __future__ import annotations

from pathlib import Path

import pytest

from seq2seq.errors import UsageError
from seq2seq.pairs import Counts
from seq2seq.synthesis.texts import Text, Texts


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "mono.txt").write_text("one\n\ntwo three\n", encoding="utf-8")
    (tmp_path / "pairs.tsv").write_text("one\tun\n\tvide\n", encoding="utf-8")
    (tmp_path / "a.en").write_text("four\n", encoding="utf-8")
    (tmp_path / "a.fr").write_text("quatre\n", encoding="utf-8")
    return tmp_path


def texts(folder: Path, *names: str) -> Texts:
    return Texts([str(folder / name) for name in names])


def test_lines_of_one_language(folder: Path) -> None:
    mono, counts = texts(folder, "mono.txt"), Counts()
    assert mono.monolingual
    read = list(mono.side("target", counts))
    path = folder / "mono.txt"
    assert read == [Text("one", f"{path}:1"), Text("two three", f"{path}:3")]
    assert (counts.read, counts.dropped) == (3, {"blank": 1})


def test_either_side_of_parallel_data(folder: Path) -> None:
    both, counts = texts(folder, "pairs.tsv", "a.en", "a.fr"), Counts()
    assert not both.monolingual
    assert [text.text for text in both.side("source", counts)] == ["one", "four"]
    assert [text.text for text in both.side("target", counts)] == ["un", "vide", "quatre"]
    assert (counts.read, counts.dropped) == (6, {"blank": 1})


def test_text_of_one_language_stands_alone(folder: Path) -> None:
    with pytest.raises(UsageError, match=r"mono\.txt: one language found, expected no other data"):
        texts(folder, "mono.txt", "pairs.tsv").monolingual  # noqa: B018
    with pytest.raises(UsageError, match="no data given"):
        texts(folder).monolingual  # noqa: B018
