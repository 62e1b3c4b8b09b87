"""The state of a run comes back from JSON as it was, or not at all."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from typing import Any

import pytest

from seq2seq.training.run_state import RunState


def test_a_state_comes_back_from_json() -> None:
    state = RunState(step=7, seconds=1.25, best_bleu=30.5, smoothed_loss=2.5, fallbacks=1, stopped="steps")
    assert RunState.from_dict(json.loads(json.dumps(asdict(state)))) == state


def test_missing_fields_have_their_defaults() -> None:
    assert RunState.from_dict({"step": 3}) == RunState(step=3)
    assert RunState.from_dict({"seconds": 3}).seconds == 3


@pytest.mark.parametrize("name", [field.name for field in fields(RunState)])
@pytest.mark.parametrize("value", [None, [], {}, True])
def test_a_value_of_another_type_is_refused(name: str, value: Any) -> None:
    if name == "validation_due":
        value = int(value is True)  # 0 and 1 are no truth values
    with pytest.raises(TypeError, match=f"{name} is "):
        RunState.from_dict({name: value})


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(TypeError, match="steps"):
        RunState.from_dict({"steps": 3})


def test_after_a_divergence_time_and_best_model_stay() -> None:
    diverged = RunState(step=900, seconds=90.0, best_bleu=30.0, best_loss=2.0, best_step=800, fallbacks=1)
    state = RunState(step=500, seconds=50.0, best_bleu=20.0, best_loss=3.0, best_step=400, bad_validations=2)
    state.continue_from(diverged)
    assert state == RunState(500, 0, 0, 0, 90.0, 30.0, 2.0, 800, 0, 2, fallbacks=2)
