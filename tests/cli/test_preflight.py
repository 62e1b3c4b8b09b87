"""`seq2seq train` before its first update: no recipe, refusals, a dry run, and the same command again."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import dataclass
from pathlib import Path

import pytest

from seq2seq.cli import main, preflight
from tests.planning.corpora import english_german, swapped, write

NETWORK = [f"--model.{name}-size={size}" for name, size in (("encoder", 8), ("decoder", 8), ("attention", 8))]
SMALL = [*NETWORK, "--model.embedding-size=8", "--data.vocab-size=300", "--device=cpu", "--data.phrases=0"]
FAST = [*SMALL, "--training.validation-sentences=2", "--training.batch-tokens=60"]


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str


@pytest.fixture(autouse=True)
def a_short_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seq2seq.cli.preflight._MEASURED_SECONDS", 0.2)


@pytest.fixture
def data(tmp_path: Path) -> str:
    return write(tmp_path / "train.tsv", english_german(120))


@pytest.fixture
def train(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> object:
    """Runs `train` into the folder "run"."""

    def run(*options: str) -> Result:
        capsys.readouterr()
        code = main.run(["train", "--out", str(tmp_path / "run"), *options])
        printed = capsys.readouterr()
        return Result(code, printed.out, printed.err)

    return run


def test_dry_run_chooses_explains_and_leaves_nothing(train, data: str, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    result = train("--train", data, "--dry-run", *SMALL, "--model.dropout", "0.15")
    printed = json.loads(result.out)
    assert (
        result.code == 0 and printed["recipe"]["name"] == "auto" and printed["recipe"]["reasons"]["dropout"]
    )
    assert printed["settings"]["model"]["cell"] == "lstm" and printed["settings"]["model"]["dropout"] == 0.15
    assert printed["preflight"]["pairs"] == 118 and printed["preflight"]["tokens_per_second"] > 0
    assert "Settings for 118 pairs" in result.err and "as given (model.dropout)" in result.err
    assert "Preflight:" in result.err and "120 read, 120 kept" in result.err
    assert max(map(len, result.err.split("\n"))) <= 80
    assert not (tmp_path / "run").exists()


def test_a_recipe_is_used_as_it_is_and_checked_too(train, data: str) -> None:  # type: ignore[no-untyped-def]
    result = train("--train", data, "--dry-run", "--recipe", "multi30k", *SMALL)
    printed = json.loads(result.out)
    assert printed["recipe"] == {"name": "multi30k", "reasons": {}}
    assert printed["settings"]["training"]["epochs"] == 18 and "Preflight:" in result.err


def test_what_cannot_work_is_refused_before_anything_is_written(train, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    few = write(tmp_path / "few.tsv", english_german(10))
    wrong = write(tmp_path / "wrong.tsv", swapped(english_german(300)))
    for options, message in (
        (["--train", few], "only 10 pairs"),
        (["--train", wrong, "--source-lang", "en", "--target-lang", "de"], "source and target are swapped"),
        (["--train", few, "--recipe", "multi30k"], "only 10 pairs"),
    ):
        result = train(*options)
        assert result.code == 3 and message in result.err and result.err.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_same_command_goes_on_with_a_larger_limit_only(train, data: str, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    options = ["--train", data, *FAST, "--no-preflight"]
    assert train(*options, "--training.steps", "2").code == 0
    stored = json.loads((tmp_path / "run" / "training.json").read_text())
    assert stored["recipe"]["name"] == "auto" and stored["recipe"]["reasons"]["network"]
    again = train(*options, "--training.steps", "2")
    assert again.code == 2 and f"--resume --out {tmp_path / 'run'} --training.steps 4" in again.err
    other = train(*options, "--training.steps", "4", "--model.cell", "gru")
    assert other.code == 2 and "model.cell is 'lstm', not 'gru'" in other.err
    dry = train("--resume", "--dry-run", "--training.steps", "4")
    assert dry.code == 0 and "would go on after update 2, with its own data and settings" in dry.err
    assert json.loads(dry.out)["recipe"] == stored["recipe"]
    assert train("--resume", "--dry-run", "--model.cell", "gru").code == 2
    more = train(*options, "--training.steps", "4")
    assert more.code == 0 and "going on with training.steps 4 (was 2)" in more.err
    assert "resumed at step 2" in more.err and "done (steps)" in more.err
    assert json.loads((tmp_path / "run" / "training.json").read_text())["recipe"] == stored["recipe"]


def test_no_preflight_trains_on_few_pairs(train, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    few = write(tmp_path / "few.tsv", english_german(20))
    result = train("--train", few, *FAST, "--training.steps", "1", "--no-preflight")
    assert result.code == 0 and "Preflight" not in result.err


def test_errors_are_said_by_the_first_process_only(  # type: ignore[no-untyped-def]
    train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = write(tmp_path / "few.tsv", english_german(10))
    monkeypatch.setenv("RANK", "1")
    result = train("--train", few)
    assert result.code == 3 and result.err == ""


@pytest.mark.parametrize("during", ["cut_into_pieces", "build_model"])
def test_a_signal_ends_the_preflight(  # type: ignore[no-untyped-def]
    train, data: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, during: str
) -> None:
    original = getattr(preflight, during)

    def signalled(*arguments, **options):  # type: ignore[no-untyped-def]
        os.kill(os.getpid(), signal.SIGTERM)
        return original(*arguments, **options)

    monkeypatch.setattr(preflight, during, signalled)
    monkeypatch.setattr(preflight, "report", lambda checked: pytest.fail("the preflight went on"))
    assert train("--train", data, *FAST, "--training.steps", "1").code == 143
    assert not (tmp_path / "run").exists()
