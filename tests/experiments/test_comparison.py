"""A comparison: settings as they are written, figures worked out by hand, runs kept and gone on with."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from seq2seq.cli import main
from seq2seq.config import to_dict
from seq2seq.errors import RunError, UsageError
from seq2seq.evaluation.metrics import paired_significance
from seq2seq.experiments import comparison, worker
from seq2seq.experiments.comparison import Experiment, markdown, panels, parse_setting, parse_settings
from seq2seq.experiments.worker import RESULT, Job
from seq2seq.training.run import Corpora
from seq2seq.training.run_directory import RunDirectory
from tests import tiny

ROOT = Path(__file__).parents[2]
BASE = replace(tiny.settings(steps=3), model=tiny.model_config(source_vocab_size=0, target_vocab_size=0))


# Settings


def test_a_setting_is_a_name_and_changes() -> None:
    found = parse_setting("big LSTM: model.cell=lstm, model.decoder-size=24  training.ema=0.5", BASE, (1, 2))
    assert (found.name, found.seeds) == ("big LSTM", (1, 2))
    assert found.changes == {"model": {"cell": "lstm", "decoder_size": 24}, "training": {"ema": 0.5}}
    model = replace(BASE.model, cell="lstm", decoder_size=24)
    assert found.settings == replace(BASE, model=model, training=replace(BASE.training, ema=0.5))
    assert found.directory(2) == "big-lstm-seed2"


@pytest.mark.parametrize(
    ("text", "name", "seeds", "changes"),
    [
        ("as it is", "as it is", (7,), {}),
        ("gru @3: model.cell=gru", "gru", (3,), {"model": {"cell": "gru"}}),
        ("gru@ 1, 2 3 :", "gru", (1, 2, 3), {}),
        (
            "gru, no attention: model.attention=none",
            "gru, no attention",
            (7,),
            {"model": {"attention": "none"}},
        ),
        ("x: model.tie_source=false", "x", (7,), {"model": {"tie_source": False}}),
        ('x: data.columns=["a", "b"], data.vocab_size = 400', "x", (7,), None),
    ],
)
def test_forms_of_a_setting(text: str, name: str, seeds: tuple[int, ...], changes: Any) -> None:
    found = parse_setting(text, BASE, (7,))
    assert (found.name, found.seeds) == (name, seeds)
    expected = {"data": {"columns": ["a", "b"], "vocab_size": 400}} if changes is None else changes
    assert found.changes == expected


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ([], "expected at least one"),
        ([""], "it has no name"),
        ([": model.cell=gru"], "it has no name"),
        (["model.cell=gru"], "it has no name, expected 'NAME'"),
        (["..: model.cell=gru"], "it has no name"),
        (["a: model.cell"], "'model.cell' is no change, expected 'NAME'"),
        (["a: cell=gru"], "'cell=gru' is no change"),
        (["a: model.cel=gru"], "setting 'a': model: unknown setting 'cel'; did you mean 'cell'?"),
        (["a: modle.cell=gru"], "did you mean 'model'?"),
        (["a: model.cell=grl"], "setting 'a': "),
        (["a: model.dropout=2"], "dropout is 2.0, expected 0 <= p < 1"),
        (["a: model.decoder_size=big"], "decoder_size is 'big', expected a value of type int"),
        (["a: model.decoder_size=1e12"], "decoder_size"),
        (["a: training.seed=3"], "seeds stand behind an @"),
        (
            ["a: training.steps=0, training.schedule=linear"],
            "setting 'a': training.schedule = 'linear' falls",
        ),
        (["a @x: model.cell=gru"], "its seeds are 'x'"),
        (["a @1,1"], "each once"),
        (["GRU!", "gru: model.cell=gru"], "'GRU!' and 'gru': their names are too much alike"),
    ],
)
def test_settings_that_are_none(texts: list[str], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_settings(texts, BASE, (1,))
    assert message in str(caught.value)


# Figures


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with train.tsv, valid.tsv and test.tsv."""
    for name, number, seed in (("train", 60, 0), ("valid", 5, 9), ("test", 40, 5)):
        lines = (f"{pair.source}\t{pair.target}\n" for pair in tiny.pairs(number, seed=seed))
        (tmp_path / f"{name}.tsv").write_text("".join(lines), encoding="utf-8")
    return tmp_path


def experiment(data: Path, *texts: str) -> Experiment:
    """A comparison in `data`/out."""
    corpora = Corpora(((str(data / "train.tsv"),),), ((str(data / "valid.tsv"),),), ("en", "fr"))
    settings = parse_settings(texts, BASE, (1,))
    return Experiment(settings, corpora, (str(data / "test.tsv"),), data / "out", "cpu", 1)


