"""Trainings that the page starts: `seq2seq train` in a process of its own, one at a time.

    FOLDER/NAME/page.json   what was asked for, and the number of the process
    FOLDER/NAME/data.*      the corpus
    FOLDER/NAME/output      what the process says
    FOLDER/NAME/run/        the run directory

The process goes on when the page is closed. A server that starts with the same folder finds it again.
"""

from __future__ import annotations

import atexit
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from seq2seq import files
from seq2seq.bundle.finding import BEST
from seq2seq.config import TrainingConfig
from seq2seq.data.sample import write_sample
from seq2seq.errors import DataError, UsageError
from seq2seq.monitoring.closing import closing_verdict
from seq2seq.monitoring.curve import Curve
from seq2seq.serving.request import InvalidRequest
from seq2seq.serving.training_log import TrainingLog
from seq2seq.serving.uploads import Upload, for_page
from seq2seq.text.languages import is_language_tag

SUFFIXES = (".tsv", ".csv", ".jsonl", ".tmx")
MAX_BYTES = 100 << 20  # of a corpus
MAX_MINUTES = 24 * 60
SAMPLE = "sample"
"""Stands for the generated corpus."""
NICE = 5  # the training leaves the processor to the translations of the page
END_SECONDS = 10.0  # that a training has to save itself when the server ends
PAGE, OUTPUT, RUN = "page.json", "output", "run"


@dataclass(frozen=True)
class Plan:
    """A training that was asked for: name of the corpus, languages, and the limit in minutes."""

    corpus: str
    source: str
    target: str
    minutes: float
    pid: int = 0

    @classmethod
    def of(cls, corpus: str, source: object, target: object, minutes: object) -> Plan:
        """The values as a valid plan. Raises InvalidRequest."""
        if corpus == SAMPLE:
            source, target = "en", "fr"
        for field, value in (("source", source), ("target", target)):
            if not isinstance(value, str) or not is_language_tag(value):
                raise InvalidRequest(field, "Both languages are needed, as codes such as en or zh.")
        return cls(corpus, str(source), str(target), checked_minutes(minutes))


def checked_minutes(minutes: object) -> float:
    """A limit in minutes. Raises InvalidRequest."""
    if isinstance(minutes, bool) or not isinstance(minutes, int | float) or not 0 < minutes <= MAX_MINUTES:
        raise InvalidRequest("minutes", f"The minutes must be a number up to {MAX_MINUTES:,}.")
    return float(minutes)


