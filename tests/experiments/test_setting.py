"""Settings of a comparison, as they are written on the command line."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from seq2seq.errors import UsageError
from seq2seq.experiments.setting import parse_setting, parse_settings
from tests.experiments.experiment_data import BASE


def test_setting_is_a_name_and_changes() -> None:
    text = "big LSTM: model.cell=lstm, model.decoder-size=24  training.ema=0.5"
    setting = parse_setting(text, BASE, (1, 2))
    assert (setting.name, setting.seeds) == ("big LSTM", (1, 2))
    assert setting.changes == {"model": {"cell": "lstm", "decoder_size": 24}, "training": {"ema": 0.5}}
    model = replace(BASE.model, cell="lstm", decoder_size=24)
    assert setting.settings == replace(BASE, model=model, training=replace(BASE.training, ema=0.5))
    assert setting.directory(2) == "big-lstm-seed2"


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
        (
            'x: data.columns=["a", "b"], data.vocab_size = 400',
            "x",
            (7,),
            {"data": {"columns": ["a", "b"], "vocab_size": 400}},
        ),
    ],
)
def test_forms_of_a_setting(
    text: str, name: str, seeds: tuple[int, ...], changes: dict[str, dict[str, Any]]
) -> None:
    setting = parse_setting(text, BASE, (7,))
    assert (setting.name, setting.seeds, setting.changes) == (name, seeds, changes)


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ([], "expected at least one"),
        ([""], "has no name"),
        ([": model.cell=gru"], "has no name"),
        (["model.cell=gru"], "has no name, expected 'NAME'"),
        (["..: model.cell=gru"], "has no name"),
        (["a: model.cell"], "'model.cell' is not a change, expected 'NAME'"),
        (["a: cell=gru"], "'cell=gru' is not a change"),
        (["a: model.cel=gru"], "setting 'a': model: unknown setting 'cel'; did you mean 'cell'?"),
        (["a: modle.cell=gru"], "did you mean 'model'?"),
        (["a: model.cell=grl"], "setting 'a': "),
        (["a: model.dropout=2"], "dropout is 2.0, expected a number of at least 0 and below 1"),
        (["a: model.decoder_size=big"], "decoder_size is 'big', expected a whole number"),
        (["a: model.decoder_size=1e12"], "decoder_size"),
        (["a: training.seed=3"], "seeds are written after an @"),
        (
            ["a: training.steps=0, training.schedule=linear"],
            "setting 'a': training.schedule = 'linear' falls",
        ),
        (["a @x: model.cell=gru"], "the seeds are 'x'"),
        (["a @1,1"], "each once"),
        (["a @99999999999"], "setting 'a': training.seed is 99999999999"),
        (["GRU!", "gru: model.cell=gru"], "'GRU!' and 'gru' would share a run directory"),
    ],
)
def test_wrong_settings_are_usage_errors(texts: list[str], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_settings(texts, BASE, (1,))
    assert message in str(caught.value)
