"""`seq2seq plot`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from seq2seq.cli.options import optional
from seq2seq.errors import UsageError


@dataclass(frozen=True)
class Plot:
    """Draw the learning curves of a run: losses and validation BLEU against steps."""

    run_directory: Annotated[Path, tyro.conf.arg(name="run")]
    """The run directory."""
    out: Annotated[Path | None, optional("PATH")] = None
    """PNG or SVG file to write. Default: learning-curves.png in the run directory."""

    def run(self) -> int:
        """Draw; returns the exit code."""
        from seq2seq.evaluation import figures
        from seq2seq.training.run_directory import RunDirectory

        records = RunDirectory(self.run_directory).records()
        if not records:
            raise UsageError(f"{self.run_directory}: holds no log.jsonl with steps to draw")
        path = self.out or self.run_directory / "learning-curves.png"
        figures.save(figures.learning_curves(records), path)
        print(path)
        return 0
