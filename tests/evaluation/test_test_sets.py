"""Test sets are read as they are."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from seq2seq.errors import UsageError
from seq2seq.evaluation.test_sets import direction_of_test, read_test


def test_the_test_set_is_not_cleaned(tmp_path: Path) -> None:
    (tmp_path / "test.tsv").write_text("a\tb\na\tb\nsame\tsame\n\tx\n")
    assert len(read_test([str(tmp_path / "test.tsv")], languages=("en", "fr"))) == 4


def test_a_name_and_a_target_language_that_contradict_each_other() -> None:
    unknown: Any = SimpleNamespace(directions=())  # a model that does not know its languages
    words = ("en-de=a.en,a.de",)
    assert direction_of_test(unknown, words, "de") == (("en", "de"), ("a.en", "a.de"))
    with pytest.raises(UsageError, match="named en-de, and the target language is fr: expected one"):
        direction_of_test(unknown, words, "fr")