class TrainingRuns:
    """The trainings in `folder`, of which the newest is shown. Without a folder they end with the server."""

    def __init__(self, folder: Path | None = None, *, options: Sequence[str] = ()) -> None:
        self._temporary = None if folder else TemporaryDirectory(prefix="seq2seq-train-")
        self.folder = folder or Path(self._temporary.name)  # type: ignore[union-attr]
        self.folder.mkdir(parents=True, exist_ok=True)
        self.options = tuple(options)
        self.process: subprocess.Popen[bytes] | None = None
        self.lock = threading.Lock()
        found = sorted(path.parent for path in self.folder.glob(f"*/{PAGE}"))
        self.current = found[-1] if found else None
        self.stopping = False
        self.log = TrainingLog(self.run / "log.jsonl")
        if self._temporary:
            atexit.register(self._end)

    @property
    def run(self) -> Path:
        """The run directory of the newest training."""
        return (self.current or self.folder / "none") / RUN

    @property
    def plan(self) -> Plan | None:
        """What the newest training was asked for."""
        return Plan(**files.read_json(self.current / PAGE)) if self.current else None

    def command(self, plan: Plan, folder: Path) -> list[str]:
        """The arguments of `seq2seq train` for a new training in `folder`."""
        if plan.corpus == SAMPLE:
            data = ["--train", str(folder / "train.tsv"), "--valid", str(folder / "valid.tsv")]
            data += ["--recipe", "sample"]
        else:
            (corpus,) = folder.glob("data.*")
            data = ["--train", str(corpus)]
        languages = ["--source-lang", plan.source, "--target-lang", plan.target]
        limit = ["--training.minutes", f"{plan.minutes:g}"]
        return [*data, *languages, *limit, "--out", str(folder / RUN), *self.options]

    def start(self, plan: Plan, upload: Upload | None) -> None:
        """Begin a training. Raises UsageError if one runs."""
        with self.lock:
            self._check_free()
            name = time.strftime("%Y%m%d-%H%M%S")
            folder = files.next_name(self.folder / name)
            copy_data(plan, upload, folder)
            self.current, self.log = folder, TrainingLog(folder / RUN / "log.jsonl")
            self._begin(plan, self.command(plan, folder))

    def go_on(self, minutes: float) -> None:
        """Go on with the newest training for so many minutes more. Raises UsageError if it cannot."""
        with self.lock:
            self._check_free()
            plan = self.plan
            if plan is None or not (self.run / "training.json").exists():
                raise UsageError("There is no training to go on with")
            self.log.read()
            done = (self.log.last.get("seconds") or 0.0) / 60
            plan = replace(plan, minutes=round(done + minutes, 2))
            limit = ["--training.minutes", f"{plan.minutes:g}"]
            self._begin(plan, ["--resume", "--out", str(self.run), *limit])

    def stop(self) -> None:
        """Let the training save itself and end. It can go on later."""
        plan = self.plan
        if plan is not None and self.running:
            self.stopping = True
            with suppress(ProcessLookupError):
                os.kill(plan.pid, signal.SIGTERM)

    @property
    def running(self) -> bool:
        """Whether a training runs."""
        if self.process is not None:
            return self.process.poll() is None
        plan = self.plan
        return plan is not None and _is_training(plan.pid)

    def status(self) -> dict[str, Any]:
        """The newest training as plain values; see `state`."""
        plan = self.plan
        if plan is None:
            return {"state": "none"}
        self.log.read()
        state, last = self.state(), self.log.last
        seconds = last.get("seconds") or 0.0
        return {
            **{"state": state, **asdict(replace(plan, pid=0)), "seconds": seconds},
            **{name: last.get(name) for name in ("step", "epoch", "tokens_per_second")},
            "left": max(0.0, 60 * plan.minutes - seconds) if state == "running" else None,
            "best": self.best(),
            "goes_on": state in ("stopped", "done", "failed") and (self.run / "training.json").exists(),
            "error": self.error() if state == "failed" else "",
            "verdict": self.verdict() if state == "done" else "",
            **self.log.curves(),
        }

    def state(self) -> str:
        """One of preparing, running, stopping, stopped, done, failed."""
        if self.running:
            return "stopping" if self.stopping else "running" if self.log.last else "preparing"
        code = self.process.returncode if self.process else None
        if code == 0 or (code is None and "done (" in self._output()):
            return "done"
        if self.stopping or code in (None, 128 + signal.SIGTERM, 128 + signal.SIGINT):
            return "stopped"
        return "failed"

    def best(self) -> dict[str, Any] | None:
        """Step and BLEU of the best model so far, None if there is none yet."""
        if not (self.run / BEST).exists():
            return None
        validation = files.read_json(self.run / BEST).get("validation", {})
        return {"step": validation.get("step"), "bleu": validation.get("bleu")}

    def error(self) -> str:
        """What went wrong, without paths."""
        return said_error(self._output(), self.current, self.plan.corpus if self.plan else "")

    def verdict(self) -> str:
        """What the validations say at the end, by its name in `monitoring.closing`; "" for a damaged log."""
        ended = re.findall(r"^done \((\w+)\)", self._output(), re.MULTILINE)
        curve = Curve()
        with suppress(DataError):
            for record in self.log.validations:
                curve.add(record)
            stopped = ended[-1] if ended else "minutes"
            return closing_verdict(curve, TrainingConfig(), stopped=stopped, out=self.run).name
        return ""

    def bundle(self) -> Path:
        """A zip with the best model so far. Raises UsageError if there is none."""
        if self.best() is None:
            raise UsageError("There is no model yet: it is there after the first validation")
        directory = self.run / files.read_json(self.run / BEST)["bundle"]
        path = self.run.parent / f"{directory.name}.zip"
        if not path.exists():
            for old in self.run.parent.glob("*.zip"):
                old.unlink()
            with files.replacing(path) as file, zipfile.ZipFile(file, "w") as archive:
                for entry in sorted(one for one in directory.rglob("*") if one.is_file()):
                    archive.write(entry, f"model/{entry.relative_to(directory)}")
        return path

    def _output(self) -> str:
        path = (self.current or self.folder) / OUTPUT
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def _check_free(self) -> None:
        if self.running:
            raise UsageError("A training runs already. Stop it first")

    def _begin(self, plan: Plan, arguments: Sequence[str]) -> None:
        assert self.current is not None
        with (self.current / OUTPUT).open("wb") as output:
            self.process = start_process(["train", *arguments], output, output)
        self.stopping = False
        files.write_json(self.current / PAGE, asdict(replace(plan, pid=self.process.pid)))

    def _end(self) -> None:
        """Stop the training when the server ends: its folder will be deleted."""
        self.stop()
        if self.process is not None:
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(END_SECONDS)
            self.process.kill()


def start_process(arguments: Sequence[str], output: Any, errors: Any) -> subprocess.Popen[bytes]:
    """`seq2seq` with these arguments, in a session of its own, so that Ctrl-C for the server misses it."""
    command = [sys.executable, "-m", "seq2seq", *arguments]
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=output, stderr=errors, start_new_session=True
    )
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, process.pid, NICE)
    return process


def copy_data(plan: Plan, upload: Upload | None, folder: Path) -> None:
    """Put the corpus into `folder`, a new one. Raises InvalidRequest if there is none."""
    if plan.corpus == SAMPLE:
        write_sample(folder)
    elif upload is None or not upload.path.exists():
        raise InvalidRequest("file", "The file is no longer here. Please choose it again.")
    else:
        folder.mkdir(parents=True)
        shutil.copyfile(upload.path, folder / f"data{upload.path.suffix}")


def said_error(output: str, folder: Path | None, corpus: str = "") -> str:
    """The error of a command that failed, without the path of `folder`, in which `corpus` is the user's name
    of the data."""
    text = output.replace("\r", "\n")
    place = text.rfind("error: ")
    if place < 0:
        return "The training failed."
    message = text[place + len("error: ") :].strip()
    if folder is None:
        return message
    data = folder / f"data{Path(corpus).suffix.lower()}"
    return for_page(message, data, corpus or data.name).replace(f"{folder}/", "")


def failed(output: str, folder: Path, corpus: str) -> DataError:
    """The error of a command as one for users."""
    return DataError(said_error(output, folder, corpus))


def _is_training(pid: int) -> bool:
    """Whether this process, which an earlier server has started, still trains."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return b"seq2seq" in command and b"train" in command
