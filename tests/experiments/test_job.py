"""Jobs as files: what is written is read, results count for their own job only, damage is noticed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from seq2seq import files
from seq2seq.errors import DataError, ModelError, RunError, UsageError
from seq2seq.experiments.job import MEMORY, RESULT, Job, logged, read_memory
from seq2seq.experiments.worker import run_job
from seq2seq.training.run_directory import RunDirectory
from seq2seq.training.run_settings import Corpora, pairs_sha256
from tests import tiny
from tests.experiments.experiment_data import job


def test_job_is_read_as_it_was_written(shared_data: Path, tmp_path: Path) -> None:
    written = job(shared_data, tmp_path / "run", learning_rate=0.25)
    assert Job.read(written.write()) == written


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"corpora": 5}', '{"settings": {"model": 3}}'])
def test_damaged_job_is_a_run_error(tmp_path: Path, content: str) -> None:
    (tmp_path / "job.json").write_text(content)
    with pytest.raises(RunError, match=r"job\.json: "):
        Job.read(tmp_path / "job.json")


def test_result_counts_for_its_own_settings_and_test_set_only(finished: Job, tmp_path: Path) -> None:
    longer = replace(finished.settings, training=replace(finished.settings.training, steps=5))
    result = finished.result()
    assert result is not None and result["test_digest"] == pairs_sha256(tiny.pairs(8, seed=5))
    digests = {
        pairs_sha256(pairs) for pairs in (tiny.pairs(8, seed=6), tiny.pairs(8, seed=5), tiny.pairs(7, seed=5))
    }
    assert len(digests) == 3
    assert replace(finished, settings=longer).result() is None
    assert replace(finished, test=("other.tsv",)).result() is None
    assert replace(finished, out=tmp_path).result() is None


@pytest.mark.parametrize("content", ["", "{}", "[]", "[" * 100_000, '{"settings": 1, "test": 2}'])
def test_result_that_is_not_one_does_not_count(finished: Job, tmp_path: Path, content: str) -> None:
    (tmp_path / RESULT).write_text(content)
    assert replace(finished, out=tmp_path).result() is None


def test_result_with_a_part_missing_does_not_count(finished: Job, tmp_path: Path) -> None:
    result = finished.result()
    assert result is not None
    files.write_json(tmp_path / RESULT, result)
    assert replace(finished, out=tmp_path).result() == result
    for name in ("bleu", "chrf", "ter", "parameters", "translations", "device", "versions", "peak_memory"):
        files.write_json(tmp_path / RESULT, {key: value for key, value in result.items() if key != name})
        assert replace(finished, out=tmp_path).result() is None, name


def test_run_goes_on_with_raised_limits_only(finished: Job, shared_data: Path, tmp_path: Path) -> None:
    finished.check()
    job(shared_data, finished.out, steps=9, patience=3, save_every=7).check()
    job(shared_data, tmp_path / "nothing").check()
    with pytest.raises(UsageError, match=r"training\.steps is 4, not 3"):
        job(shared_data, finished.out, steps=3).check()
    with pytest.raises(UsageError, match=r"training\.minutes is 0\.0, not 1\.0"):  # it may have taken longer
        job(shared_data, finished.out, minutes=1.0).check()
    with pytest.raises(UsageError, match=r"training\.seed is 1, not 2"):
        job(shared_data, finished.out, seed=2).check()
    with pytest.raises(UsageError, match="train is"):
        replace(finished, corpora=replace(finished.corpora, train=(("x.tsv",),))).check()
    (tmp_path / "training.json").write_text("{")
    with pytest.raises(ModelError, match=r"training\.json"):
        replace(finished, out=tmp_path).check()


def test_run_whose_rate_has_fallen_does_not_go_on(shared_data: Path, tmp_path: Path) -> None:
    short = job(shared_data, tmp_path / "run", steps=2, schedule="linear")
    assert run_job(short) == 0
    short.check()
    with pytest.raises(UsageError, match=r"training\.steps is 2, not 4"):
        job(shared_data, tmp_path / "run", steps=4, schedule="linear").check()


@pytest.mark.parametrize("languages", [("", ""), ("en", ""), ("", "de")])
def test_languages_of_file_names_need_not_be_repeated(
    shared_data: Path, tmp_path: Path, languages: tuple[str, str]
) -> None:
    """A run stores the languages in the names of its files. The repeated command may leave them out again."""
    for name, number, seed in (("train", 40, 0), ("valid", 4, 9), ("test", 4, 5)):
        for language, side in (("en", "source"), ("de", "target")):
            text = "".join(f"{getattr(pair, side)}\n" for pair in tiny.pairs(number, seed=seed))
            (tmp_path / f"{name}.{language}").write_text(text, encoding="utf-8")
    paths = {
        name: (str(tmp_path / f"{name}.en"), str(tmp_path / f"{name}.de")) for name in ("train", "valid")
    }
    corpora = Corpora((paths["train"],), (paths["valid"],), languages)
    test = (str(tmp_path / "test.en"), str(tmp_path / "test.de"))
    first = replace(job(shared_data, tmp_path / "run", steps=2), corpora=corpora, test=test)
    assert run_job(first) == 0
    first.check()
    with pytest.raises(UsageError, match=r"target_lang is 'de', not 'fr'"):
        replace(first, corpora=replace(corpora, languages=("", "fr"))).check()


def test_memory_of_a_run_is_read(tmp_path: Path) -> None:
    assert read_memory(tmp_path) == {}
    (tmp_path / MEMORY).write_text(json.dumps({"peak_memory": 5, "something": "else"}))
    assert read_memory(tmp_path) == {"peak_memory": 5}


@pytest.mark.parametrize("content", ["", "[]", '{"peak_memory": "much"}', '{"device_memory": null}'])
def test_damaged_memory_file_is_a_run_error(tmp_path: Path, content: str) -> None:
    (tmp_path / MEMORY).write_text(content)
    with pytest.raises(RunError, match=r"memory\.json"):
        read_memory(tmp_path)


def test_logged_numbers_of_an_event(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    run.log({"event": "step", "step": 1, "loss": float("nan")})
    run.log({"event": "validation", "step": 1, "bleu": 3.0})
    run.log({"event": "step", "step": 2, "loss": 1.0})
    run.close()
    assert logged(run, "validation", ("step",), or_none=("bleu", "loss")) == [
        {"step": 1, "bleu": 3.0, "loss": None}
    ]
    assert logged(run, "step", (), or_none=("loss",)) == [{"loss": None}, {"loss": 1.0}]
    with pytest.raises(DataError, match=r"log\.jsonl: a step without loss, expected a number"):
        logged(run, "step", ("loss",))
