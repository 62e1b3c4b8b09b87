"""Notices that a training has diverged: losses far above that of guessing, or numbers that are not finite.

A model that gives each of V tokens the same probability has a loss of log V nats a token. A training starts
near that loss and falls below it. If the mean of its last losses is well above log V, the weights are
useless, mostly because of a learning rate that is too high, and no longer improve. The validation loss may
be above log V in a sound run: a model that has learned its training data by heart is sure of wrong tokens.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from torch import Tensor

from seq2seq.config import TrainingConfig
from seq2seq.errors import RunError
from seq2seq.training.run_state import RunState

TRAINING_LIMIT = 1.5
"""A mean training loss above this many times log V is a divergence."""
VALIDATION_LIMIT = 3.0
"""A validation loss above this many times log V is a divergence."""
CAP = 5.0
"""In the mean, a loss counts at most as this many times log V: one bad batch is no divergence."""
SMOOTHING = 0.9
"""Weight of the earlier losses in the mean of training losses."""
BAD_STEPS = 3
"""At so many updates in a row that are not finite, the training has diverged."""
RATE_FACTOR = 0.3
"""After each divergence the learning rate is multiplied by this."""
DIVERGENCES = 3
"""At this divergence a run is given up."""


class Divergence(Exception):
    """The present weights cannot be trained any further. The text says why."""


class DivergenceCheck:
    """Compares losses with that of guessing among `vocab_size` tokens. Raises `Divergence`."""

    def __init__(self, vocab_size: int) -> None:
        self.guessing = math.log(vocab_size)

    def step(self, state: RunState, *, loss: float, finite: bool) -> bool:
        """Record an update in `state`; returns whether it was a good one.

        `finite` is false if the loss or the gradient was not finite, so that the update was left out. Raises
        Divergence after `BAD_STEPS` such updates in a row, and if the mean of the last losses is too high.
        """
        state.bad_steps = 0 if finite else state.bad_steps + 1
        if state.bad_steps >= BAD_STEPS:
            raise Divergence(f"loss or gradient was not finite {BAD_STEPS} steps in a row")
        if finite:
            mean = state.smoothed_loss or self.guessing
            capped = min(loss, CAP * self.guessing)
            state.smoothed_loss = SMOOTHING * mean + (1 - SMOOTHING) * capped
        limit = TRAINING_LIMIT * self.guessing
        if state.smoothed_loss > limit:
            raise Divergence(self._text("training loss", loss))
        return finite and loss <= limit

    def validation(self, loss: float | None) -> None:
        """Raise Divergence if the validation loss is too high or not finite; None stands for no loss."""
        if loss is not None and not loss <= VALIDATION_LIMIT * self.guessing:  # also true for NaN
            raise Divergence(self._text("validation loss", loss))

    def _text(self, name: str, loss: float) -> str:
        return f"{name} {loss:.3f} nats a token, where guessing has {self.guessing:.3f}"


def check_divergences(state: RunState, config: TrainingConfig, divergence: Divergence) -> None:
    """Raise RunError if `divergence` is the third one of the run."""
    if state.fallbacks + 1 < DIVERGENCES:
        return
    rates = [config.learning_rate * factor for factor in (1.0, rate_factor(state))]
    raise RunError(
        f"the training diverged {DIVERGENCES} times, with learning rates from {rates[0]:g} down to "
        f"{rates[1]:g}; the last time at step {state.step}: {divergence}. Start a new run with a lower "
        "training.learning_rate, or look at the data"
    )


def rate_factor(state: RunState) -> float:
    """By what the learning rate is multiplied after the divergences of a run."""
    return float(RATE_FACTOR**state.fallbacks)


def all_finite(tensors: Iterable[Tensor]) -> bool:
    """Whether all numbers of all tensors are finite."""
    finite = [torch.isfinite(tensor).all() for tensor in tensors]
    return not finite or bool(torch.stack(finite).all())
