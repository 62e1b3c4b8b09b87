"""`seq2seq data synthesise`: back-translation, distillation, diversification."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest

from seq2seq.bundle import model_directory
from seq2seq.cli import main
from seq2seq.data.readers import read_pairs
from seq2seq.translator import Translator
from tests import tiny


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two models of each direction, and data."""
    folder = tmp_path_factory.mktemp("synthesis")
    for seed, name in enumerate(("en-fr.1", "en-fr.2", "fr-en.1")):
        direction = ("en", "fr") if name.startswith("en") else ("fr", "en")
        model_directory.save(folder / name, replace(tiny.bundle(seed=seed), directions=(direction,)))
    (folder / "mono.fr").write_text("un deux\ntrois\ntrois\n", encoding="utf-8")
    (folder / "train.tsv").write_text("one two\tun deux\nthree\ttrois\n", encoding="utf-8")
    return folder


def synthesise(folder: Path, *arguments: str) -> int:
    given = [str(folder / argument) if (folder / argument).exists() else argument for argument in arguments]
    return main.run(["data", "synthesise", *given, "--out", str(folder / "out.tsv"), "--engine", "torch"])


def written(folder: Path) -> list[tuple[str, str]]:
    pairs = read_pairs([str(folder / "out.tsv")], languages=("en", "fr"))
    return [(pair.source, pair.target) for pair in pairs]


def translations(folder: Path, *models: str, texts: list[str]) -> list[str]:
    translator = Translator.from_pretrained([folder / model for model in models], engine="torch")
    return [printable(translation.text) for translation in translator.translate(texts)]


def printable(text: str) -> str:
    """`text` without the control characters that an untrained model writes: readers replace them."""
    return "".join(" " if unicodedata.category(character) == "Cc" else character for character in text)


def test_back_translation(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert synthesise(folder, "mono.fr", "--back", "fr-en.1", "--data.max-ratio", "0") == 0
    made = translations(folder, "fr-en.1", texts=["un deux", "trois"])
    assert written(folder) == list(zip(made, ["un deux", "trois"], strict=True))
    assert "2 pairs written; 3 pairs read, 2 kept; dropped: 1 × duplicate" in capsys.readouterr().err


def test_diversification(folder: Path) -> None:
    models = ("--forward", "en-fr.1", "--forward", "en-fr.2", "--back", "fr-en.1")
    assert synthesise(folder, "train.tsv", *models, "--keep", "--data.max-ratio", "0") == 0
    source, target = ["one two", "three"], ["un deux", "trois"]
    expected = list(zip(source, target, strict=True))
    for model in ("en-fr.1", "en-fr.2"):
        expected += zip(source, translations(folder, model, texts=source), strict=True)
    expected += zip(translations(folder, "fr-en.1", texts=target), target, strict=True)
    assert written(folder) == list(dict.fromkeys(expected))


def test_distillation_from_an_ensemble(folder: Path) -> None:
    models = ("--forward", "en-fr.1", "--forward", "en-fr.2", "--ensemble")
    assert synthesise(folder, "train.tsv", *models, "--data.max-ratio", "0", "--beam-size", "3") == 0
    translator = Translator.from_pretrained([folder / "en-fr.1", folder / "en-fr.2"], engine="torch")
    source = ["one two", "three"]
    made = [printable(one.text) for one in translator.translate(source, beam_size=3)]
    assert written(folder) == list(zip(source, made, strict=True))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("mono.fr",), "no model given"),
        (("--back", "fr-en.1"), "no data given"),
        (("mono.fr", "--back", "fr-en.1", "--keep"), "--keep found with text of one language"),
        (("mono.fr", "--back", "fr-en.1", "--forward", "en-fr.1"), "--forward and --back found with text of"),
        (("train.tsv", "--back", "en-fr.1", "--forward", "en-fr.1"), "make pairs of en-fr and fr-en"),
        (("mono.fr", "--back", "fr-en.1", "--buffer", "0"), "--buffer is 0, expected 1 or more"),
    ],
)
def test_options_that_contradict(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    assert synthesise(folder, *arguments) == 2
    assert message in capsys.readouterr().err


def test_the_data_is_not_overwritten(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train, model = str(folder / "train.tsv"), str(folder / "en-fr.1")
    before = (folder / "train.tsv").read_bytes()
    assert main.run(["data", "synthesise", train, "--forward", model, "--out", train]) == 2
    assert (folder / "train.tsv").read_bytes() == before
