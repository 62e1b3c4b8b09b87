"""The numbers of a run that change from step to step. A checkpoint stores them as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any


@dataclass
class RunState:
    """Where a run is. A checkpoint that lacks a field (an older one) gives it the default.

    Attributes:
        step: updates so far.
        epoch: complete passes over the data so far.
        batch: batches of the present epoch that are done.
        sentences: training pairs read so far.
        seconds: training time so far, validation included.
        best_bleu, best_loss, best_step: the best validation so far; -1 BLEU before the first one.
        validated_step: the step of the last validation.
        bad_validations: validations since the best one.
        bad_steps: updates in a row whose loss or gradient was not finite.
        smoothed_loss: mean of the last training losses, in nats a token; 0 before the first one.
        fallbacks: how often the run went back to a checkpoint because it had diverged.
        stopped: why the run ended ("steps", "epochs", "patience", "minutes", "interrupted"), or "".
        validation_due: whether an interruption cut the validation of this step short.
    """

    step: int = 0
    epoch: int = 0
    batch: int = 0
    sentences: int = 0
    seconds: float = 0.0
    best_bleu: float = -1.0
    best_loss: float = 0.0
    best_step: int = 0
    validated_step: int = 0
    bad_validations: int = 0
    bad_steps: int = 0
    smoothed_loss: float = 0.0
    fallbacks: int = 0
    stopped: str = ""
    validation_due: bool = False

    def continue_from(self, diverged: RunState) -> None:
        """Take over from the state in which the run diverged what does not go back to a checkpoint: the time,
        the best model, which is still stored, and the number of divergences, plus one."""
        for name in ("seconds", "best_bleu", "best_loss", "best_step"):
            setattr(self, name, getattr(diverged, name))
        self.fallbacks = diverged.fallbacks + 1

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> RunState:
        """The state with these values. TypeError for an unknown name or a value of another type."""
        state = cls(**values)
        for field in fields(cls):
            value, default = getattr(state, field.name), field.default
            allowed = (int, float) if type(default) is float else (type(default),)
            if type(value) not in allowed:
                raise TypeError(f"{field.name} is {value!r}, expected a value such as {default!r}")
        return state
