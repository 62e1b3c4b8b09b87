"""Where a run is: everything that changes from step to step and is not a tensor."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class RunState:
    """Where a run is: everything that changes from step to step and is not a tensor."""

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
    stopped: str = ""