def pretend(job: Job, bleu: float, *, wrong: int = 0, **changes: Any) -> None:
    """Write the result of a job that never ran: the references, `wrong` of them spoilt."""
    texts = [pair.target for pair in tiny.pairs(40, seed=5)]
    result = {
        "settings": to_dict(job.settings),
        "test": list(job.test),
        "bleu": {"score": bleu, "signature": "b"},
        "chrf": {"score": 2 * bleu, "signature": "c"},
        "ter": {"score": 50.0, "signature": "t"},
        "target_language": "fr",
        "parameters": 1234,
        "tokens_per_second": 1000.0,
        "minutes": 2.0,
        "step": 30,
        "stopped": "steps",
        "best_bleu": 20.0,
        "peak_memory": 500_000_000,
        "device": "cpu",
        "threads": 1,
        "versions": {"torch": "2"},
        "translations": ["zut"] * wrong + texts[wrong:],
    }
    job.out.mkdir(parents=True, exist_ok=True)
    (job.out / RESULT).write_text(json.dumps(result | changes))
    run = RunDirectory(job.out)
    run.log({"event": "step", "step": 1, "loss": 5.0, "seconds": 1.0})
    run.log({"event": "validation", "step": 10, "loss": 3.0, "bleu": bleu / 2, "seconds": 60.0})
    run.log({"event": "validation", "step": 30, "loss": None, "bleu": bleu, "seconds": 120.0})
    run.close()


def collect(found: Experiment) -> Experiment:
    """Read what lies there."""
    for setting, seed, job in found.jobs():
        found._note(setting, seed, job)
    return found


def test_the_first_seeds_of_all_come_first(data: Path) -> None:
    found = experiment(data, "a @1,2,3", "b", "c @5,6")
    names = [job.name for _, _, job in found.jobs()]
    assert names == ["a-seed1", "b-seed1", "c-seed5", "a-seed2", "c-seed6", "a-seed3"]
    assert [job.settings.training.seed for _, _, job in found.jobs()] == [1, 1, 5, 2, 6, 3]


def test_figures_by_hand(data: Path) -> None:
    """BLEU 30, 32, 37: mean 33, deviation √13; b differs by −4 and −2 from the same seeds of a."""
    found = experiment(data, "a @1,2,3", "b | c @1,2,4: model.cell=lstm", "d @1,2")
    spoilt = {"a-seed1": 0, "a-seed2": 0, "a-seed3": 0, "b-c-seed1": 20, "b-c-seed2": 0}
    scores = {"a-seed1": 30.0, "a-seed2": 32.0, "a-seed3": 37.0, "b-c-seed1": 26.0, "b-c-seed2": 30.0}
    for _, _, job in found.jobs():
        if job.name in scores:
            memory = 600_000_000 if job.name == "a-seed2" else 500_000_000
            pretend(job, scores[job.name], wrong=spoilt[job.name], peak_memory=memory)
    found.troubles["b-c-seed4"] = "killed by signal 9"
    report = collect(found).report()
    a, b, d = report["rows"]
    assert a["mean"]["bleu"] == 33.0 and a["deviation"]["bleu"] == pytest.approx(13**0.5)
    assert a["mean"]["tokens_per_second"] == 1000.0 and a["deviation"]["minutes"] == 0.0
    assert a["against_first"] == [] and a["parameters"] == 1234 and len(a["runs"]) == 3
    assert b["changes"] == {"model": {"cell": "lstm"}} and b["troubles"] == {"4": "killed by signal 9"}
    texts = [pair.target for pair in tiny.pairs(40, seed=5)]
    expected = paired_significance(texts, ["zut"] * 20 + texts[20:], texts, language="fr")
    assert [test["seed"] for test in b["against_first"]] == [1, 2]
    assert b["against_first"][0]["p_value"] == expected.p_value < 0.01
    assert b["against_first"][0]["score_a"] == pytest.approx(100.0)
    assert b["against_first"][1]["p_value"] == 1.0  # the same output
    assert d["runs"] == [] and d["parameters"] is None
    assert "translations" not in json.dumps(report)
    difference = (expected.score_b - expected.score_a) / 2
    assert markdown(report).split("\n")[:5] == [
        "| setting | seeds | BLEU | Δ | p | chrF | parameters | tokens/s | memory, MB | minutes | updates "
        "| validation BLEU |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
        "| a | 1 2 3 | 33.0 ± 3.6 |  |  | 66.0 ± 7.2 | 1,234 | 1,000 | 600 | 2.0 ± 0.0 | 30 | 20.0 ± 0.0 |",
        "| b \\| c | 1 2 (4: killed by signal 9) | 28.0 ± 2.8 "
        f"| {difference:+.1f} | {expected.p_value:.3f}, 1.000 | 56.0 ± 5.7 | 1,234 | 1,000 | 500 | 2.0 ± 0.0 "
        "| 30 | 20.0 ± 0.0 |",
        "| d | (1, 2: to come) |  |  |  |  |  |  |  |  |  |  |",
    ]
    assert "Limits: steps 3; ended by steps. Device cpu, threads 1, torch 2. BLEU: `b`." in markdown(report)


