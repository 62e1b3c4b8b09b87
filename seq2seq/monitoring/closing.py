"""The verdict at the end of a training: go on, overfitting, or ready; and why."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from seq2seq.config import TrainingConfig
from seq2seq.monitoring.curve import Curve, Validation

RISING = 0.02
"""A best BLEU that grew by more than this share in the last third of the training is still rising."""
LEAST_RISE = 0.3
"""And by at least so much BLEU, which is about what two validations of one model's neighbours differ by."""
OVERFITTED = 1.1
"""A validation loss above this multiple of the lowest one is overfitting, if BLEU has stopped rising."""
USEFUL = 5.0
"""Below this BLEU, a model translates hardly anything right."""


@dataclass(frozen=True)
class Verdict:
    """`name` is "unknown", "rising", "overfitting", "weak" or "ready", `text` says it.
    `going_on` is the command that goes on, "" if that would be of no use."""

    name: str
    text: str
    going_on: str = ""

    def lines(self) -> list[str]:
        """For the terminal."""
        return [self.text, *([f"continue:   {self.going_on}"] if self.going_on else [])]


def closing_verdict(curve: Curve, config: TrainingConfig, *, stopped: str, out: Path) -> Verdict:
    """What the validations of a training say about its end.

    Args:
        curve: of the whole run.
        config: its settings.
        stopped: the limit that ended it: "steps", "epochs", "minutes" or "patience".
        out: the run directory, for the command that goes on.
    """
    validations = curve.validations
    going_on = _command(config, stopped, out)
    if len(validations) < 3:
        return Verdict("unknown", f"too early for a verdict: {len(validations)} of 3 validations", going_on)
    rise = _rise(validations)
    best = max(one.bleu for one in validations)
    if stopped != "patience" and rise > max(LEAST_RISE, RISING * best):
        text = f"still rising: BLEU grew by {rise:.1f} in the last third of the training"
        return Verdict("rising", text, going_on)
    if stopped != "patience" and best < USEFUL and _loss_still_falls(validations):
        text = f"not usable yet (best BLEU {best:.1f}), but the validation loss still falls"
        return Verdict("rising", text, going_on)
    if text := _overfitting(validations):
        return Verdict("overfitting", text)
    if best < USEFUL:
        text = f"not usable yet: its best BLEU is {best:.1f}, and it no longer rises; "
        return Verdict("weak", text + "check that the pairs belong together, or train on more of them")
    return Verdict("ready", f"ready: BLEU no longer rises (best {best:.1f})")


def _rise(validations: Sequence[Validation]) -> float:
    """By how much the best BLEU grew in the last third of the steps."""
    border = validations[-1].step * 2 / 3
    before = [one.bleu for one in validations if one.step <= border] or [0.0]
    return max(one.bleu for one in validations) - max(before)


def _loss_still_falls(validations: Sequence[Validation]) -> bool:
    """Whether the last validation has the lowest loss."""
    losses = [one.loss for one in validations if one.loss is not None]
    return len(losses) > 1 and losses[-1] < min(losses[:-1])


def _overfitting(validations: Sequence[Validation]) -> str:
    """What shows overfitting, or ""."""
    losses = [(one.loss, one.step) for one in validations if one.loss is not None]
    if not losses:
        return ""
    (lowest, step), (last, _) = min(losses), losses[-1]
    if last <= OVERFITTED * lowest:
        return ""
    best = max(validations, key=lambda one: one.bleu)
    return (
        f"overfitting: the validation loss was lowest at step {step} ({lowest:.2f}) and is {last:.2f} now; "
        f"the model of step {best.step}, which has the best BLEU, is kept. More data would help most, then a "
        "higher --model.dropout or a smaller network"
    )


def _command(config: TrainingConfig, stopped: str, out: Path) -> str:
    """Goes on with twice the limit that ended the training."""
    limit = stopped if stopped in ("steps", "epochs", "minutes", "patience") else "epochs"
    value = max(2 * getattr(config, limit), 1)
    return f"seq2seq train --resume --out {shlex.quote(str(out))} --training.{limit} {value:g}"
