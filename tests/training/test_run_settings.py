"""The settings of a run on disk, and what may change when it is resumed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from seq2seq.config import Settings
from seq2seq.errors import ModelError, UsageError
from seq2seq.training.run_settings import (
    CHANGEABLE,
    Corpora,
    Difference,
    describe,
    differences,
    resumed_run,
    stored_run,
)
from tests import tiny

SETTINGS = tiny.settings(steps=4, data={"columns": ("a", "b")})
CORPORA = Corpora((("train.en", "train.fr"), ("more.tsv",)), (("valid.tsv",),), ("en", "fr"))


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A directory with the settings of a run."""
    (tmp_path / "training.json").write_text(json.dumps(describe(SETTINGS, CORPORA)))
    return tmp_path


def test_stored_settings_come_back(out: Path) -> None:
    assert stored_run(out) == (SETTINGS, CORPORA)


def test_a_missing_run_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no run to resume here.*leave out --resume"):
        stored_run(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        "[" * 100_000,
        '{"settings": {"model": {"cel": 1}}}',
        '{"settings": 5, "corpora": {}}',
        '{"settings": {}, "corpora": 5}',
        '{"settings": {}, "corpora": {"train": 5, "valid": [], "languages": ["", ""]}}',
        '{"settings": {}, "corpora": {"train": [], "valid": [], "languages": ["en"]}}',
    ],
)
def test_damaged_settings_are_an_error(tmp_path: Path, content: str) -> None:
    (tmp_path / "training.json").write_text(content)
    with pytest.raises(ModelError, match=r"training\.json: (cannot be read|holds|not the settings of a run)"):
        stored_run(tmp_path)


def changed(**training: Any) -> Settings:
    return replace(SETTINGS, training=replace(SETTINGS.training, **training))


def test_differences_are_named_with_both_values() -> None:
    stored = SETTINGS, CORPORA
    assert differences(SETTINGS, CORPORA, stored) == differences(None, Corpora(), stored) == []
    assert differences(changed(steps=9, seed=2), replace(CORPORA, languages=("", "de")), stored) == [
        Difference("target_lang", "de", "fr"),
        Difference("training.steps", 9, 4),
        Difference("training.seed", 2, 1),
    ]
    given = replace(CORPORA, valid=())
    assert differences(None, CORPORA, (SETTINGS, given)) == [Difference("valid", CORPORA.valid, ())]


def test_limits_may_change_and_nothing_else(out: Path) -> None:
    new = changed(steps=9, epochs=3, minutes=1.5, patience=7, save_every=8, keep_checkpoints=4)
    assert resumed_run(new, Corpora(), out) == (new, CORPORA)
    assert resumed_run(None, CORPORA, out) == (SETTINGS, CORPORA)
    with pytest.raises(UsageError, match=r"training\.seed is 2, but 1 in the run .*training\.steps") as error:
        resumed_run(changed(steps=9, seed=2), CORPORA, out)
    assert all(name in str(error.value) for name in CHANGEABLE)
    with pytest.raises(UsageError, match=r"train is .*other\.tsv"):
        resumed_run(None, Corpora(train=(("other.tsv",),)), out)


def test_a_falling_schedule_needs_an_end_also_when_resumed(out: Path) -> None:
    (out / "training.json").write_text(json.dumps(describe(changed(schedule="linear"), CORPORA)))
    with pytest.raises(UsageError, match="falls to the end"):
        resumed_run(changed(schedule="linear", steps=0), CORPORA, out)
