"""Test sets are read as they are."""

from __future__ import annotations

from pathlib import Path

from seq2seq.evaluation.test_sets import read_test


def test_the_test_set_is_not_cleaned(tmp_path: Path) -> None:
    (tmp_path / "test.tsv").write_text("a\tb\na\tb\nsame\tsame\n\tx\n")
    assert len(read_test([str(tmp_path / "test.tsv")], languages=("en", "fr"))) == 4
