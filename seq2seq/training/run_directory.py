"""A run directory: resolved settings, log, checkpoints, the best model so far, and the pointer to it.

training.json    resolved settings, corpora, languages
log.jsonl        every step and every validation, an object a line
bundles/step-N/  a complete model directory: the best so far
best.json        names it; replaced in one step
checkpoints/     what `--resume` goes on from
data/            the training pairs as Arrow, tokenizers and lengths beside them
"""

from __future__ import annotations

import json
import math
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from seq2seq import files
from seq2seq.bundle import model_directory
from seq2seq.bundle.finding import BEST
from seq2seq.bundle.model_directory import Bundle
from seq2seq.errors import DataError


class RunDirectory:
    """Reads and writes the files of one run."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.checkpoints = path / "checkpoints"
        self._log: IO[str] | None = None

    def log(self, record: Mapping[str, Any]) -> None:
        """Add a line to `log.jsonl`; a number that is not finite, which JSON has no form for, as null."""
        plain = {
            name: None if isinstance(value, float) and not math.isfinite(value) else value
            for name, value in record.items()
        }
        with files.writing(self.path / "log.jsonl"):
            if self._log is None:
                self.path.mkdir(parents=True, exist_ok=True)
                self._log = (self.path / "log.jsonl").open("a", encoding="utf-8", newline="\n", buffering=1)
            self._log.write(json.dumps(plain) + "\n")

    def sync_log(self) -> None:
        """Force the log to the disk, so that no checkpoint is newer than its log."""
        if self._log is not None:
            with files.writing(self.path / "log.jsonl"):
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
        """All objects of the log; a last line that a kill cut is left out. No log is an empty one."""
        path = self.path / "log.jsonl"
        if not path.exists():
            return []
        found = []
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if line.endswith(b"\n"):
                    found.append(_record(line, f"{path}:{number}"))
        return found

    def keep(self, best: Bundle, *, step: int, validation: Mapping[str, Any]) -> None:
        """Store the best model so far, point to it, and drop the one before."""
        folder = self.path / "bundles"
        path = files.next_name(folder / f"step-{step}")
        model_directory.save(path, best)
        pointer = {"bundle": f"{folder.name}/{path.name}", "validation": dict(validation)}
        files.write_json(self.path / BEST, pointer)
        for entry in folder.iterdir():
            if entry != path:
                shutil.rmtree(entry, ignore_errors=True)

    def close(self) -> None:
        """Close the log."""
        if self._log is not None:
            self._log.close()
            self._log = None


def _record(line: bytes, where: str) -> dict[str, Any]:
    """The object on a line of the log."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{where}: not a line of a log ({error})") from None
    if not isinstance(value, dict):
        raise DataError(f"{where}: holds {type(value).__name__}, expected an object")
    return value
