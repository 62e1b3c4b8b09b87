"""The curve of a training so far, as far as verdicts need it: built from the records of log.jsonl."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

BLOCK = 100
"""Training losses are averaged over so many updates: those of single updates differ by the length of their
sentences."""


@dataclass(frozen=True)
class Validation:
    """What a validation found. `loss`, the gains and `distinct` are None where they do not exist.

    `gain` and `valid_gain`: what the source adds on training and validation pairs, in nats a target token
    (see `losses.source_gain`). `distinct`: different translations divided by different sources.
    """

    step: int
    epoch: int
    bleu: float
    loss: float | None = None
    gain: float | None = None
    valid_gain: float | None = None
    distinct: float | None = None


@dataclass
class Curve:
    """Means of the training loss over `BLOCK` updates each, in nats a target token, and all validations."""

    step: int = 0
    tokens: int = 0
    blocks: list[float] = field(default_factory=list)
    validations: list[Validation] = field(default_factory=list)
    _losses: list[float] = field(default_factory=list)

    def add(self, record: Mapping[str, Any]) -> None:
        """Take in a record of the log. Losses that were not finite, null in the log, are left out."""
        if record["event"] == "step":
            self._add_step(record)
        elif record["event"] == "validation":
            names = {"loss": "loss", "gain": "source_gain", "valid_gain": "valid_source_gain"}
            values = {name: record.get(key) for name, key in names.items()}
            self.validations.append(
                Validation(
                    record["step"], record["epoch"], record["bleu"], **values, distinct=record.get("distinct")
                )
            )

    def _add_step(self, record: Mapping[str, Any]) -> None:
        self.step, self.tokens = record["step"], self.tokens + record["tokens"]
        if record["loss"] is not None:
            self._losses.append(record["loss"])
        if self.step % BLOCK == 0 and self._losses:
            self.blocks.append(sum(self._losses) / len(self._losses))
            self._losses = []
