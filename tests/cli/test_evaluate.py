"""`seq2seq evaluate`: the direction it scores, and scores as papers report them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from seq2seq.bundle import model_directory
from seq2seq.cli import main
from seq2seq.evaluation.paper_style import paper_bleu
from seq2seq.text.plain_lines import one_line
from seq2seq.translator import Translator
from tests import tiny

SOURCES, REFERENCES = ["one two", "Three."], ["un deux", "Trois."]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Models into two languages and into Chinese, and a test set."""
    folder = tmp_path_factory.mktemp("evaluate")
    model_directory.save(folder / "two", tiny.bundle_of_directions(("en", "fr"), ("en", "de")))
    model_directory.save(folder / "zh", replace(tiny.bundle(), directions=(("en", "zh"),)))
    lines = (f"{source}\t{target}\n" for source, target in zip(SOURCES, REFERENCES, strict=True))
    (folder / "test.tsv").write_text("".join(lines), encoding="utf-8")
    return folder


def evaluate(folder: Path, model: str, *options: str) -> int:
    test = ["--test", str(folder / "test.tsv"), "--engine", "torch"]
    return main.run(["evaluate", "--model", str(folder / model), *test, *options])


def test_the_direction_and_the_paper_style(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = folder / "out.txt"
    assert evaluate(folder, "two", "--target-lang", "de", "--paper-style", "--output", str(output)) == 0
    printed = json.loads(capsys.readouterr().out)
    translator = Translator.from_pretrained(folder / "two", engine="torch")
    german = [one.text for one in translator.translate(SOURCES, target_language="de")]
    assert output.read_text(encoding="utf-8") == "".join(one_line(text) + "\n" for text in german)
    assert german != [one.text for one in translator.translate(SOURCES, target_language="fr")]
    expected = paper_bleu(german, REFERENCES, language="de")
    assert sum(band["sentences"] for band in printed["by_length"]) == len(SOURCES)
    assert printed["by_word_frequency"]["counted_in"] == "references"  # this model has no word list
    assert printed["paper_style"] == {"score": expected.score, "signature": expected.signature}
    assert "|moses-de|" in expected.signature


@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        ("zh", ("--paper-style",), "the target language is 'zh', expected one with spaces between words"),
        ("two", ("--target-lang", "cs"), "target_language is 'cs', expected a target language of the model"),
    ],
)
def test_what_cannot_be_scored(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    model: str,
    options: tuple[str, ...],
    message: str,
) -> None:
    assert evaluate(folder, model, *options) == 2
    assert message in capsys.readouterr().err