def test_what_differs_between_runs_is_told(data: Path) -> None:
    found = experiment(data, "a", "b: training.steps=0, training.minutes=1.5")
    a, b = (job for _, _, job in found.jobs())
    pretend(a, 30.0)
    pretend(b, 30.0, stopped="minutes", device="cuda", threads=4, device_memory=700_000_000)
    text = markdown(collect(found).report())
    assert (
        "Limits: a: steps 3; b: minutes 1.5; ended by minutes, steps. Device cpu, cuda, threads 1, 4," in text
    )
    assert "| 500 |" in text.split("\n")[2] and "| 700 |" in text.split("\n")[3]  # of the GPU


def test_another_test_set_under_the_same_name(data: Path) -> None:
    found = experiment(data, "a")
    pretend(found.jobs()[0][2], 30.0, test_digest=found.digest)
    collect(found)
    (data / "test.tsv").write_text("a\tb\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"test\.tsv: not the test set that .*result\.json is about"):
        collect(experiment(data, "a"))


def test_one_seed_has_no_deviation(data: Path) -> None:
    found = experiment(data, "a")
    pretend(found.jobs()[0][2], 12.34)
    (row,) = collect(found).report()["rows"]
    assert row["deviation"] == {} and "| a | 1 | 12.3 |  |  | 24.7 |" in markdown(found.report())


def test_curves_against_updates_and_minutes(data: Path) -> None:
    found = experiment(data, "a", "b @1,2")
    for _, _, job in found.jobs():
        pretend(job, 40.0)
    by_step, by_minute, loss, last = panels(collect(found).report())
    assert [(curve.label, curve.colour) for curve in by_step.curves] == [("a", 0), ("b", 1), ("b", 1)]
    assert (by_step.curves[0].x, by_step.curves[0].y) == ([10, 30], [20.0, 40.0])
    assert by_minute.curves[0].x == last.curves[0].x == [1.0, 2.0]
    assert loss.curves[0].y == [3.0, None] and loss.y_label == "validation loss (nats a token)"
    assert [panel.x_label for panel in (by_step, by_minute, loss, last)] == ["updates", "minutes"] * 2


# Runs


class Pretended:
    """In place of `run_all`: pretends that jobs end, all but those of `broken`."""

    def __init__(self, *broken: str) -> None:
        self.broken, self.seen, self.tables = broken, list[str](), list[str]()

    def __call__(
        self, todo: Sequence[Job], done: Callable[[Job, str], None], say: object, **options: Any
    ) -> int:
        for job in todo:
            self.seen.append(job.name)
            if job.name not in self.broken:
                pretend(job, 25.0)
            done(job, "killed by signal 9" if job.name in self.broken else "")
            self.tables.append((job.out.parent / "comparison.md").read_text(encoding="utf-8"))
        return 0


def test_the_table_is_written_after_every_run(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("matplotlib")
    runs = Pretended("b-seed1")
    monkeypatch.setattr(comparison, "run_all", runs)
    said: list[str] = []
    with pytest.raises(RunError, match=r"1 of 3 runs failed \(b-seed1: killed by signal 9\); repeat the"):
        experiment(data, "a @1,2", "b").run(said.append)
    assert runs.seen == ["a-seed1", "b-seed1", "a-seed2"]
    assert [table.split("\n")[2].split(" | ")[1] for table in runs.tables] == [
        "1 (2: to come)",
        "1 (2: to come)",
        "1 2",
    ]
    assert "| b | (1: killed by signal 9) |" in runs.tables[-1]
    assert said == ["3 runs, 0 of them done", "a-seed1: done", "b-seed1: killed by signal 9", "a-seed2: done"]
    assert (data / "out" / "comparison.png").read_bytes().startswith(b"\x89PNG")
    again = Pretended()
    monkeypatch.setattr(comparison, "run_all", again)
    assert experiment(data, "a @1,2", "b").run(said.append) == 0
    assert again.seen == ["b-seed1"] and "3 runs, 2 of them done" in said
    stored = json.loads((data / "out" / "comparison.json").read_text(encoding="utf-8"))
    assert [len(row["runs"]) for row in stored["rows"]] == [2, 1]


def test_a_picture_that_cannot_be_drawn(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparison, "run_all", Pretended())
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    said: list[str] = []
    assert experiment(data, "a").run(said.append) == 0
    assert any("no curves drawn: drawing needs matplotlib" in message for message in said)
    assert (data / "out" / "comparison.md").exists()


# The command

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


def here(todo: Sequence[Job], done: Callable[[Job, str], None], say: object, **options: Any) -> int:
    """In place of `run_all`: the jobs, in this process."""
    threads = torch.get_num_threads()
    for job in todo:
        assert worker.run_job(job) == 0
        done(job, "")
    torch.set_num_threads(threads)
    return 0


def test_the_command(data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(comparison, "run_all", here)
    assert main.run(arguments(data, "--training.steps", "3")) == 0
    table = capsys.readouterr().out
    assert table == (data / "out" / "comparison.md").read_text(encoding="utf-8")
    rows = [line.split(" | ") for line in table.split("\n") if line.startswith("| ")]
    assert [row[:2] for row in rows[1:]] == [["| gru", "1 2"], ["| lstm", "1"]]
    assert rows[1][10] == "3" and rows[1][3] == "" and rows[2][3][0] in "+-"
    monkeypatch.setattr(comparison, "run_all", lambda todo, *_, **__: len(todo))  # nothing is left to do
    assert main.run(arguments(data, "--training.steps", "3")) == 0
    assert capsys.readouterr().out == table
    assert main.run(arguments(data, "--training.steps", "3", "--model.encoder-size", "16")) == 2
    error = capsys.readouterr().err
    assert "gru-seed1 holds a run whose model.encoder_size is 8, not 16" in error


def test_a_failed_run_among_others(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(comparison, "run_all", Pretended("lstm-seed1"))
    assert main.run(arguments(data)) == 5
    out, err = capsys.readouterr()
    assert (
        "| gru | 1 2 |" in out and "| lstm | (1: killed by signal 9) |" in out and "1 of 3 runs failed" in err
    )


@pytest.mark.parametrize(
    ("more", "seeds"), [([], "1"), (["--training.seed", "7"], "7"), (["--seeds", "3"], "3")]
)
def test_seeds(
    data: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    more: list[str],
    seeds: str,
) -> None:
    runs = Pretended()
    monkeypatch.setattr(comparison, "run_all", runs)
    assert main.run(arguments(data, *more)) == 0
    assert runs.seen == ["gru-seed1", f"lstm-seed{seeds}", "gru-seed2"]


def test_without_data_it_takes_the_sample_corpus(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = Pretended()
    monkeypatch.setattr(comparison, "run_all", runs)
    monkeypatch.setattr(Experiment, "_test", lambda *_: paired_significance(["a"], ["a"], ["a"], samples=2))
    assert main.run(["compare", "--out", str(tmp_path), "--device", "cpu"]) == 0
    assert runs.seen == ["gru-seed1", "lstm-seed1", "rnn-seed1"]
    assert "NO DATA GIVEN" in capsys.readouterr().err and (tmp_path / "sample" / "test.tsv").exists()


@pytest.mark.parametrize(
    ("more", "code", "message"),
    [
        (["--setting", "x: model.cell=grl"], 2, "setting 'x'"),
        (["--setting", "gru"], 2, "too much alike"),
        (["--jobs", "0"], 2, "--jobs is 0"),
        (["--threads", "-1"], 2, "threads is -1"),
        (["--device", "tpu"], 2, "device is 'tpu'"),
        (["--test", "no.tsv"], 3, "no.tsv: cannot be read"),
        (["--recipe", "multi30"], 2, "did you mean 'multi30k'?"),
    ],
)
def test_wrong_usage(
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
def test_killed_and_repeated(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], number: int
) -> None:
    """The command is killed in its first run and repeated: what it says is what a straight one says."""
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
    found = json.loads((data / "out" / "comparison.json").read_text(encoding="utf-8"))
    monkeypatch.setattr(comparison, "run_all", here)
    assert main.run([*arguments(data, *options), "--out", str(data / "straight")]) == 0
    straight = json.loads((data / "straight" / "comparison.json").read_text(encoding="utf-8"))
    for one, other in zip(found["rows"], straight["rows"], strict=True):
        assert [run["bleu"] for run in one["runs"]] == [run["bleu"] for run in other["runs"]]
        assert one["against_first"] == other["against_first"]
        for a, b in zip(one["runs"], other["runs"], strict=True):
            losses = [[record["loss"] for record in run["validations"]] for run in (a, b)]
            assert losses[0] == losses[1] and a["step"] == b["step"] == 40
