"""`seq2seq train --init-from`: the settings that it begins with, and what contradicts the model."""

from __future__ import annotations

from pathlib import Path

import pytest

from seq2seq.bundle import model_directory
from seq2seq.cli import main
from seq2seq.cli.options import Origin
from seq2seq.config import find_recipe
from tests import tiny


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("models") / "tiny"
    model_directory.save(path, tiny.bundle())
    return str(path)


def test_the_recipe_is_adapt_and_the_network_that_of_the_model(model: str) -> None:
    name, settings = Origin.parse(["--init-from", model, "--train", "x.tsv"]).settings()
    assert name == "adapt"
    assert settings.training == find_recipe("adapt").training
    assert settings.model.encoder_size == tiny.model_config().encoder_size
    assert settings.model.dropout == find_recipe("adapt").model.dropout
    name, settings = Origin.parse(["--init-from", model, "--recipe", "multi30k"]).settings()
    assert (name, settings.training) == ("multi30k", find_recipe("multi30k").training)
    assert settings.model.cell == tiny.model_config().cell


def test_an_option_that_contradicts_the_model_is_refused(
    model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "train.tsv"
    data.write_text("".join(f"{pair.source}\t{pair.target}\n" for pair in tiny.pairs(60)), encoding="utf-8")
    command = ["train", "--init-from", model, "--train", str(data), "--out", str(tmp_path / "run")]
    assert main.run([*command, "--model.encoder-size", "16", "--device", "cpu"]) == 2
    error = capsys.readouterr().err
    assert f"model.encoder_size is 16, but {tiny.model_config().encoder_size} in {model}" in error
    assert not (tmp_path / "run").exists()
