"""Settings: wrong keys and values are named with what was expected; recipes and JSON lose nothing."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from seq2seq.config import (
    DataConfig,
    DecodingConfig,
    ModelConfig,
    Settings,
    TrainingConfig,
    find_recipe,
    from_dict,
    read_settings,
    to_dict,
)
from seq2seq.errors import UsageError


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"model": {"cel": "gru"}}, r"unknown setting 'cel'; did you mean 'cell'\?"),
        ({"modle": {}}, r"did you mean 'model'\?"),
        ({"model": 3}, "model is 3, expected a table"),
        ({"model": {"encoder_size": "many"}}, "encoder_size is 'many', expected a value of type int"),
        ({"model": {"encoder_size": True}}, "encoder_size is True, expected a value of type int"),
        ({"model": {"encoder_size": 0}}, "encoder_size is 0, expected a whole number from 1"),
        ({"model": {"dropout": 1.0}}, "dropout is 1.0, expected 0 <= p < 1"),
        ({"model": {"bridge": "long"}}, "bridge is 'long', expected one of 'zero'"),
        ({"data": {"columns": ["en"]}}, "columns is .*expected a list of 2"),
        ({"data": {"vocab_size": 299}}, "vocab_size is 299, expected a whole number from 300 to 1,000,000"),
        ({"data": {"joint": False}}, "tie_source"),
        ({"training": {"ema": 1.0}}, "ema is 1.0, expected 0 <= d < 1"),
        ({"training": {"learning_rate": 0}}, "learning_rate is 0.0, expected above 0"),
        ({"decoding": {"beam_size": 2, "n_best": 3}}, r"n_best is 3, expected 1 to beam_size \(2\)"),
    ],
)
def test_wrong_settings_are_named(values: dict[str, Any], expected: str) -> None:
    with pytest.raises(UsageError, match=expected) as caught:
        from_dict(Settings, values, where="my.toml")
    assert str(caught.value).startswith("my.toml")


def test_there_and_back(tmp_path: Path) -> None:
    settings = Settings(
        ModelConfig(cell="lstm", tie_source=False),
        DataConfig(columns=("en", "de"), joint=False),
        TrainingConfig(epochs=3),
        DecodingConfig(beam_size=7),
    )
    path = tmp_path / "training.json"
    path.write_text(json.dumps(to_dict(settings)), encoding="utf-8")
    assert read_settings(path) == settings


def test_a_recipe_changes_what_it_names_only(tmp_path: Path) -> None:
    path = tmp_path / "small.toml"
    path.write_text("[model]\nencoder_size = 7\n[training]\nlearning_rate = 1\n", encoding="utf-8")
    found = find_recipe(str(path))
    assert (found.model.encoder_size, found.training.learning_rate) == (7, 1.0)
    assert isinstance(found.training.learning_rate, float)
    assert found.data == DataConfig() and found.model.decoder_size == ModelConfig().decoder_size


@pytest.mark.parametrize(
    ("content", "expected"),
    [(b"[model", "my.toml"), (b"\xff", "not UTF-8 at byte 0"), (b"[model]\nx = 1", "unknown setting 'x'")],
)
def test_broken_recipes(tmp_path: Path, content: bytes, expected: str) -> None:
    path = tmp_path / "my.toml"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=expected):
        read_settings(path)


def test_no_such_recipe(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="did you mean 'multi30k'"):
        find_recipe("multi30")
    with pytest.raises(UsageError, match="cannot be read"):
        find_recipe(str(tmp_path / "none.toml"))


@pytest.mark.parametrize("kind", [ModelConfig, DataConfig, TrainingConfig, DecodingConfig])
def test_every_setting_explains_itself(kind: type) -> None:
    """The sentence under a field becomes its help text."""
    import inspect

    source = "".join(inspect.getsource(base) for base in kind.__mro__ if base is not object)
    for field in fields(kind):
        line = source.index(f"\n    {field.name}: ")
        assert '"""' in source[line:].split("\n")[2], field.name


def test_memory_and_readout_widths_by_hand() -> None:
    assert ModelConfig(encoder_size=3, bridge="zero").memory_size == 6
    assert ModelConfig(encoder_size=3, encoder_shape="forward").memory_size == 3
    assert ModelConfig(encoder_size=3, encoder_shape="gnmt", encoder_layers=2).memory_size == 3
    assert ModelConfig(embedding_size=5).readout_width == 5
    assert ModelConfig(readout_size=9, tie_output=False).readout_width == 9
    assert ModelConfig(readout="none", decoder_size=8, tie_output=False).readout_width == 8
