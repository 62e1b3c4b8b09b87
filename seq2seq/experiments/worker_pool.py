"""Runs jobs, several at once, each in a process of its own (see worker.py)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from seq2seq.experiments.job import Job
from seq2seq.processes.interruption import Interruption

POLL_SECONDS = 0.1  # between two looks at the processes


class WorkerProcess:
    """A process that does `job`. Its output goes to `say`, line by line, after the name of the job."""

    def __init__(self, job: Job, say: Callable[[str], None]) -> None:
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
            start_new_session=True,  # Ctrl+C must reach the parent only: a second signal stops without saving
        )
        self.reader = threading.Thread(target=self._read_output, daemon=True)
        self.reader.start()

    def _read_output(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            text = line.decode("utf-8", "replace").strip()
            if text.startswith("error: "):
                self.error = text.removeprefix("error: ")
            self.say(f"{self.job.name}: {text}")

    def stop(self) -> None:
        """Ask the process to save and end."""
        self.process.send_signal(signal.SIGTERM)

    def has_ended(self) -> bool:
        """Whether the process has ended and all of its output was read."""
        if self.process.poll() is None:
            return False
        self.reader.join()
        return True

    def failure(self) -> str:
        """Why the process failed, "" if it succeeded."""
        code = self.process.returncode
        if code == 0:
            return ""
        if code < 0:
            return f"killed by signal {-code}"
        return self.error or (f"stopped by signal {code - 128}" if code > 128 else f"exit code {code}")

    def close(self) -> None:
        """Close stdin of the process. If it is still at work, it saves and ends."""
        assert self.process.stdin
        self.process.stdin.close()


def run_jobs(
    jobs: Sequence[Job],
    on_end: Callable[[Job, str], None],
    say: Callable[[str], None],
    *,
    parallel: int = 1,
) -> int:
    """Do the jobs in their order, `parallel` at once.

    `on_end` is called with each job that has ended and why it failed, "" if it succeeded. Messages go to
    `say`. Returns 0, or the signal that stopped it. After a signal the running jobs save and end; they are
    not reported to `on_end`.
    """
    waiting, active, interruption = list(jobs), list[WorkerProcess](), Interruption()
    interruption.graceful = True
    stopping = False
    try:
        with interruption.watch():
            while active or (waiting and not interruption.signal):
                while waiting and len(active) < parallel and not interruption.signal:
                    active.append(WorkerProcess(waiting.pop(0), say))
                for worker in [worker for worker in active if worker.has_ended()]:
                    active.remove(worker)
                    worker.close()
                    if not interruption.signal or not worker.failure():
                        on_end(worker.job, worker.failure())
                if interruption.signal and not stopping:
                    stopping = True
                    for worker in active:
                        worker.stop()
                time.sleep(POLL_SECONDS)
    finally:
        for worker in active:
            worker.close()
    return interruption.signal
