"""Trainings as jobs: each trains, or goes on, and is scored on a test set, in a process of its own.

So a crash or a kill costs one run, the memory measured is that of one training, and several may run at once.
A job is a run directory with two more files: `job.json` says what to do, and `python -m
seq2seq.experiments.worker job.json` does it; `result.json` is written once, at the end. `comparison` decides
which jobs there are and puts their results together.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from seq2seq import files
from seq2seq.bundle.versions import versions
from seq2seq.config import Settings, from_dict, to_dict
from seq2seq.data.pairs import SentencePair
from seq2seq.errors import ModelError, SeqError, UsageError
from seq2seq.evaluation.scoring import evaluate
from seq2seq.evaluation.test_sets import read_test
from seq2seq.nn.model import count_parameters
from seq2seq.training.interruption import Interruption
from seq2seq.training.optimization import FALLING
from seq2seq.training.progress import Progress
from seq2seq.training.run import LIMITS, Corpora, stored_run, train
from seq2seq.training.run_directory import RunDirectory
from seq2seq.training.run_state import RunState
from seq2seq.translator import Translator

JOB, RESULT, MEMORY = "job.json", "result.json", "memory.json"
LONGER = ("training.epochs", "training.steps", "training.minutes")  # limits that may be raised
FREE = {f"training.{limit}" for limit in LIMITS} - set(LONGER)  # and those that may change at any time
POLL = 0.1  # seconds between looks at the processes


@dataclass(frozen=True)
class Job:
    """Train `settings` on `corpora` into `out` and score on `test`. `threads` 0 leaves torch its choice."""

    settings: Settings
    corpora: Corpora
    test: tuple[str, ...]
    out: Path
    device: str = "auto"
    threads: int = 0

    @property
    def name(self) -> str:
        """What it is called in messages."""
        return self.out.name

    def write(self) -> Path:
        """Write `job.json`; returns its path."""
        path = self.out / JOB
        plain = {"corpora": asdict(self.corpora), "test": list(self.test), "out": str(self.out)}
        options = {"device": self.device, "threads": self.threads}
        files.write_json(path, {"settings": to_dict(self.settings)} | plain | options)
        return path

    @classmethod
    def read(cls, path: Path) -> Job:
        """The job that `write` wrote."""
        stored = json.loads(path.read_text(encoding="utf-8"))
        train_, valid = (
            tuple(tuple(paths) for paths in stored["corpora"][name]) for name in ("train", "valid")
        )
        source, target = stored["corpora"]["languages"]
        return cls(
            from_dict(Settings, stored["settings"], where=str(path)),
            Corpora(train_, valid, (source, target)),
            tuple(stored["test"]),
            Path(stored["out"]),
            stored["device"],
            stored["threads"],
        )

    def result(self) -> dict[str, Any] | None:
        """The result of this very job, if it has ended."""
        path = self.out / RESULT
        if not path.exists():
            return None
        try:
            found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            settings = from_dict(Settings, found["settings"], where=str(path))
            same = settings == self.settings and tuple(found["test"]) == self.test
        except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
            return None  # it is written in one step, so this is no result of ours: made anew
        return found if same else None

    def check(self) -> None:
        """UsageError when another run is in the way: a run stays as it is, but may become longer."""
        try:
            settings, corpora = stored_run(self.out)
        except ModelError:
            if (self.out / "training.json").exists():
                raise
            return
        asked, known = _flat(self.settings, self.corpora), _flat(settings, corpora)
        for name, value in asked.items():
            if name.startswith("corpora.") and not value:  # not given, so what was found out stands
                continue
            if value != known[name] and not (name in LONGER and self._longer(value, known[name])):
                raise UsageError(
                    f"{self.out} holds a run whose {name} is {known[name]!r}, not {value!r}: "
                    "call the setting otherwise, or choose another --out"
                )

    def _longer(self, limit: float, known: float) -> bool:
        """Whether a run that ended at `known` (0: elsewhere) ends later, and may: a rate that falls to the
        end of a run has been there."""
        return self.settings.training.schedule not in FALLING and (not limit or 0 < known < limit)


def _flat(settings: Settings, corpora: Corpora) -> dict[str, Any]:
    """All that may not change while a run goes on, or only with care, by name."""
    languages = dict(zip(("source_lang", "target_lang"), corpora.languages, strict=True))
    paths = {"train": corpora.train, "valid": corpora.valid}
    parts = {**to_dict(settings), "corpora": paths | languages}
    found = {f"{part}.{name}": value for part, values in parts.items() for name, value in values.items()}
    return {name: value for name, value in found.items() if name not in FREE}


def digest(pairs: Sequence[SentencePair]) -> str:
    """What tells two test sets from each other."""
    texts = json.dumps([[pair.source, pair.target] for pair in pairs])
    return hashlib.sha256(texts.encode()).hexdigest()


# In the job's own process


class Voice(Progress):
    """Messages as lines; that nobody listens any more is no reason to fail."""

    def say(self, message: str) -> None:
        try:
            super().say(message)
        except OSError:
            self.show = False


def run_job(job: Job) -> int:
    """Train and score, here; returns the exit code."""
    if job.threads:
        torch.set_num_threads(job.threads)
    interruption = Interruption()
    try:
        resume = (job.out / "training.json").exists()
        state = train(
            job.settings,
            job.corpora,
            job.out,
            resume=resume,
            device=job.device,
            progress=Voice(),
            interruption=interruption,
        )
    finally:
        peak = _note_memory(job.out)
    if interruption.signal:
        return 128 + interruption.signal
    files.write_json(job.out / RESULT, _result(job, state) | peak)
    return 0


def _result(job: Job, state: RunState) -> dict[str, Any]:
    """Scores on the test set, and what the training took."""
    translator = Translator.from_pretrained(job.out, device=job.device)
    languages = (translator.source_language, translator.target_language)
    pairs = read_test(job.test, languages=languages, columns=job.settings.data.columns, split="test")
    found = evaluate(translator, pairs)
    steps = [record for record in RunDirectory(job.out).records() if record["event"] == "step"]
    seconds = sum(record["tokens"] / record["tokens_per_second"] for record in steps)
    return {
        "settings": to_dict(job.settings),
        "test": list(job.test),
        "test_digest": digest(pairs),
        **found.to_dict(),
        "target_language": translator.target_language,
        "parameters": count_parameters(translator.model),
        "tokens_per_second": sum(record["tokens"] for record in steps) / seconds if seconds else 0.0,
        "minutes": state.seconds / 60,
        **{name: getattr(state, name) for name in ("step", "epoch", "stopped", "best_bleu", "best_step")},
        "device": str(translator.device),
        "threads": torch.get_num_threads(),
        "versions": versions(),
        "translations": found.translations,
    }


def _note_memory(out: Path) -> dict[str, int]:
    """Peak memory in bytes, of this process so far or of an earlier one that worked on the run."""
    found = {"peak_memory": _peak_memory()}
    if torch.cuda.is_available():
        found["device_memory"] = torch.cuda.max_memory_allocated()
    path = out / MEMORY
    if not out.exists():
        return found
    if path.exists():
        earlier = json.loads(path.read_text(encoding="utf-8"))
        found = {name: max(value, earlier.get(name, 0)) for name, value in found.items()}
    files.write_json(path, found)
    return found


def _peak_memory() -> int:
    """Most memory that this process held at once, in bytes; 0 where the system does not say.

    Linux's `getrusage` begins with the memory of the process that started this one; its status does not.
    """
    status = Path("/proc/self/status")
    if status.exists():
        lines = status.read_text(encoding="utf-8").split("\n")
        (peak,) = (line.split()[1] for line in lines if line.startswith("VmHWM:"))
        return 1024 * int(peak)
    try:
        import resource
    except ModuleNotFoundError:
        return 0
    return int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)  # macOS counts bytes


def _stop_when_alone() -> None:
    """Ask this process to save and end when whoever holds the other end of stdin is gone."""
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def main(path: Path) -> int:
    """Do the job of a file; returns the exit code."""
    threading.Thread(target=_stop_when_alone, daemon=True).start()
    try:
        return run_job(Job.read(path))
    except SeqError as error:
        Voice().say(f"error: {error}")
        return error.exit_code


# In the process that started it


class Worker:
    """A job's process. What it says comes out as lines with its name in front."""

    def __init__(self, job: Job, say: Callable[[str], None], *, keep: Sequence[int] = ()) -> None:
        self.job, self.say, self.error = job, say, ""
        package = str(Path(__file__).parents[2])
        path = os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH", "")]))
        threads = {"OMP_NUM_THREADS": str(job.threads)} if job.threads else {}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "seq2seq.experiments.worker", str(job.write())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=os.environ | {"PYTHONPATH": path} | threads,
            start_new_session=True,  # a Ctrl+C reaches us alone: who would hear it twice stops unsaved
            pass_fds=keep,
        )
        self.listener = threading.Thread(target=self._listen, daemon=True)
        self.listener.start()

    def _listen(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            text = line.decode("utf-8", "replace").strip()
            if text.startswith("error: "):
                self.error = text.removeprefix("error: ")
            self.say(f"{self.job.name}: {text}")

    def stop(self) -> None:
        """Let it save and end."""
        self.process.send_signal(signal.SIGTERM)

    def ended(self) -> bool:
        """Whether it has ended, and all that it said has been heard."""
        if self.process.poll() is None:
            return False
        self.listener.join()
        return True

    def trouble(self) -> str:
        """What went wrong, "" if nothing did."""
        code = self.process.returncode
        if code == 0:
            return ""
        if code < 0:
            return f"killed by signal {-code}"
        return self.error or (f"stopped by signal {code - 128}" if code > 128 else f"exit code {code}")

    def let_go(self) -> None:
        """Close its stdin, which ends it if it is still at work."""
        assert self.process.stdin
        self.process.stdin.close()


def run_all(
    jobs: Sequence[Job],
    done: Callable[[Job, str], None],
    say: Callable[[str], None],
    *,
    parallel: int = 1,
    keep: Sequence[int] = (),
) -> int:
    """Do the jobs in their order, `parallel` at once; `done` hears of each that ended, and what went wrong.

    Returns 0, or the signal that stopped it: then those at work have saved, and are not reported. `keep` are
    files to hold open in the processes.
    """
    waiting, active, interruption, told = list(jobs), list[Worker](), Interruption(), False
    interruption.patient = True
    try:
        with interruption.watch():
            while active or (waiting and not interruption.signal):
                while waiting and len(active) < parallel and not interruption.signal:
                    active.append(Worker(waiting.pop(0), say, keep=keep))
                for worker in [worker for worker in active if worker.ended()]:
                    active.remove(worker)
                    worker.let_go()
                    if not interruption.signal or not worker.trouble():
                        done(worker.job, worker.trouble())
                if interruption.signal and not told:
                    told = True
                    for worker in active:
                        worker.stop()
                time.sleep(POLL)
    finally:
        for worker in active:
            worker.let_go()
    return interruption.signal


@contextmanager
def directory_lock(folder: Path, say: Callable[[str], None]) -> Iterator[tuple[int, ...]]:
    """Wait until no other process, nor one that it started, works in `folder`; gives the files to `keep`."""
    try:
        import fcntl
    except ModuleNotFoundError:  # no such locks on Windows
        yield ()
        return
    with files.writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / ".lock").open("w")
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"another process is at work in {folder}: waiting for its end")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield (file.fileno(),)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
