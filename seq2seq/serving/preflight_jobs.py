"""What is to be expected of a training, by `seq2seq train --dry-run` in a process of its own."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from seq2seq.serving.jobs import Job
from seq2seq.serving.training_runs import Plan, TrainingRuns, copy_data, failed, start_process
from seq2seq.serving.uploads import Upload

_LOOK = 0.1  # seconds between looks whether it was cancelled


@dataclass(frozen=True)
class Report:
    """The lines of the report, and its numbers (`planning.report.Preflight.to_json`)."""

    lines: list[str]
    numbers: dict[str, Any]

    def shown(self) -> dict[str, Any]:
        """What the page says about it."""
        names = ("pairs", "seconds", "expected_bleu", "tokens_per_second", "dropped")
        return {"report": "\n".join(self.lines), **{name: self.numbers.get(name) for name in names}}


def preflight(runs: TrainingRuns, plan: Plan, upload: Upload | None, job: Job) -> Report:
    """Look at the data and the machine. Raises DataError with what cannot work, and Cancelled."""
    with TemporaryDirectory(prefix="seq2seq-look-") as name:
        folder = Path(name) / "data"
        copy_data(plan, upload, folder)
        with (folder / "out").open("wb") as out, (folder / "errors").open("wb") as errors:
            arguments = ["train", "--dry-run", *runs.command(plan, folder), "--preflight"]
            process = start_process(arguments, out, errors)
            try:
                while process.poll() is None:
                    job.check()
                    with_timeout(process)
            finally:
                process.kill()
                process.wait()
        said = (folder / "errors").read_text(encoding="utf-8", errors="replace")
        if process.returncode:
            raise failed(said, folder, plan.corpus)
        numbers = json.loads((folder / "out").read_text(encoding="utf-8"))["preflight"]
        shutil.rmtree(folder)
    return Report([line.replace(f"{folder}/", "") for line in said.split("\n") if line], numbers)


def with_timeout(process: subprocess.Popen[bytes]) -> None:
    """Wait a moment for the end of a process."""
    try:
        process.wait(_LOOK)
    except subprocess.TimeoutExpired:
        return
