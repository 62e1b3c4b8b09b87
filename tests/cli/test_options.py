"""Options of decoding and recipes: one spelling everywhere, the model's values by default, nothing in
silence."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest
import tyro

from seq2seq.cli import main
from seq2seq.cli.options import DecodingOverrides, Origin, field_docs, overridden
from seq2seq.config import DecodingConfig
from seq2seq.errors import UsageError

NAMES = [field.name for field in fields(DecodingConfig)]


@pytest.mark.parametrize("command", ["translate", "evaluate", "train", "compare"])
def test_every_decoding_setting_is_an_option(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run([command, "--help"]) == 0
    text = capsys.readouterr().out
    assert all(f"--{name.replace('_', '-')} " in text for name in NAMES)
    assert "--decoding." not in text


def test_docs_are_the_sentences_below_the_fields() -> None:
    docs = field_docs(DecodingConfig)
    assert list(docs) == NAMES and all(text.endswith(".") for text in docs.values())
    assert docs["batch_size"] == "Sentences translated at once."


def parse(*arguments: str) -> DecodingOverrides:
    return tyro.cli(DecodingOverrides, args=list(arguments))


def test_the_model_decides_what_is_not_given() -> None:
    model = DecodingConfig(beam_size=3, batch_size=7, length_penalty=0.6)
    assert overridden(model, parse()) == model
    changed = overridden(model, parse("--batch-size", "9"))
    assert (changed.batch_size, changed.beam_size, changed.length_penalty) == (9, 3, 0.6)


def test_more_translations_than_the_beam_of_the_model_are_said(capsys: pytest.CaptureFixture[str]) -> None:
    changed = overridden(DecodingConfig(beam_size=2), parse("--n-best", "4"))
    assert (changed.beam_size, changed.n_best) == (4, 4)
    assert "beam size 4 instead of the model's 2" in capsys.readouterr().err


def test_more_translations_than_the_beam_asked_for_are_refused() -> None:
    with pytest.raises(UsageError, match=r"n_best is 4, expected 1 to beam_size \(2\)"):
        overridden(DecodingConfig(), parse("--beam-size", "2", "--n-best", "4"))


@pytest.mark.parametrize(
    ("arguments", "recipe"),
    [
        ([], "sample"),
        (["--train", "a.tsv"], "default"),
        (["--train=a.tsv"], "default"),
        (["--train", "a.en", "a.de", "--recipe", "tatoeba"], "tatoeba"),
        (["--recipe=multi30k", "--model.cell", "lstm"], "multi30k"),
        (["--model.cell", "lstm", "--out", "--recipe-like", "--seed", "3"], "sample"),
    ],
)
def test_the_recipe_that_a_training_starts_from(arguments: list[str], recipe: str) -> None:
    if "--out" in arguments:
        arguments = arguments[:2]
    assert Origin.parse(arguments).settings()[0] == recipe


def test_resuming_is_found_wherever_it_stands() -> None:
    origin = Origin.parse(["--training.steps", "9", "--resume", "--out=runs/x"])
    assert origin.resume and origin.out == Path("runs/x")
    assert not Origin.parse(["--no-resume"]).resume


def test_both_spellings_of_a_decoding_option(capsys: pytest.CaptureFixture[str]) -> None:
    for option in ("--beam-size", "--decoding.beam-size"):
        assert main.run(["train", "--dry-run", option, "3"]) == 0
        assert '"beam_size": 3' in capsys.readouterr().out
