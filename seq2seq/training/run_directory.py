"""A run directory: settings, log, checkpoints, and the best model so far.

training.json    settings, corpora and languages (see run_settings.py); written with the first update
log.jsonl        every update and every validation, one JSON object per line
bundles/step-N/  a complete model directory: the best model so far
best.json        names it; replaced atomically
checkpoints/     what `--resume` continues from
data/            the training pairs as Arrow files, with tokenizers, word lists and lengths beside it
first-model/     the model that a fine-tuning started from
valid.json       pairs held out for validation, if no validation data was given
.lock            held while a process trains in the directory
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
from seq2seq.errors import DataError, ModelError, RunError, UsageError
from seq2seq.training.run_settings import SETTINGS

LOG = "log.jsonl"
FIRST_MODEL = "first-model"
PREPARED = (
    *("joint.model", "source.model", "target.model", "words.source.txt", "words.target.txt"),
    *("lengths.npy", "valid.json"),
)
"""Files beside `data/` that belong to the prepared data."""
COUNTS = ("step", "epoch", "tokens")
"""Fields of a record that are whole numbers."""
NUMBERS = ("loss", "bleu", "learning_rate", "gradient_norm", "tokens_per_second", "seconds")
"""Fields of a record that are numbers; null stands for one that was not finite."""


class RunDirectory:
    """Reads and writes the files of one run.

    `description` is the content of training.json, if it is still to be written: a directory becomes a run
    with the first update, so that a start that fails before leaves no run behind. `recipe` says there where
    the settings come from.
    """

    def __init__(self, path: Path, *, recipe: Mapping[str, Any] | None = None) -> None:
        self.path, self.recipe = path, recipe
        self.checkpoints = path / "checkpoints"
        self.description: Mapping[str, Any] | None = None
        self._described = False
        self._log: IO[str] | None = None

    def check_is_free(self) -> None:
        """Raise UsageError if the directory holds a run, a part of one, or a model, or if its name is not
        UTF-8, which libraries that write in it expect."""
        if str(self.path).encode(errors="ignore").decode() != str(self.path):
            raise UsageError(f"{str(self.path)!r} is not UTF-8: choose another --out")
        if (self.path / SETTINGS).exists():
            raise UsageError(
                f"{self.path} holds a run already: add --resume to go on with it, or choose another --out"
            )
        for name in (LOG, "checkpoints", "bundles", BEST, "config.json"):
            if (self.path / name).exists():
                raise UsageError(
                    f"{self.path} holds {name} but no {SETTINGS}, so it is no run to go on with: choose "
                    "another --out"
                )
        data = self.path / "data"
        if data.exists() and not (data / "state.json").exists():
            raise UsageError(f"{data} is in the way and does not come from a training: choose another --out")

    def remove_prepared(self) -> None:
        """Remove prepared data, which an earlier start may have left behind."""
        with files.writing(self.path):
            for name in PREPARED:
                (self.path / name).unlink(missing_ok=True)
        shutil.rmtree(self.path / "data", ignore_errors=True)
        if (self.path / FIRST_MODEL / "config.json").exists():
            shutil.rmtree(self.path / FIRST_MODEL, ignore_errors=True)

    def remove_leftovers(self) -> None:
        """Remove the half-written data of a process that was killed while it prepared data."""
        for pattern in (".data-????????", ".plain-????????", f".{FIRST_MODEL}-????????"):
            for folder in self.path.glob(pattern):
                shutil.rmtree(folder, ignore_errors=True)
        if (self.path / "plain" / "state.json").exists():
            shutil.rmtree(self.path / "plain", ignore_errors=True)

    def write_description(self) -> None:
        """Write training.json, if that is still to be done."""
        if self.description is not None:
            recipe = {"recipe": dict(self.recipe)} if self.recipe else {}
            files.write_json(self.path / SETTINGS, {**self.description, **recipe})
            self.description, self._described = None, True

    def check_exists(self) -> None:
        """Raise RunError if the directory was removed since training.json was written."""
        if self._described and not (self.path / SETTINGS).exists():
            raise RunError(
                f"{self.path}: the run directory was removed or moved while the training ran (no {SETTINGS} "
                "found); what was trained since its last checkpoint is lost"
            )

    def log(self, record: Mapping[str, Any]) -> None:
        """Append a record to the log. A number that is not finite, which JSON does not have, becomes null."""
        finite = {
            name: None if isinstance(value, float) and not math.isfinite(value) else value
            for name, value in record.items()
        }
        self.write_description()
        self.check_exists()
        with files.writing(self.path / LOG):
            if self._log is None:
                self.path.mkdir(parents=True, exist_ok=True)
                self._log = (self.path / LOG).open("a", encoding="utf-8", newline="\n", buffering=1)
            self._log.write(json.dumps(finite) + "\n")

    def sync_log(self) -> None:
        """Force the log to the disk, so that no checkpoint is newer than its log."""
        if self._log is not None:
            with files.writing(self.path / LOG):
                self._log.flush()
                os.fsync(self._log.fileno())

    def log_size(self) -> int:
        """Bytes in the log."""
        path = self.path / LOG
        return path.stat().st_size if path.exists() else 0

    def cut_log(self, size: int) -> None:
        """Remove what was logged after the checkpoint that recorded `size`."""
        path = self.path / LOG
        self.close()
        if path.exists() and path.stat().st_size > size:
            with files.writing(path):
                os.truncate(path, size)

    def records(self) -> list[dict[str, Any]]:
        """All records of the log; [] without a log.

        A last line without an end, which a killed process leaves, is ignored. Raises DataError with file and
        line for a line that is no record, or has a value of the wrong type.
        """
        path = self.path / LOG
        if not path.exists():
            return []
        records = []
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if line.endswith(b"\n"):
                    records.append(_record(line, f"{path}:{number}"))
        return records

    def has_progress(self) -> bool:
        """Whether the run has a best model, or more updates than the one after which it saves first."""
        if (self.path / BEST).exists():
            return True
        path = self.path / LOG
        if not path.exists():
            return False
        with path.open("rb") as file:
            return sum(line.endswith(b"\n") for line in file) > 1

    def keep(self, best: Bundle, *, step: int, validation: Mapping[str, Any]) -> None:
        """Store the best model so far, let best.json name it, and remove the one before.

        The stored one stays if its validation was better. A run that is resumed from an earlier checkpoint
        than its newest one, because that is damaged, knows nothing of the models that followed.
        """
        if self._stored_is_better(validation):
            return
        folder = self.path / "bundles"
        path = files.next_name(folder / f"step-{step}")
        model_directory.save(path, best)
        pointer = {"bundle": f"{folder.name}/{path.name}", "validation": dict(validation)}
        files.write_json(self.path / BEST, pointer)
        for entry in folder.iterdir():
            if entry != path:
                shutil.rmtree(entry, ignore_errors=True)

    def _stored_is_better(self, validation: Mapping[str, Any]) -> bool:
        """Whether best.json names a model whose validation was better than this one."""
        try:
            pointer = files.read_json(self.path / BEST)
            stored = pointer["validation"]
            bleu, loss = float(stored["bleu"]), float(stored["loss"] or math.inf)
            exists = (self.path / pointer["bundle"] / "config.json").exists()
        except (ModelError, LookupError, TypeError, ValueError):
            return False
        return exists and (bleu, -loss) > (validation["bleu"], -(validation["loss"] or math.inf))

    def close(self) -> None:
        """Close the log. It is opened again when needed."""
        if self._log is not None:
            self._log.close()
            self._log = None


def _record(line: bytes, where: str) -> dict[str, Any]:
    """The record on a line of the log."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{where}: not a line of a log ({error})") from None
    if not isinstance(record, dict):
        raise DataError(f"{where}: holds {type(record).__name__}, expected an object")
    for name in COUNTS:
        value = record.get(name, 0)
        if type(value) is not int or not 0 <= value < 2**63:
            raise DataError(f"{where}: {name} is {value!r}, expected a whole number")
    for name in NUMBERS:
        if type(record.get(name)) not in (int, float, type(None)):
            raise DataError(f"{where}: {name} is {record[name]!r}, expected a number or null")
    if record.get("event") in ("step", "validation") and "step" not in record:
        raise DataError(f"{where}: a {record['event']} without its step")
    return record
