"""The process of a job: `python -m seq2seq.experiments.worker job.json`. It trains, or goes on, and scores.

A process for each job means that a crash costs one run, and that the peak memory is that of one training. The
process stops, and saves, when its standard input is closed: so it ends with the process that started it.
"""

from __future__ import annotations

import math
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import torch

from seq2seq import files
from seq2seq.bundle.versions import versions
from seq2seq.config import to_dict
from seq2seq.devices import use_threads
from seq2seq.errors import RunError, SeqError
from seq2seq.evaluation.scoring import evaluate
from seq2seq.evaluation.test_sets import read_test
from seq2seq.experiments.job import MEMORY, RESULT, Job, logged, read_memory
from seq2seq.monitoring.progress import Progress
from seq2seq.nn.model import count_parameters
from seq2seq.planning.machine import peak_memory
from seq2seq.processes.directory_lock import directory_lock
from seq2seq.processes.interruption import Interruption
from seq2seq.training.out_of_memory import out_of_memory
from seq2seq.training.run import train
from seq2seq.training.run_directory import RunDirectory
from seq2seq.training.run_settings import SETTINGS, pairs_sha256
from seq2seq.training.run_state import RunState
from seq2seq.translator import Translator


class WorkerProgress(Progress):
    """Prints messages on stderr. If they cannot be printed any more, it stops printing instead of failing."""

    def say(self, message: str) -> None:
        """Print a line."""
        try:
            super().say(message)
        except OSError:
            self.show = False


def main(path: Path) -> int:
    """Do the job of a `job.json`; returns the exit code. An error is a line that begins with "error: "."""
    threading.Thread(target=_stop_with_parent, daemon=True).start()
    progress = WorkerProgress()
    try:
        job = Job.read(path)
        # A worker whose parent was killed may still be saving in this directory.
        with directory_lock(job.out, wait=progress.say), out_of_memory("; lower decoding.batch_size"):
            return run_job(job, progress)
    except SeqError as error:
        progress.say(f"error: {error}")
        return error.exit_code
    except OSError as error:
        progress.say(f"error: {error}")
        return RunError.exit_code


def _stop_with_parent() -> None:
    """Wait until the parent process has ended or closed its end of stdin, then ask this one to stop."""
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def run_job(job: Job, progress: Progress | None = None) -> int:
    """Train and score in this process; returns the exit code.

    A run in the directory is resumed. After a signal the training has saved, and there is no result.
    """
    use_threads(job.threads)
    earlier_peaks = read_memory(job.out)
    interruption = Interruption()
    try:
        state = train(
            job.settings,
            job.corpora,
            job.out,
            resume=(job.out / SETTINGS).exists(),
            device=job.device,
            progress=progress or WorkerProgress(),
            interruption=interruption,
        )
    finally:
        peaks = _peak_memory(earlier_peaks)
        if job.out.exists():
            files.write_json(job.out / MEMORY, peaks)
    if interruption.signal:
        return 128 + interruption.signal
    files.write_json(job.out / RESULT, _result(job, state) | peaks)
    return 0


def _result(job: Job, state: RunState) -> dict[str, Any]:
    """Scores on the test set, and the costs of the training."""
    translator = Translator.from_pretrained(job.out, device=job.device)
    languages = (translator.source_language, translator.target_language)
    pairs = read_test(job.test, languages=languages, columns=job.settings.data.columns, split="test")
    evaluation = evaluate(translator, pairs)
    return {
        "settings": to_dict(job.settings),
        "test": list(job.test),
        "test_digest": pairs_sha256(pairs),
        **evaluation.to_dict(),
        "target_language": translator.target_language,
        "parameters": count_parameters(translator.model),
        "tokens_per_second": _tokens_per_second(RunDirectory(job.out)),
        "minutes": state.seconds / 60,
        **{name: getattr(state, name) for name in ("step", "epoch", "stopped", "best_bleu", "best_step")},
        "device": str(translator.device),
        "threads": torch.get_num_threads(),
        "versions": versions(),
        "translations": evaluation.translations,
    }


def _tokens_per_second(run: RunDirectory) -> float:
    """Target tokens a second in the updates of a run, without its validations."""
    steps = logged(run, "step", ("tokens",), or_none=("tokens_per_second",))
    steps = [step for step in steps if step["tokens_per_second"]]
    tokens = math.fsum(step["tokens"] for step in steps)
    seconds = math.fsum(step["tokens"] / step["tokens_per_second"] for step in steps)
    return tokens / seconds if seconds else 0.0


def _peak_memory(earlier: dict[str, float]) -> dict[str, int]:
    """Peak memory in bytes, of this process so far and of the `earlier` ones of the run."""
    peaks = {"peak_memory": peak_memory()}
    if torch.cuda.is_available():
        peaks["device_memory"] = torch.cuda.max_memory_allocated()
    return {name: max(value, int(earlier.get(name, 0))) for name, value in peaks.items()}


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
