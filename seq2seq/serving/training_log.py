"""Reads the log of a training that runs: only what is new, and no more points than a curve needs."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

MAX_POINTS = 400


class TrainingLog:
    """The curves of a log (see `training.run_directory`), read as far as it is written.

    Several threads may read at once.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._restart()

    def _restart(self) -> None:
        self.position = 0
        self.last: dict[str, Any] = {}
        self.steps: list[dict[str, Any]] = []
        self.validations: list[dict[str, Any]] = []

    def read(self) -> None:
        """Read what is new; all of it if the log was cut by a training that goes on."""
        with self._lock:
            self._read()

    def _read(self) -> None:
        if not self.path.exists():
            return self._restart()
        if self.path.stat().st_size < self.position:
            self._restart()
        with self.path.open("rb") as file:
            file.seek(self.position)
            for line in file:
                if not line.endswith(b"\n"):
                    return
                self.position += len(line)
                self._take(json.loads(line))

    def _take(self, record: dict[str, Any]) -> None:
        if record.get("event") == "step":
            self.last = record
            self.steps.append(record)
        elif record.get("event") == "validation":
            self.validations.append(record)

    def curves(self) -> dict[str, Any]:
        """Plain values: `loss` and `valid` as (step, loss), `bleu` as (step, BLEU), and the last samples."""
        loss = [(one["step"], one["loss"]) for one in self.steps if one["loss"] is not None]
        valid = [(one["step"], one["loss"]) for one in self.validations if one["loss"] is not None]
        samples: list[Any] = next(
            (one["samples"] for one in reversed(self.validations) if one.get("samples")), []
        )
        return {
            "loss": means(loss, MAX_POINTS),
            "valid": valid,
            "bleu": [(one["step"], one["bleu"]) for one in self.validations],
            "samples": samples,
        }


def means(points: list[tuple[int, float]], most: int) -> list[tuple[int, float]]:
    """At most `most` points: the mean of as many neighbours as that takes, at the last of them."""
    size = -(-len(points) // most) or 1
    groups = [points[start : start + size] for start in range(0, len(points), size)]
    return [(group[-1][0], round(sum(value for _, value in group) / len(group), 4)) for group in groups]
