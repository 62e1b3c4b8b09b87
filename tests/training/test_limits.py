"""When a training ends, and what is shown of it, by hand."""

from __future__ import annotations

from typing import Any

import pytest

from seq2seq.config import TrainingConfig
from seq2seq.monitoring.progress import Outlook
from seq2seq.training.limits import outlook, reached_limit, share_done
from seq2seq.training.run_state import RunState

PAIRS = 200


def config(**limits: Any) -> TrainingConfig:
    return TrainingConfig(**{"patience": 0, **limits})


def look(limits: dict[str, Any], **state: Any) -> Outlook:
    """The outlook of a run with 200 training pairs."""
    settings, present = config(**limits), RunState(**state)
    share = share_done(settings, present, pairs=PAIRS, seconds=present.seconds)
    return outlook(settings, present, pairs=PAIRS, share=share)


@pytest.mark.parametrize(
    ("limits", "state", "share"),
    [
        ({"steps": 10}, {"step": 4}, 0.4),
        ({"epochs": 4}, {"sentences": 500}, 500 / 800),
        ({"minutes": 2.0}, {"seconds": 30.0}, 0.25),
        ({"steps": 10, "epochs": 4, "minutes": 2.0}, {"step": 4, "sentences": 80, "seconds": 96.0}, 0.8),
        ({"steps": 10}, {"step": 12}, 1.0),
        ({"patience": 5}, {"step": 12}, 0.0),
        ({}, {"step": 12}, 0.0),
    ],
)
def test_the_nearest_limit_decides_the_share(
    limits: dict[str, Any], state: dict[str, Any], share: float
) -> None:
    present = RunState(**state)
    assert share_done(config(**limits), present, pairs=PAIRS, seconds=present.seconds) == pytest.approx(share)


@pytest.mark.parametrize(
    ("limits", "state", "reason"),
    [
        ({"steps": 5}, {"step": 4}, ""),
        ({"steps": 5}, {"step": 5}, "steps"),
        ({"epochs": 2}, {"epoch": 2}, "epochs"),
        ({"patience": 3}, {"bad_validations": 2}, ""),
        ({"patience": 3}, {"bad_validations": 3}, "patience"),
        ({"patience": 0}, {"bad_validations": 99}, ""),
        ({"minutes": 1.0}, {"seconds": 99.0}, ""),
    ],
)
def test_the_limit_that_ends_a_run(limits: dict[str, Any], state: dict[str, Any], reason: str) -> None:
    assert reached_limit(config(**limits), RunState(**state)) == reason


def test_with_a_limit_the_training_is_the_whole() -> None:
    seen = look({"steps": 10, "patience": 5}, step=4)
    assert (seen.share, seen.done, seen.left, seen.whole, seen.note, seen.time_left) == (
        pytest.approx(0.4),
        pytest.approx(0.4),
        pytest.approx(0.6),
        "",
        "",
        "{} left",
    )
    waiting = look({"steps": 10, "patience": 5}, step=4, bad_validations=2)
    assert waiting.share == seen.share and waiting.note == "2 of 5 validations without improvement"


def test_with_patience_only_the_patience_is_the_whole() -> None:
    """A validation per epoch: 2 and a half of 5 epochs without improvement, at least 2 and a half to come."""
    seen = look({"patience": 5}, epoch=6, sentences=1300, bad_validations=2)
    assert (seen.share, seen.done, seen.left) == pytest.approx((0.5, 6.5, 2.5))
    assert (seen.whole, seen.time_left) == ("patience", "at least {} left")
    assert seen.note == "epoch 7 (50 %)  2 of 5 validations without improvement"


def test_an_improvement_starts_the_patience_again() -> None:
    better = look({"patience": 5}, epoch=7, sentences=1400, bad_validations=0)
    assert (better.share, better.left, better.note) == (0.0, 5.0, "epoch 8 (0 %)")


def test_patience_with_validations_between_epochs() -> None:
    """A validation every 40 updates: 130 updates are 3 and a quarter of them."""
    seen = look({"patience": 4, "validate_every": 40}, step=130, sentences=90, bad_validations=1)
    assert (seen.share, seen.done, seen.left) == pytest.approx((1.25 / 4, 3.25, 2.75))
    assert seen.note == "epoch 1 (45 %)  1 of 4 validations without improvement"


def test_without_any_limit_the_epoch_is_the_whole() -> None:
    seen = look({}, epoch=1, sentences=250, bad_validations=7)
    assert (seen.share, seen.done, seen.left) == pytest.approx((0.25, 1.25, 0.75))
    assert (seen.whole, seen.note) == ("epoch", "epoch 2 (25 %)")
    assert "no limit" in seen.time_left


@pytest.mark.parametrize("limits", [{"patience": 3}, {"patience": 3, "validate_every": 7}, {}, {"steps": 60}])
def test_shares_stay_between_0_and_1(limits: dict[str, Any]) -> None:
    for step in range(0, 60):
        for bad in range(0, 5):
            seen = look(limits, step=step, sentences=10 * step, epoch=10 * step // PAIRS, bad_validations=bad)
            assert 0 <= seen.share <= 1 and seen.left >= 0
