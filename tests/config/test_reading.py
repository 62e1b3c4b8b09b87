"""Reading settings: wrong keys and values give an error with what was expected; nothing is lost in files."""

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
        (
            {"model": {"encoder_size": "many"}},
            "my.toml: model.encoder_size is 'many', expected a whole number",
        ),
        ({"model": {"encoder_size": True}}, "encoder_size is True, expected a whole number"),
        ({"model": {"encoder_size": 0}}, "encoder_size is 0, expected a whole number from 1"),
        ({"model": {"dropout": 1.0}}, "dropout is 1.0, expected a number of at least 0 and below 1"),
        ({"model": {"bridge": "long"}}, "bridge is 'long', expected one of 'zero'"),
        ({"data": {"columns": ["en"]}}, "columns is .*expected a list of 2 texts"),
        ({"data": {"vocab_size": 299}}, "vocab_size is 299, expected a whole number from 300 to 1,000,000"),
        ({"data": {"joint": False}}, "tie_source"),
        (
            {"training": {"ema": 1.0}},
            "my.toml: training.ema is 1.0, expected a number of at least 0 and below 1",
        ),
        ({"training": {"learning_rate": 0}}, "learning_rate is 0.0, expected a number above 0"),
        (
            {"decoding": {"beam_size": 2, "n_best": 3}},
            r"my.toml: decoding: n_best is 3, expected 1 to beam_size \(2\)",
        ),
    ],
)
def test_wrong_settings_are_refused(values: dict[str, Any], expected: str) -> None:
    with pytest.raises(UsageError, match=expected) as caught:
        from_dict(Settings, values, where="my.toml")
    assert str(caught.value).startswith("my.toml")


def test_settings_are_the_same_after_writing_and_reading(tmp_path: Path) -> None:
    settings = Settings(
        ModelConfig(cell="lstm", tie_source=False),
        DataConfig(columns=("en", "de"), joint=False),
        TrainingConfig(epochs=3),
        DecodingConfig(beam_size=7),
    )
    path = tmp_path / "training.json"
    path.write_text(json.dumps(to_dict(settings)), encoding="utf-8")
    assert read_settings(path) == settings


def test_a_recipe_changes_only_its_settings(tmp_path: Path) -> None:
    path = tmp_path / "small.toml"
    path.write_text("[model]\nencoder_size = 7\n[training]\nlearning_rate = 1\n", encoding="utf-8")
    settings = find_recipe(str(path))
    assert (settings.model.encoder_size, settings.training.learning_rate) == (7, 1.0)
    assert isinstance(settings.training.learning_rate, float)
    assert settings.data == DataConfig() and settings.model.decoder_size == ModelConfig().decoder_size


def test_a_recipe_from_a_windows_editor_is_read(tmp_path: Path) -> None:
    (tmp_path / "my.toml").write_bytes(b"\xef\xbb\xbf[model]\r\nencoder_size = 7\r\n")
    assert read_settings(tmp_path / "my.toml").model.encoder_size == 7


@pytest.mark.parametrize(
    ("content", "expected"),
    [(b"[model", "my.toml"), (b"\xff", "not UTF-8 at byte 0"), (b"[model]\nx = 1", "unknown setting 'x'")],
)
def test_broken_recipes_are_refused(tmp_path: Path, content: bytes, expected: str) -> None:
    path = tmp_path / "my.toml"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=expected):
        read_settings(path)


def test_an_unknown_recipe_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="did you mean 'multi30k'"):
        find_recipe("multi30")
    with pytest.raises(UsageError, match="cannot be read"):
        find_recipe(str(tmp_path / "none.toml"))


@pytest.mark.parametrize("kind", [ModelConfig, DataConfig, TrainingConfig, DecodingConfig])
def test_every_setting_has_a_docstring(kind: type) -> None:
    """It is the help text of the option."""
    import inspect

    source = "".join(inspect.getsource(base) for base in kind.__mro__ if base is not object)
    for field in fields(kind):
        line = source.index(f"\n    {field.name}: ")
        assert '"""' in source[line:].split("\n")[2], field.name


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("r.toml", "model = [1]", r"r.toml: model is \[1\], expected a table of settings"),
        ("r.json", '{"model": [1]}', r"r.json: model is \[1\], expected a table of settings"),
        ("r.json", "[{}]", "r.json: holds list, expected an object"),
        ("r.json", "{", "r.json: cannot be read"),
        ("r.json", '{"training": {"learning_rate": NaN}}', "r.json: training.learning_rate is nan, expected"),
        ("r.toml", "[training]\nseed = 1e3", "r.toml: training.seed is 1000.0, expected a whole number"),
    ],
)
def test_a_file_of_another_shape_is_refused(tmp_path: Path, name: str, content: str, message: str) -> None:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    with pytest.raises(UsageError, match=message):
        find_recipe(str(path))


def test_parts_that_are_not_settings_are_refused() -> None:
    with pytest.raises(UsageError, match="model is 3, expected a ModelConfig"):
        Settings(model=3)  # type: ignore[arg-type]
