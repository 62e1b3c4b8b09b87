"""A job: train with given settings, then translate and score a test set. It is stored as files.

A job is a run directory, which anything else can use as well, with these files:

    job.json      what to do
    memory.json   peak memory of the processes that worked on it
    result.json   scores, translations and costs; written once, at the end
    .lock         held by the process that works on it

worker.py does a job, worker_pool.py runs several, comparison.py puts the results together.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from seq2seq import files
from seq2seq.config import Settings, from_dict, to_dict
from seq2seq.data.pairs import SentencePair
from seq2seq.errors import DataError, ModelError, RunError, SeqError, UsageError
from seq2seq.training.optimization import FALLING
from seq2seq.training.run import LIMITS, Corpora, stored_run
from seq2seq.training.run_directory import RunDirectory

JOB, RESULT, MEMORY = "job.json", "result.json", "memory.json"
EXTENSIBLE = ("training.epochs", "training.steps", "training.minutes")  # limits that may be raised
UNCHECKED = {f"training.{limit}" for limit in LIMITS} - set(EXTENSIBLE)  # settings that may always change
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
        paths = {"corpora": asdict(self.corpora), "test": list(self.test), "out": str(self.out)}
        options = {"device": self.device, "threads": self.threads}
        files.write_json(path, {"settings": to_dict(self.settings)} | paths | options)
        return path

    @classmethod
    def read(cls, path: Path) -> Job:
        """Read what `write` wrote. Raises RunError if the file is damaged."""
        stored = files.read_json(path, error=RunError)
        try:
            train, valid = (
                tuple(tuple(paths) for paths in stored["corpora"][name]) for name in ("train", "valid")
            )
            source, target = stored["corpora"]["languages"]
            return cls(
                from_dict(Settings, stored["settings"], where=str(path)),
                Corpora(train, valid, (source, target)),
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

        Limits may be raised since: the run then goes on. Raises UsageError if anything else differs.
        """
        try:
            settings, corpora = stored_run(self.out)
        except ModelError:
            if (self.out / "training.json").exists():
                raise
            return
        stored = _checked_values(settings, corpora)
        for name, value in _checked_values(self.settings, self.corpora).items():
            if name.startswith("corpora.") and not value:  # not given, so the run found it out
                continue
            if value != stored[name] and not (name in EXTENSIBLE and self._extends(value, stored[name])):
                raise UsageError(
                    f"{self.out} holds a run whose {name} is {stored[name]!r}, not {value!r}: "
                    "give the setting another name, or choose another --out"
                )

    def _extends(self, limit: float, stored: float) -> bool:
        """Whether a run with the limit `stored` may go on to `limit`; 0 is no limit.

        Not with a learning rate that falls to the end of the run: it has reached its end already.
        """
        return self.settings.training.schedule not in FALLING and (not limit or 0 < stored < limit)


def _checked_values(settings: Settings, corpora: Corpora) -> dict[str, Any]:
    """By name, all values that must not change while a run goes on, and the limits that may be raised."""
    languages = dict(zip(("source_lang", "target_lang"), corpora.languages, strict=True))
    paths = {"train": corpora.train, "valid": corpora.valid}
    parts = {**to_dict(settings), "corpora": paths | languages}
    values = {f"{part}.{name}": value for part, table in parts.items() for name, value in table.items()}
    return {name: value for name, value in values.items() if name not in UNCHECKED}


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
    one is missing or is no number.
    """
    values = []
    for record in run.records():
        if record.get("event") != event:
            continue
        for name in (*names, *or_none):
            value = record.get(name)
            if type(value) not in (int, float) and not (value is None and name in or_none):
                raise DataError(
                    f"{run.path / 'log.jsonl'}: {name} of a {event} is {value!r}, expected a number"
                )
        values.append({name: record.get(name) for name in (*names, *or_none)})
    return values


def pairs_digest(pairs: Sequence[SentencePair]) -> str:
    """SHA-256 of a test set, by which two test sets are told apart."""
    texts = json.dumps([[pair.source, pair.target] for pair in pairs])
    return hashlib.sha256(texts.encode()).hexdigest()
