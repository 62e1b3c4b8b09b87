"""Curves for TensorBoard, written if the package `tensorboard` is installed."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

FOLDER = "tensorboard"
"""Where in a run directory the curves are."""
SCALARS = {
    "step": {
        "loss": "loss/training",
        "learning_rate": "training/learning_rate",
        "gradient_norm": "training/gradient_norm",
        "tokens_per_second": "training/tokens_per_second",
    },
    "validation": {
        "loss": "loss/validation",
        "bleu": "bleu/greedy",
        "source_gain": "source/training",
        "valid_source_gain": "source/validation",
    },
}
"""The name of each curve, by the event and the field of a record of the log."""


def is_installed() -> bool:
    """Whether there is a TensorBoard to write for. Imports nothing."""
    return find_spec("tensorboard") is not None


class Board:
    """Writes the numbers and the samples of log records as curves and texts. Without TensorBoard, nothing."""

    def __init__(self, run: Path, *, installed: bool | None = None) -> None:
        self.folder = run / FOLDER
        self.installed = is_installed() if installed is None else installed
        self._writer: Any = None

    def write(self, record: Mapping[str, Any]) -> None:
        """Write a record. The first one after `restart` hides what was written from its step on."""
        curves = SCALARS.get(record["event"])
        if not self.installed or curves is None:
            return
        step = record["step"]
        if self._writer is None:
            from torch.utils.tensorboard import SummaryWriter

            self._writer = SummaryWriter(str(self.folder), purge_step=step)
        for field, name in curves.items():
            if record.get(field) is not None:
                self._writer.add_scalar(name, record[field], step)
        for number, sample in enumerate(record.get("samples", ()), start=1):
            text = "\n\n".join(f"{name}: {value}" for name, value in sample.items())
            self._writer.add_text(f"sample {number}", text, step)

    def restart(self) -> None:
        """Close the files, so that the curves go on from the step of the next record."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
