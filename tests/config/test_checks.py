"""Every wrong setting is refused with its name, its value and what was expected."""

from __future__ import annotations

import math
import time
from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from seq2seq.config import DataConfig, DecodingConfig, ModelConfig, Settings, TrainingConfig, from_dict
from seq2seq.errors import UsageError

PARTS = {"model": ModelConfig, "data": DataConfig, "training": TrainingConfig, "decoding": DecodingConfig}
WRONG: list[tuple[str, str, Any, str]] = [
    ("training", "beta2", 2.0, "a number of at least 0 and below 1"),
    ("training", "beta2", math.nan, "a number of at least 0 and below 1"),
    ("training", "weight_decay", -5.0, "a number from 0 to 1,000,000,000"),
    ("training", "learning_rate", math.inf, "a number above 0, at most 1,000,000,000"),
    ("training", "learning_rate", math.nan, "a number above 0"),
    ("training", "final_rate", 5.0, "a number from 0 to 1"),
    ("training", "minutes", math.inf, "a number from 0 to 1,000,000,000"),
    ("training", "minutes", math.nan, "a number from 0 to 1,000,000,000"),
    ("training", "minutes", -1.0, "a number from 0 to 1,000,000,000"),
    ("training", "steps", 10**20, "a whole number from 0 to 1,000,000,000"),
    ("training", "clip_norm", math.nan, "a number from 0"),
    ("training", "seed", -1, "a whole number from 0 to 4,294,967,295"),
    ("training", "seed", 10**20, "a whole number from 0 to 4,294,967,295"),
    ("training", "steps", 2.0, "a whole number"),
    ("training", "steps", True, "a whole number"),
    ("training", "schedule", "quadratic", "one of 'constant'"),
    ("training", "optimizer", ["adam"], "one of 'adam'"),
    ("data", "sampling_alpha", -1.0, "a number from 0 to 1"),
    ("data", "sampling", math.nan, "a number from 0 to 1"),
    ("data", "tokenizer_sentences", 0, "a whole number from 1"),
    ("data", "max_ratio", 0.5, "0 \\(no limit\\), or 1 or more"),
    ("data", "max_characters", -1, "a whole number from 0 to 1,000,000,000"),
    ("data", "max_ratio", math.inf, "a number from 0 to 1,000,000,000"),
    ("data", "vocab_size", 10**9, "a whole number from 300 to 1,000,000"),
    ("data", "joint", "yes", "true or false"),
    ("data", "noise", 0.1, "a text"),
    ("data", "noise", "loud=0.1", "KIND=RATE pairs .*each kind once, of lower, title.*wrong: 'loud=0.1'"),
    ("data", "noise", "lower=2", "KIND=RATE pairs .*each rate from 0 to 1.*wrong: 'lower=2'"),
    ("data", "noise", "lower=0.6,typos=0.5", "KIND=RATE pairs .*the sum is 1.1"),
    ("data", "columns", ("a",), "a list of 2 texts"),
    ("data", "columns", 3, "a list of 2 texts"),
    ("data", "columns", ("a", 3), "a list of 2 texts"),
    ("data", "split", 3, "a text"),
    ("model", "embedding_size", 10**9, "a whole number from 1 to 65,536"),
    ("model", "encoder_layers", 100_000, "a whole number from 1 to 64"),
    ("model", "cell_depth", 10**9, "a whole number from 1 to 64"),
    ("model", "dropout", math.nan, "a number of at least 0 and below 1"),
    ("model", "word_dropout", math.nan, "a number of at least 0 and below 1"),
    ("model", "dropout", "0.1", "a number"),
    ("model", "target_vocab_size", 10**9, "a whole number from 0 to 1,000,000"),
    ("model", "cell", "grl", "one of 'gru', 'lstm'"),
    ("decoding", "beam_size", 2.0, "a whole number"),
    ("decoding", "beam_size", "5", "a whole number"),
    ("decoding", "beam_size", True, "a whole number"),
    ("decoding", "beam_size", 0, "a whole number from 1 to 200"),
    ("decoding", "max_length_factor", math.inf, "a number from 0.01 to 100"),
    ("decoding", "max_length_factor", math.nan, "a number from 0.01 to 100"),
    ("decoding", "max_length_factor", 1e308, "a number from 0.01 to 100"),
    ("decoding", "max_length_extra", 10**20, "a whole number from 1 to 10,000"),
    ("decoding", "length_penalty", None, "a number"),
    ("decoding", "batch_size", 0, "a whole number from 1"),
]


@pytest.mark.parametrize(("part", "name", "value", "expected"), WRONG)
def test_a_wrong_value_is_refused_at_once(part: str, name: str, value: Any, expected: str) -> None:
    started = time.process_time()
    with pytest.raises(UsageError, match=f"{name} is .*, expected ({expected})") as error:
        PARTS[part](**{name: value})
    assert repr(value) in str(error.value)
    assert time.process_time() - started < 0.5


def test_a_float_of_numpy_is_a_number() -> None:
    assert DecodingConfig(length_penalty=np.float64(0.5)).length_penalty == 0.5


def test_a_whole_number_is_a_number() -> None:
    assert TrainingConfig(learning_rate=1).learning_rate == 1
    assert DecodingConfig(length_penalty=0, max_length_factor=2).length_penalty == 0


@pytest.mark.parametrize("kind", PARTS.values())
def test_the_defaults_are_valid(kind: type) -> None:
    assert all(hasattr(kind(), field.name) for field in fields(kind))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"model": [1]}, "recipe.toml: model is \\[1\\], expected a table of settings"),
        ({"training": "fast"}, "recipe.toml: training is 'fast', expected a table of settings"),
        ([{"model": {}}], "recipe.toml: holds list, expected a table of settings"),
        ({"data": {"columns": [["a"], "b"]}}, "columns"),
    ],
)
def test_a_list_in_place_of_a_table_is_refused(values: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        from_dict(Settings, values, where="recipe.toml")
