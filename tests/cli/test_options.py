"""Options that commands share: one spelling everywhere, the model's values by default, no silent change."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, make_dataclass
from pathlib import Path
from typing import Literal

import pytest
import tyro

from seq2seq.cli import main
from seq2seq.cli.compare import Compare
from seq2seq.cli.evaluate import Evaluate
from seq2seq.cli.options import (
    DecodingOverrides,
    Origin,
    load_translator,
    optional_fields,
    overridden,
)
from seq2seq.config import DecodingConfig
from seq2seq.errors import DataError, UsageError

NAMES = [field.name for field in fields(DecodingConfig)]


@pytest.mark.parametrize("command", ["translate", "evaluate", "train", "compare"])
def test_every_decoding_setting_is_an_option(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run([command, "--help"]) == 0
    text = capsys.readouterr().out
    options = set(re.findall(r"--[\w-]+", text))
    assert {f"--{name.replace('_', '-')}" for name in NAMES} <= options
    assert "--decoding." not in text


def parse(*arguments: str) -> DecodingOverrides:
    return tyro.cli(DecodingOverrides, args=list(arguments))


def test_the_model_decides_what_is_not_given() -> None:
    model = DecodingConfig(beam_size=3, batch_size=7, length_penalty=0.6)
    assert overridden(model, parse()) == model
    changed = overridden(model, parse("--batch-size", "9"))
    assert (changed.batch_size, changed.beam_size, changed.length_penalty) == (9, 3, 0.6)


def test_more_translations_than_the_beam_of_the_model_widen_it_and_say_so(
    capsys: pytest.CaptureFixture[str],
) -> None:
    changed = overridden(DecodingConfig(beam_size=2), parse("--n-best", "4"))
    assert (changed.beam_size, changed.n_best) == (4, 4)
    assert "beam size 4 instead of the model's 2" in capsys.readouterr().err


def test_more_translations_than_the_beam_given_are_refused() -> None:
    with pytest.raises(UsageError, match="--n-best is 4 and --beam-size 2"):
        overridden(DecodingConfig(), parse("--beam-size", "2", "--n-best", "4"))


def test_a_beam_below_the_n_best_of_the_model_lowers_it_and_says_so(
    capsys: pytest.CaptureFixture[str],
) -> None:
    changed = overridden(DecodingConfig(n_best=4), parse("--beam-size", "2"))
    assert (changed.beam_size, changed.n_best) == (2, 2)
    assert "n-best 2 instead of the model's 4" in capsys.readouterr().err


def test_samples_have_no_beam() -> None:
    changed = overridden(DecodingConfig(beam_size=2), parse("--n-best", "9", "--temperature", "1"))
    assert (changed.beam_size, changed.n_best) == (2, 9)
    with pytest.raises(UsageError, match=r"beam_size is 3 and temperature 1\.0, expected one of them"):
        overridden(DecodingConfig(), parse("--beam-size", "3", "--temperature", "1"))


def test_an_exponent_without_length_normalisation_is_refused() -> None:
    model = DecodingConfig(length_penalty=0.6)
    assert overridden(model, parse("--length-normalisation", "none")).length_normalisation == "none"
    with pytest.raises(UsageError, match=r"length_penalty is 1\.0 and length_normalisation 'none'"):
        overridden(model, parse("--length-normalisation", "none", "--length-penalty", "1"))


def test_a_weight_without_a_reverse_model_is_refused() -> None:
    with pytest.raises(UsageError, match=r"--reverse-weight is 0\.3, expected none without --reverse-model"):
        load_translator(["no-such-model"], parse(), device="cpu", threads=0, reverse_weight=0.3)


def test_scores_of_an_ensemble_are_not_stored_in_a_model() -> None:
    command = tyro.cli(Evaluate, args=["--test", "x.tsv", "--model", "a", "--model", "b", "--record", "x"])
    assert command.model == ("a", "b")
    with pytest.raises(UsageError, match="--record found with several models"):
        command.run()


@pytest.mark.parametrize("arguments", [["--n-best", "0"], ["--n-best", "999"], ["--beam-size", "0"]])
def test_values_out_of_range_are_refused(arguments: list[str]) -> None:
    with pytest.raises(UsageError, match=f"is {arguments[1]}, expected"):
        overridden(DecodingConfig(), parse(*arguments))


@dataclass(frozen=True)
class Later:
    """Settings with fields of kinds that DecodingConfig may get later."""

    temperature: float = 1.0
    """Warmth."""
    engine: Literal["torch", "onnx"] = "torch"
    """Engine."""
    cached: bool = True
    """Cached."""


def test_fields_of_other_types_become_options(capsys: pytest.CaptureFixture[str]) -> None:
    options = make_dataclass("Options", optional_fields(Later, hint="the model's"))
    given = tyro.cli(options, args=["--engine", "onnx", "--cached", "False"])
    assert (given.temperature, given.engine, given.cached) == (None, "onnx", False)
    with pytest.raises(SystemExit):
        tyro.cli(options, args=["--help"])
    text = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert "--engine {torch,onnx} Engine. (default: the model's)" in text
    assert "--temperature FLOAT Warmth. (default: the model's)" in text


@pytest.mark.parametrize(
    ("arguments", "recipe"),
    [
        ([], "sample"),
        (["--train", "a.tsv"], "default"),
        (["--train=a.tsv"], "default"),
        (["--train", "a.en", "a.de", "--recipe", "tatoeba"], "tatoeba"),
        (["--recipe=multi30k", "--model.cell", "lstm"], "multi30k"),
        (["--recipe", "multi30k", "--recipe", "tatoeba"], "tatoeba"),
        (["--model.cell", "lstm", "--data.columns", "en", "fr", "--seed", "3"], "sample"),
    ],
)
def test_the_recipe_that_a_training_starts_from(arguments: list[str], recipe: str) -> None:
    assert Origin.parse(arguments).settings()[0] == recipe


def test_resuming_is_recognised_at_any_position() -> None:
    origin = Origin.parse(["--training.steps", "9", "--resume", "--out=runs/x"])
    assert origin.resume and origin.out == Path("runs/x")
    assert not Origin.parse(["--no-resume"]).resume
    assert not Origin.parse(["--resume", "--no-resume"]).resume
    assert Origin.parse(["--no-resume", "--resume"]).resume


def test_a_bad_value_is_left_to_the_parser_of_all_options(capsys: pytest.CaptureFixture[str]) -> None:
    assert Origin.parse(["--seed", "many", "--recipe", "tatoeba"]) == Origin()
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("option", ["--beam-size", "--decoding.beam-size", "--decoding.beam-size=3"])
@pytest.mark.parametrize("command", ["train", "translate", "evaluate"])
def test_both_spellings_of_a_decoding_option(
    command: str, option: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class_, seen = main.load_command(command), list[int | None]()
    monkeypatch.setattr(class_, "run", lambda self: seen.append(self.decoding.beam_size) or 0)
    arguments = [option] if "=" in option else [option, "3"]
    assert main.run([command, *(["--test", "x.tsv"] if command == "evaluate" else []), *arguments]) == 0
    assert seen == [3]


@pytest.mark.parametrize("prefix", ["--", "--data."])
def test_both_spellings_of_columns_and_split(prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class_, seen = main.load_command("evaluate"), list[tuple[object, str]]()
    monkeypatch.setattr(class_, "run", lambda self: seen.append((self.columns, self.split)) or 0)
    options = [f"{prefix}columns", "en", "fr", f"{prefix}split", "validation"]
    assert main.run(["evaluate", "--test", "x.csv", *options]) == 0
    assert seen == [(("en", "fr"), "validation")]


def test_a_wrong_glossary_is_reported_before_the_model_is_read(tmp_path: Path) -> None:
    path = tmp_path / "terms.tsv"
    path.write_text("a\tb\tc\n")
    with pytest.raises(DataError, match=r"terms.tsv:1"):
        load_translator(["no-such-model"], parse(), device="cpu", threads=0, glossary=path)


@pytest.mark.parametrize(
    ("arguments", "directory"),
    [
        ([], "runs/sample"),
        (["--train", "data/talks.tsv.gz"], "runs/talks"),
        (["--train", "train.en", "train.de", "--train", "more.tsv"], "runs/train"),
        (["--train", "hf:owner/name:en-de"], "runs/name-en-de"),
        (["--train", "talks.tsv", "--out", "runs/sample"], "runs/sample"),
    ],
)
def test_a_run_without_out_has_the_name_of_its_data(arguments: list[str], directory: str) -> None:
    assert Origin.parse(arguments).directory == Path(directory)


def test_a_comparison_has_one_direction() -> None:
    given = (("en-fr=a.en,a.fr",), ("fr-en=a.fr,a.en",))
    with pytest.raises(UsageError, match="--train has several directions, expected one"):
        Compare(train=given, test=("en-fr=b.en,b.fr",))._data()
    with pytest.raises(UsageError, match="--test is named fr-en, expected en-fr"):
        Compare(train=given[:1], test=("fr-en=b.fr,b.en",))._data()
    for test in (("b.en", "b.fr"), ("en-fr=b.en,b.fr",)):
        corpora, paths = Compare(train=given[:1], test=test)._data()
        assert corpora.languages == ("en", "fr") and corpora.train == (("a.en", "a.fr"),)
        assert paths == ("b.en", "b.fr")
