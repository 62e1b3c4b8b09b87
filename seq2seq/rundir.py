"""A run directory: resolved settings, log, checkpoints, kept models, and the pointer to the best one.

training.json    resolved settings, corpora, languages
log.jsonl        every step and every validation, an object a line
bundles/step-N/  complete model directories
best.json        names the best of them; replaced in one step
checkpoints/     what `--resume` goes on from
data/            the training pairs as Arrow, tokenizers and lengths beside them
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from seq2seq import bundle, files
from seq2seq.bundle import Bundle
from seq2seq.config import ModelError

BEST = "best.json"


class RunDirectory:
    """Reads and writes the files of one run."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.checkpoints = path / "checkpoints"
        self._log: IO[str] | None = None

    def log(self, record: Mapping[str, Any]) -> None:
        """Add a line to `log.jsonl`."""
        if self._log is None:
            self._log = (self.path / "log.jsonl").open("a", encoding="utf-8", newline="\n", buffering=1)
        self._log.write(json.dumps(record) + "\n")

    def sync_log(self) -> None:
        """Force the log to the disk, so that no checkpoint is newer than its log."""
        if self._log is not None:
            self._log.flush()
            os.fsync(self._log.fileno())

    def log_size(self) -> int:
        """Bytes in the log."""
        path = self.path / "log.jsonl"
        return path.stat().st_size if path.exists() else 0

    def cut_log(self, size: int) -> None:
        """Take back what was logged after the checkpoint that noted `size`."""
        path = self.path / "log.jsonl"
        if path.exists() and path.stat().st_size > size:
            os.truncate(path, size)

    def records(self) -> list[dict[str, Any]]:
        """All objects of the log."""
        path = self.path / "log.jsonl"
        if not path.exists():
            return []
        with path.open(encoding="utf-8", newline="\n") as file:
            return [json.loads(line) for line in file if line.endswith("\n")]

    def keep(self, best: Bundle, *, step: int, validation: Mapping[str, Any]) -> None:
        """Store the best model so far, point to it, and drop the one before."""
        folder = self.path / "bundles"
        bundle.save(folder / f"step-{step}", best)
        files.write_json(self.path / BEST, {"bundle": f"bundles/step-{step}", "validation": dict(validation)})
        for entry in folder.iterdir():
            if entry.name != f"step-{step}":
                shutil.rmtree(entry, ignore_errors=True)

    def close(self) -> None:
        """Close the log."""
        if self._log is not None:
            self._log.close()
            self._log = None


def resolve(path: Path) -> Path:
    """The model directory that `path` stands for: itself, or the best bundle of a run directory."""
    pointer = path / BEST
    if not pointer.exists():
        return path
    try:
        name = json.loads(pointer.read_text(encoding="utf-8"))["bundle"]
        target = (path / name).resolve()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{pointer}: cannot be read ({error})") from None
    if not target.is_relative_to(path.resolve()):
        raise ModelError(f"{pointer}: points out of its run directory")
    return target
