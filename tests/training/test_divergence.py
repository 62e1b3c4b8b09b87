"""When a training has diverged: mean losses and limits by hand. Guessing among e^4 tokens has a loss of 4."""

from __future__ import annotations

import math

import pytest
import torch

from seq2seq.config import TrainingConfig
from seq2seq.errors import RunError
from seq2seq.training.divergence import (
    Divergence,
    DivergenceCheck,
    all_finite,
    check_divergences,
    rate_factor,
)
from seq2seq.training.run_state import RunState

VOCABULARY = 55  # log 55 = 4.007


def after(*losses: float, state: RunState | None = None) -> tuple[RunState, bool]:
    """The state after updates with these losses, and whether the last one was good."""
    state, good = state or RunState(), True
    check = DivergenceCheck(VOCABULARY)
    for loss in losses:
        good = check.step(state, loss=loss, finite=math.isfinite(loss))
    return state, good


def test_the_mean_starts_at_guessing_and_caps_each_loss() -> None:
    guessing = math.log(VOCABULARY)
    assert after(2.0)[0].smoothed_loss == pytest.approx(0.9 * guessing + 0.2)
    assert after(2.0, 3.0)[0].smoothed_loss == pytest.approx(0.9 * (0.9 * guessing + 0.2) + 0.3)
    assert after(1e9)[0].smoothed_loss == pytest.approx(0.9 * guessing + 0.5 * guessing)


@pytest.mark.parametrize(
    ("losses", "good"),
    [([4.0], True), ([6.0], True), ([6.1], False), ([1e9], False), ([1e9, 4.0], True), ([math.nan], False)],
)
def test_a_good_update_has_a_possible_loss(losses: list[float], good: bool) -> None:
    assert after(*losses)[1] is good


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_three_updates_in_a_row_that_are_not_finite_are_a_divergence(bad: float) -> None:
    state, _ = after(4.0, bad, bad, 4.0, bad, bad)
    assert state.bad_steps == 2
    with pytest.raises(Divergence, match="not finite 3 steps in a row"):
        after(bad, state=state)


def test_high_losses_are_a_divergence_and_a_single_one_is_not() -> None:
    state, _ = after(*[2.0] * 50, 1e9, *[2.0] * 50)
    assert state.smoothed_loss == pytest.approx(2.0, abs=0.1)
    after(*[6.0] * 1000)  # at the limit of 6.01
    with pytest.raises(Divergence, match=r"training loss 7\.000 nats a token, where guessing has 4\.007"):
        after(*[7.0] * 1000)
    with pytest.raises(Divergence, match="training loss"):
        after(1e9, 1e9)


@pytest.mark.parametrize("loss", [None, 0.0, 4.0, 12.0])
def test_a_possible_validation_loss_passes(loss: float | None) -> None:
    DivergenceCheck(VOCABULARY).validation(loss)


@pytest.mark.parametrize("loss", [12.1, 1e9, math.inf, math.nan])
def test_an_impossible_validation_loss_is_a_divergence(loss: float) -> None:
    with pytest.raises(Divergence, match="validation loss"):
        DivergenceCheck(VOCABULARY).validation(loss)


def test_rates_after_divergences() -> None:
    assert [rate_factor(RunState(fallbacks=n)) for n in range(3)] == pytest.approx([1.0, 0.3, 0.09])


def test_the_third_divergence_is_an_error() -> None:
    config, divergence = TrainingConfig(learning_rate=0.5), Divergence("loss too high")
    for fallbacks in (0, 1):
        check_divergences(RunState(fallbacks=fallbacks), config, divergence)
    with pytest.raises(
        RunError, match=r"3 times, with learning rates from 0\.5 down to 0\.045.*step 9.*too high"
    ):
        check_divergences(RunState(step=9, fallbacks=2), config, divergence)


def test_finite_tensors() -> None:
    assert all_finite([]) and all_finite([torch.ones(2), torch.zeros(0), torch.tensor(3.0)])
    assert not all_finite([torch.ones(2), torch.tensor([1.0, math.inf])])
    assert not all_finite([torch.tensor(math.nan)])
