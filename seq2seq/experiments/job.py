"""A job: train with given settings, then translate and score a test set. It is stored as files.

A job is a run directory, which anything else can use as well, with these files:

    job.json      what to do
    memory.json   peak memory of the processes that worked on it
    result.json   scores, translations and costs; written once, at the end
    .lock         held by the process that works on it

worker.py does a job, worker_pool.py runs several, comparison.py puts the results together.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seq2seq import files
from seq2seq.config import Settings, from_dict
from seq2seq.errors import DataError, RunError, SeqError, UsageError
from seq2seq.training.optimization import FALLING
from seq2seq.training.run_directory import LOG, RunDirectory
from seq2seq.training.run_settings import (
    CHANGEABLE,
    SETTINGS,
    Corpora,
    describe,
    differences,
    read_corpora,
    stored_run,
)

JOB, RESULT, MEMORY = "job.json", "result.json", "memory.json"
EXTENSIBLE = ("training.epochs", "training.steps", "training.minutes")  # limits that may only be raised
NUMBERS = ("bleu", "chrf", "ter", "parameters", "tokens_per_second", "minutes", "step", "best_bleu")
MEMORY_NUMBERS = ("peak_memory", "device_memory")


@dataclass(frozen=True)
class Job:
    """Train `settings` on `corpora` into the run directory `out`, and score on `test`.

    `device` is that of the training and of the test. `threads` 0 leaves the number of threads to torch.
    """

    settings: Settings
    corpora: Corpora
    test: tuple[str, ...]
    out: Path
    device: str = "auto"
    threads: int = 0

    @property
    def name(self) -> str:
        """Name in messages."""
        return self.out.name

    def write(self) -> Path:
        """Write `job.json`; returns its path."""
        path = self.out / JOB
        paths = {"test": list(self.test), "out": str(self.out)}
        options = {"device": self.device, "threads": self.threads}
        files.write_json(path, describe(self.settings, self.corpora) | paths | options)
        return path

    @classmethod
    def read(cls, path: Path) -> Job:
        """Read what `write` wrote. Raises RunError if the file is damaged."""
        stored = files.read_json(path, error=RunError)
        try:
            return cls(
                from_dict(Settings, stored["settings"], where=str(path)),
                read_corpora(stored["corpora"]),
                tuple(stored["test"]),
                Path(stored["out"]),
                stored["device"],
                stored["threads"],
            )
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise RunError(f"{path}: not a job ({error})") from None

    def result(self) -> dict[str, Any] | None:
        """The result of this job, if it has ended.

        A result of other settings or another test set is None, and so is a damaged one: the job has to be
        done again, which for a finished run means to score it again.
        """
        path = self.out / RESULT
        if not path.exists():
            return None
        try:
            result = files.read_json(path)
            settings = from_dict(Settings, result["settings"], where=str(path))
            same = settings == self.settings and tuple(result["test"]) == self.test
        except (SeqError, LookupError, TypeError):
            return None
        return result if same and _is_complete(result) else None

    def check(self) -> None:
        """Check that the run in the directory, if there is one, is of this job.

        What may change when a run is resumed may differ, but of the limits epochs, steps and minutes only
        those that let the run go on. Raises UsageError if anything else differs.
        """
        if not (self.out / SETTINGS).exists():
            return
        for difference in differences(self.settings, self.corpora, stored_run(self.out)):
            name, value, stored = difference.name, difference.value, difference.stored
            if name not in CHANGEABLE or (name in EXTENSIBLE and not self._extends(value, stored)):
                raise UsageError(
                    f"{self.out} holds a run whose {name} is {stored!r}, not {value!r}: "
                    "give the setting another name, or choose another --out"
                )

    def _extends(self, limit: float, stored: float) -> bool:
        """Whether a run with the limit `stored` may go on to `limit`; 0 is no limit.

        Not with a learning rate that falls to the end of the run: it has reached its end already.
        """
        return self.settings.training.schedule not in FALLING and (not limit or 0 < stored < limit)


def number(value: Any) -> float:
    """A number of a result; scores come with their signature. TypeError if it is none."""
    value = value["score"] if isinstance(value, Mapping) else value
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise TypeError(f"{value!r} is not a number")
    return float(value)


def _is_complete(result: Mapping[str, Any]) -> bool:
    """Whether a result has all that the table of a comparison shows."""
    try:
        for name in (*NUMBERS, "threads", "peak_memory"):
            number(result[name])
        if result["device"].startswith("cuda"):
            number(result["device_memory"])
        texts = [result["stopped"], result["target_language"], result["versions"]["torch"]]
        texts += [result["bleu"]["signature"], *result["translations"]]
    except (LookupError, TypeError, AttributeError):
        return False
    return all(isinstance(text, str) for text in texts)


def read_memory(out: Path) -> dict[str, float]:
    """Peak memory in bytes of the processes that worked on the run `out`; RunError for a damaged file."""
    path = out / MEMORY
    if not path.exists():
        return {}
    stored = files.read_json(path, error=RunError)
    try:
        return {name: number(stored[name]) for name in MEMORY_NUMBERS if name in stored}
    except (LookupError, TypeError) as error:
        raise RunError(f"{path}: {error}, expected bytes; delete the file") from None


def logged(
    run: RunDirectory, event: str, names: Sequence[str], *, or_none: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """Numbers from all records of an `event` ("step", "validation") in the log of a run, oldest first.

    Those of `or_none` may be None, which stands for a number that was not finite. Raises DataError if another
    one is missing, and for a damaged log.
    """
    values = []
    for record in run.records():
        if record.get("event") == event:
            for name in names:
                if record.get(name) is None:
                    raise DataError(f"{run.path / LOG}: a {event} without {name}, expected a number")
            values.append({name: record.get(name) for name in (*names, *or_none)})
    return values
