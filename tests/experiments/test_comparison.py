"""A comparison: results are kept, interrupted runs go on, and the command prints the table."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from seq2seq.cli import main
from seq2seq.errors import DataError, RunError, UsageError
from seq2seq.evaluation.significance import paired_significance
from seq2seq.experiments import comparison as comparison_module
from seq2seq.experiments import worker
from seq2seq.experiments.comparison import Experiment
from seq2seq.experiments.job import RESULT, Job
from seq2seq.training.run_directory import RunDirectory
from tests.experiments.experiment_data import FakeRunJobs, experiment, read_results, write_result

ROOT = Path(__file__).parents[2]


def test_the_first_seeds_of_all_settings_come_first(data: Path) -> None:
    jobs = [job for _, _, job in experiment(data, "a @1,2,3", "b", "c @5,6").jobs()]
    names = ["a-seed1", "b-seed1", "c-seed5", "a-seed2", "c-seed6", "a-seed3"]
    assert [job.name for job in jobs] == names
    assert [job.settings.training.seed for job in jobs] == [1, 1, 5, 2, 6, 3]


def test_result_of_another_test_set_under_the_same_name_is_refused(data: Path) -> None:
    comparison = experiment(data, "a")
    write_result(comparison.jobs()[0][2], 30.0, test_digest=comparison.digest)
    read_results(comparison)
    (data / "test.tsv").write_text("a\tb\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"test\.tsv: not the test set of .*result\.json: choose another"):
        read_results(experiment(data, "a"))


def test_table_is_written_after_every_run(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("matplotlib")
    runs = FakeRunJobs("b-seed1")
    monkeypatch.setattr(comparison_module, "run_jobs", runs)
    messages: list[str] = []
    with pytest.raises(RunError, match=r"1 of 3 runs failed \(b-seed1: killed by signal 9\); repeat the"):
        experiment(data, "a @1,2", "b").run(messages.append)
    assert runs.names == ["a-seed1", "b-seed1", "a-seed2"]
    assert [table.split("\n")[2].split(" | ")[1] for table in runs.tables] == [
        "1 (2: to come)",
        "1 (2: to come)",
        "1 2",
    ]
    assert "| b | (1: killed by signal 9) |" in runs.tables[-1]
    assert messages == [
        "3 runs, 0 of them done",
        "a-seed1: done",
        "b-seed1: killed by signal 9",
        "a-seed2: done",
    ]
    assert (data / "out" / "comparison.png").read_bytes().startswith(b"\x89PNG")
    repeated = FakeRunJobs()
    monkeypatch.setattr(comparison_module, "run_jobs", repeated)
    assert experiment(data, "a @1,2", "b").run(messages.append) == 0
    assert repeated.names == ["b-seed1"] and "3 runs, 2 of them done" in messages
    stored = json.loads((data / "out" / "comparison.json").read_text(encoding="utf-8"))
    assert [len(row["runs"]) for row in stored["rows"]] == [2, 1]


def test_without_matplotlib_there_is_a_table(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparison_module, "run_jobs", FakeRunJobs())
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    messages: list[str] = []
    assert experiment(data, "a").run(messages.append) == 0
    assert any("no curves drawn: drawing needs matplotlib" in message for message in messages)
    assert (data / "out" / "comparison.md").exists()


@pytest.mark.parametrize(
    "damage", [{"ter": "50"}, {"minutes": "2"}, {"translations": None}, {"versions": {}}, {"device": 5}]
)
def test_run_with_a_damaged_result_is_scored_again(
    data: Path, monkeypatch: pytest.MonkeyPatch, damage: dict[str, Any]
) -> None:
    (_, _, job), *_ = experiment(data, "a").jobs()
    write_result(job, 30.0, **damage)
    runs = FakeRunJobs()
    monkeypatch.setattr(comparison_module, "run_jobs", runs)
    messages: list[str] = []
    assert experiment(data, "a").run(messages.append) == 0
    assert runs.names == ["a-seed1"]
    assert "a-seed1: result.json is damaged or of another setting, so the run goes on" in messages


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"event": "validation", "step": "ten", "seconds": 1.0, "loss": 1.0, "bleu": 1.0}', "'ten'"),
        ('{"event": "validation", "step": 10, "seconds": null, "loss": 1.0, "bleu": 1.0}', "without seconds"),
        ('{"event": "validation", "step": 10, "seconds": 1.0, "loss": [], "bleu": 1.0}', "loss is"),
        ("{", r"log\.jsonl:4"),
        ("[]", r"log\.jsonl:4"),
    ],
)
def test_damaged_log_is_a_data_error(data: Path, line: str, message: str) -> None:
    comparison = experiment(data, "a")
    (_, _, job), *_ = comparison.jobs()
    write_result(job, 30.0)
    with (job.out / "log.jsonl").open("a", encoding="utf-8") as log:
        log.write(line + "\n")
    with pytest.raises(DataError, match=message):
        comparison.run(lambda _: None)


def test_log_records_of_other_kinds_are_ignored(data: Path) -> None:
    comparison = experiment(data, "a")
    (_, _, job), *_ = comparison.jobs()
    write_result(job, 30.0)
    with (job.out / "log.jsonl").open("a", encoding="utf-8") as log:
        log.write('{"event": "something new"}\n{}\n')
    (row,) = read_results(comparison).report()["rows"]
    assert [record["step"] for record in row["runs"][0]["validations"]] == [10, 30]


SMALL = [
    *("--data.vocab-size", "300", "--model.embedding-size", "8", "--model.encoder-size", "8"),
    *("--model.decoder-size", "8", "--model.attention-size", "8", "--training.batch-tokens", "60"),
    *("--training.validation-sentences", "4", "--training.validate-every", "2", "--training.patience", "0"),
    *("--decoding.beam-size", "1", "--decoding.max-length-extra", "2", "--device", "cpu", "--threads", "1"),
]


def arguments(data: Path, *more: str) -> list[str]:
    """A comparison of two cells, of a few steps."""
    files = ["--train", "train.tsv", "--valid", "valid.tsv", "--test", "test.tsv"]
    paths = [str(data / word) if word.endswith(".tsv") else word for word in files]
    cells = ["--setting", "gru @1,2: model.cell=gru", "--setting", "lstm: model.cell=lstm"]
    languages = ["--source-lang", "en", "--target-lang", "fr"]
    return ["compare", *paths, *languages, "--out", str(data / "out"), *cells, *SMALL, *more]


def run_here(jobs: Sequence[Job], on_end: Callable[[Job, str], None], say: object, **options: Any) -> int:
    """In place of `run_jobs`: do the jobs in this process."""
    threads = torch.get_num_threads()
    for job in jobs:
        assert worker.run_job(job) == 0
        on_end(job, "")
    torch.set_num_threads(threads)
    return 0


def test_command_prints_the_table_and_keeps_results(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(comparison_module, "run_jobs", run_here)
    assert main.run(arguments(data, "--training.steps", "3")) == 0
    table = capsys.readouterr().out
    assert table == (data / "out" / "comparison.md").read_text(encoding="utf-8")
    rows = [line.split(" | ") for line in table.split("\n") if line.startswith("| ")]
    assert [row[:2] for row in rows[1:]] == [["| gru", "1 2"], ["| lstm", "1"]]
    assert rows[1][10] == "3" and rows[1][3] == "" and rows[2][3][0] in "+-"
    monkeypatch.setattr(comparison_module, "run_jobs", lambda jobs, *_, **__: len(jobs))  # none is left
    assert main.run(arguments(data, "--training.steps", "3")) == 0
    assert capsys.readouterr().out == table
    assert main.run(arguments(data, "--training.steps", "3", "--model.encoder-size", "16")) == 2
    error = capsys.readouterr().err
    assert "gru-seed1 holds a run whose model.encoder_size is 8, not 16" in error


def test_command_shows_the_other_runs_when_one_fails(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(comparison_module, "run_jobs", FakeRunJobs("lstm-seed1"))
    assert main.run(arguments(data)) == 5
    out, err = capsys.readouterr()
    assert (
        "| gru | 1 2 |" in out and "| lstm | (1: killed by signal 9) |" in out and "1 of 3 runs failed" in err
    )


@pytest.mark.parametrize(
    ("more", "seeds"), [([], "1"), (["--training.seed", "7"], "7"), (["--seeds", "3"], "3")]
)
def test_seeds_come_from_the_setting_else_from_the_options(
    data: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    more: list[str],
    seeds: str,
) -> None:
    runs = FakeRunJobs()
    monkeypatch.setattr(comparison_module, "run_jobs", runs)
    assert main.run(arguments(data, *more)) == 0
    assert runs.names == ["gru-seed1", f"lstm-seed{seeds}", "gru-seed2"]


def test_command_without_data_uses_the_sample_corpus(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = FakeRunJobs()
    monkeypatch.setattr(comparison_module, "run_jobs", runs)
    monkeypatch.setattr(
        Experiment, "_significance", lambda *_: paired_significance(["a"], ["a"], ["a"], samples=2)
    )
    assert main.run(["compare", "--out", str(tmp_path), "--device", "cpu"]) == 0
    assert runs.names == ["gru-seed1", "lstm-seed1", "rnn-seed1"]
    assert "NO DATA GIVEN" in capsys.readouterr().err and (tmp_path / "sample" / "test.tsv").exists()


@pytest.mark.parametrize(
    ("more", "code", "message"),
    [
        (["--setting", "x: model.cell=grl"], 2, "setting 'x'"),
        (["--setting", "gru"], 2, "would share a run directory"),
        (["--jobs", "0"], 2, "--jobs is 0"),
        (["--threads", "-1"], 2, "threads is -1"),
        (["--device", "tpu"], 2, "device is 'tpu'"),
        (["--test", "no.tsv"], 3, "no.tsv: cannot be read"),
        (["--recipe", "multi30"], 2, "did you mean 'multi30k'?"),
    ],
)
def test_wrong_usage_writes_nothing(
    data: Path, capsys: pytest.CaptureFixture[str], more: list[str], code: int, message: str
) -> None:
    assert main.run(arguments(data, *more)) == code
    out, err = capsys.readouterr()
    assert out == "" and message in err and "Traceback" not in err and not (data / "out").exists()


@pytest.mark.parametrize("lone", ["--train", "--valid", "--test"])
def test_training_and_test_data_belong_together(
    data: Path, capsys: pytest.CaptureFixture[str], lone: str
) -> None:
    assert main.run(["compare", lone, str(data / "test.tsv"), "--out", str(data / "out")]) == 2
    assert "--train and --test belong together" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_killed_command_ends_as_an_uninterrupted_one_when_repeated(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], number: int
) -> None:
    """It is killed in its first run and repeated. The results are those of a command that was not killed."""
    options = ["--training.steps", "40", "--training.save-every", "5"]
    command = [sys.executable, "-m", "seq2seq", *arguments(data, *options)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    log = RunDirectory(data / "out" / "gru-seed1")
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE) as process:
        while len(log.records()) < 8:
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(number)
        process.communicate()
    assert process.returncode == (-9 if number == signal.SIGKILL else 143)
    assert not (data / "out" / "gru-seed1" / RESULT).exists()
    again = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert "gru-seed1: resumed at step" in again.stderr and "3 runs, 0 of them done" in again.stderr
    repeated = json.loads((data / "out" / "comparison.json").read_text(encoding="utf-8"))
    monkeypatch.setattr(comparison_module, "run_jobs", run_here)
    assert main.run([*arguments(data, *options), "--out", str(data / "whole")]) == 0
    whole = json.loads((data / "whole" / "comparison.json").read_text(encoding="utf-8"))
    for one, other in zip(repeated["rows"], whole["rows"], strict=True):
        assert [run["bleu"] for run in one["runs"]] == [run["bleu"] for run in other["runs"]]
        assert one["against_first"] == other["against_first"]
        for a, b in zip(one["runs"], other["runs"], strict=True):
            losses = [[record["loss"] for record in run["validations"]] for run in (a, b)]
            assert losses[0] == losses[1] and a["step"] == b["step"] == 40
