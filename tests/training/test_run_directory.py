"""The run directory: its log, the best model it keeps, and the pointer that makes a run a model."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

import pytest
import torch

from seq2seq import files
from seq2seq.bundle import model_directory
from seq2seq.bundle.finding import BEST, resolve
from seq2seq.errors import DataError, ModelError, RunError, UsageError
from seq2seq.training.run_directory import RunDirectory
from tests import tiny


def test_records_are_those_that_were_logged(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path / "run")
    assert run.records() == [] and run.log_size() == 0
    run.log({"event": "step", "step": 1, "loss": 1.5})
    run.log({"event": "step", "step": 2, "loss": math.nan, "note": "é\u2028"})
    run.sync_log()
    run.close()
    assert run.records() == [
        {"event": "step", "step": 1, "loss": 1.5},
        {"event": "step", "step": 2, "loss": None, "note": "é\u2028"},
    ]
    assert run.log_size() == (tmp_path / "run" / "log.jsonl").stat().st_size


def test_the_log_is_strict_json(tmp_path: Path) -> None:
    """JSON has no form for infinity and NaN, which Python's writer writes all the same."""
    run = RunDirectory(tmp_path)
    run.log({"loss": math.inf, "gradient_norm": -math.inf, "bleu": math.nan, "seconds": 0.5})

    def refuse(name: str) -> None:
        raise AssertionError(name)

    (line, end) = (tmp_path / "log.jsonl").read_text().split("\n")
    record = json.loads(line, parse_constant=refuse)
    assert end == ""
    assert record == {"loss": None, "gradient_norm": None, "bleu": None, "seconds": 0.5}


