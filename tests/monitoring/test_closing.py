"""The verdict at the end of a training, on curves made by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from seq2seq.config import TrainingConfig
from seq2seq.monitoring import curve as curve_module
from seq2seq.monitoring.closing import Verdict, closing_verdict
from seq2seq.monitoring.curve import Curve, Validation
from tests import tiny
from tests.training.tiny_trainer import make_trainer


def verdict(
    bleu: list[float], loss: list[float] | None = None, *, stopped: str = "epochs", **limits: float
) -> Verdict:
    """The verdict on validations after 100, 200, … updates."""
    losses = loss or [3.0] * len(bleu)
    validations = [
        Validation(100 * number, number, one, other)
        for number, (one, other) in enumerate(zip(bleu, losses, strict=True), start=1)
    ]
    config = TrainingConfig(**(limits or {"epochs": 6}))  # type: ignore[arg-type]
    return closing_verdict(Curve(validations=validations), config, stopped=stopped, out=Path("runs/my run"))


def test_a_bleu_that_rises_goes_on_with_twice_the_limit() -> None:
    made = verdict([5.0, 9.0, 13.0, 16.0, 18.0, 20.0])
    assert made.name == "rising"
    assert made.lines() == [
        "still rising: BLEU grew by 4.0 in the last third of the training",
        "continue:   seq2seq train --resume --out 'runs/my run' --training.epochs 12",
    ]


@pytest.mark.parametrize(
    ("stopped", "limits", "option"),
    [
        ("minutes", {"minutes": 2.5}, "--training.minutes 5"),
        ("steps", {"steps": 600}, "--training.steps 1200"),
    ],
)
def test_the_limit_that_ended_the_training_is_the_one_to_raise(
    stopped: str, limits: dict[str, Any], option: str
) -> None:
    assert verdict([5.0, 9.0, 13.0, 16.0, 18.0, 20.0], stopped=stopped, **limits).going_on.endswith(option)


def test_a_flat_bleu_is_ready() -> None:
    assert verdict([5.0, 20.0, 29.0, 30.0, 30.1, 30.2]).name == "ready"
    assert verdict([5.0, 20.0, 29.0, 30.0, 30.1, 30.2]).lines() == ["ready: BLEU no longer rises (best 30.2)"]


def test_after_patience_nothing_rises_any_more() -> None:
    assert verdict([5.0, 9.0, 13.0, 16.0, 18.0, 17.0], stopped="patience").name == "ready"


def test_a_validation_loss_that_rises_again_is_overfitting() -> None:
    made = verdict([20.0, 30.0, 30.2, 30.1, 30.0, 29.9], [4.0, 3.0, 2.9, 3.1, 3.2, 3.3])
    assert made.name == "overfitting"
    assert "lowest at step 300 (2.90) and is 3.30 now; the model of step 300" in made.text
    same = verdict([20.0, 30.0, 30.2, 30.1, 30.0, 29.9], [4.0, 3.0, 2.9, 2.95, 3.0, 3.1])
    assert same.name == "ready"  # a tenth above the lowest is what training on does to any model


def test_a_bleu_near_zero_is_not_called_ready() -> None:
    assert verdict([0.1, 0.2, 0.2, 0.2, 0.2, 0.2]).name == "weak"


def test_a_loss_that_falls_goes_on_though_bleu_is_near_zero() -> None:
    made = verdict([0.1, 0.2, 0.2, 0.2, 0.2, 0.2], [6.0, 5.5, 5.2, 5.0, 4.9, 4.8])
    assert made.name == "rising" and made.going_on
    assert made.text == "not usable yet (best BLEU 0.2), but the validation loss still falls"


def test_too_few_validations() -> None:
    made = verdict([1.0, 2.0], stopped="minutes", minutes=1)
    assert made.name == "unknown" and made.going_on.endswith("--training.minutes 2")
    assert made.text == "too early for a verdict: 2 of 3 validations"
    assert verdict([]).name == "unknown"


def test_the_log_of_a_run_gives_the_curve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(curve_module, "BLOCK", 10)
    trainer = make_trainer(tmp_path, tiny.settings(steps=20, validate_every=10))
    trainer.run()
    curve = Curve()
    for record in trainer.run_directory.records():
        curve.add(record)
    losses = [record["loss"] for record in trainer.run_directory.records() if record["event"] == "step"]
    assert curve.step == 20 and [one.step for one in curve.validations] == [10, 20]
    assert curve.blocks == pytest.approx([sum(losses[:10]) / 10, sum(losses[10:]) / 10])
    assert curve.validations[-1].gain is not None and curve.validations[-1].distinct is not None
    assert curve == trainer.monitor.curve