def test_a_cut_log_is_continued(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    run.cut_log(0)
    run.log({"step": 1})
    size = run.log_size()
    run.log({"step": 2})
    run.close()
    run = RunDirectory(tmp_path)
    run.cut_log(size)
    run.log({"step": 3})
    assert run.records() == [{"step": 1}, {"step": 3}]


def test_an_unfinished_last_line_is_ignored(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_bytes(b'{"step": 1}\n{"st')
    assert RunDirectory(tmp_path).records() == [{"step": 1}]


@pytest.mark.parametrize(
    "line",
    [
        b"no json",
        b"[1]",
        b"\xff",
        b"[" * 100_000,
        b'{"event": "step", "step": "2"}',
        b'{"event": "step", "step": null}',
        b'{"event": "step", "step": true}',
        b'{"event": "step", "step": 2.5}',
        b'{"event": "step", "step": -1}',
        b'{"event": "step", "step": 1' + b"0" * 400 + b"}",
        b'{"event": "step", "loss": 1.0}',
        b'{"event": "validation", "bleu": 1.0}',
        b'{"event": "step", "step": 2, "loss": "low"}',
        b'{"event": "step", "step": 2, "loss": [1.0]}',
        b'{"event": "step", "step": 2, "seconds": {}}',
        b'{"event": "validation", "step": 2, "bleu": "high"}',
        b'{"event": "step", "step": 2, "tokens": null}',
        b'{"event": "step", "step": 2, "epoch": "one"}',
    ],
)
def test_a_damaged_log_is_an_error_with_file_and_line(tmp_path: Path, line: bytes) -> None:
    (tmp_path / "log.jsonl").write_bytes(b'{"step": 1}\n' + line + b"\n")
    with pytest.raises(DataError, match=r"log\.jsonl:2: "):
        RunDirectory(tmp_path).records()


def test_a_log_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").mkdir()
    with pytest.raises(RunError, match="cannot be written"):
        RunDirectory(tmp_path).log({})


def test_keep_points_to_the_best_model_and_removes_the_one_before(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    for step in (10, 20):
        run.keep(tiny.bundle(seed=step), step=step, validation={"bleu": float(step)})
        assert os.listdir(tmp_path / "bundles") == [f"step-{step}"]
        assert resolve(tmp_path) == tmp_path / "bundles" / f"step-{step}"
        stored = json.loads((tmp_path / BEST).read_text())
        assert stored == {"bundle": f"bundles/step-{step}", "validation": {"bleu": float(step)}}
        weights = model_directory.unique_weights(model_directory.load(resolve(tmp_path)).model)
        for name, weight in model_directory.unique_weights(tiny.bundle(seed=step).model).items():
            assert torch.equal(weights[name], weight)


def test_keeping_a_step_again_never_leaves_the_run_without_a_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = RunDirectory(tmp_path)
    run.keep(tiny.bundle(), step=10, validation={})
    replace, existed = os.replace, []

    def watch(source: Path, target: Path) -> None:
        existed.append((resolve(tmp_path) / "config.json").exists())
        replace(source, target)

    monkeypatch.setattr(os, "replace", watch)
    run.keep(tiny.bundle(), step=10, validation={})
    assert existed and all(existed)
    assert os.listdir(tmp_path / "bundles") == ["step-10-1"] and resolve(tmp_path).name == "step-10-1"


def test_a_model_that_is_replaced_while_it_is_loaded_gives_the_better_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = RunDirectory(tmp_path)
    run.keep(tiny.bundle(seed=1), step=10, validation={})
    first, load_weights = resolve(tmp_path), model_directory.load_weights

    def replaced(*arguments: Any) -> Any:
        if resolve(tmp_path) == first:
            run.keep(tiny.bundle(seed=2), step=20, validation={})
        return load_weights(*arguments)

    monkeypatch.setattr(model_directory, "load_weights", replaced)
    weights = model_directory.unique_weights(model_directory.load(first).model)
    for name, weight in model_directory.unique_weights(tiny.bundle(seed=2).model).items():
        assert torch.equal(weights[name], weight)


def test_a_model_directory_stands_for_itself(tmp_path: Path) -> None:
    assert resolve(tmp_path) == tmp_path


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "cannot be read"),
        ("[]", "holds list, expected an object"),
        ("{}", "bundle is None, expected the path of a folder"),
        ('{"bundle": 5}', "bundle is 5, expected the path of a folder"),
        ('{"bundle": "a\\u0000b"}', "which is no path"),
        ("[" * 100_000, "cannot be read"),
        ('{"bundle": "../outside"}', "out of its run"),
        ('{"bundle": "/etc"}', "out of its run"),
        ('{"bundle": "bundles/step-7"}', "which does not exist"),
    ],
)
def test_a_wrong_pointer(tmp_path: Path, content: str, complaint: str) -> None:
    run = tmp_path / "run"
    (tmp_path / "outside").mkdir()
    files.write_text(run / BEST, content)
    with pytest.raises(ModelError, match=complaint):
        resolve(run)


def test_the_first_record_writes_the_description(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    run.description = {"settings": 1}
    assert not (tmp_path / "training.json").exists()
    run.log({"step": 1})
    assert json.loads((tmp_path / "training.json").read_text()) == {"settings": 1}
    (tmp_path / "training.json").write_text("changed")
    run.log({"step": 2})
    assert (tmp_path / "training.json").read_text() == "changed"


def test_removing_prepared_data_leaves_other_files(tmp_path: Path) -> None:
    for name in ("data", "plain", ".data-k1ll3d__", ".plain-k1ll3d__", "sample"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "state.json").write_text("{}")
    for name in ("joint.model", "source.model", "target.model", "lengths.npy", "valid.json", "notes.txt"):
        (tmp_path / name).write_text("")
    RunDirectory(tmp_path).remove_leftovers()
    assert (tmp_path / "data").exists() and not (tmp_path / "plain").exists()
    RunDirectory(tmp_path).remove_prepared()
    assert sorted(os.listdir(tmp_path)) == ["notes.txt", "sample"]
    RunDirectory(tmp_path / "nothing").remove_prepared()


def test_a_name_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    """Arrow cannot write there. Spaces, umlauts, emoji and line ends are fine."""
    RunDirectory(tmp_path / "a b/ümlaut 🐈\n").check_is_free()
    with pytest.raises(UsageError, match=r"bad\\udcff' is not UTF-8: choose another --out"):
        RunDirectory(tmp_path / os.fsdecode(b"bad\xff")).check_is_free()
