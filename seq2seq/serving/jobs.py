"""Work that takes minutes: it runs in a thread, tells how far it is, and can be cancelled."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable
from typing import Any

from seq2seq.errors import DataError, UsageError
from seq2seq.serving.request import InvalidRequest
from seq2seq.serving.turns import Busy

MAX_WAITING = 8  # jobs that are not done
MAX_KEPT = 64  # jobs whose results can still be fetched
FORGOTTEN = 300.0  # seconds: a job that nobody asks about is cancelled
FAILED = "The server could not do this."

log = logging.getLogger(__name__)


class Cancelled(Exception):
    """The job is to end."""


class Job:
    """One job. `state` is waiting, running, done, failed or cancelled; `error` is meant for users."""

    def __init__(self) -> None:
        self.state, self.error, self.result = "waiting", "", None
        self.done, self.total = 0, 0
        self.begin = self.asked = time.monotonic()
        self.cancelled = False

    result: Any

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self.state not in ("waiting", "running")

    def check(self) -> None:
        """Raise Cancelled if the job is to end."""
        if self.cancelled or time.monotonic() - self.asked > FORGOTTEN:
            raise Cancelled

    def expect(self, total: int) -> None:
        """Begin to count: `total` steps are to be done."""
        self.done, self.total, self.begin = 0, total, time.monotonic()

    def step(self, number: int = 1) -> None:
        """Count steps that are done."""
        self.done += number

    def status(self) -> dict[str, Any]:
        """The state as plain values; `left` is an estimate in seconds, None if it is unknown."""
        self.asked = time.monotonic()
        seconds = self.asked - self.begin
        left = seconds / self.done * (self.total - self.done) if self.done and not self.over else None
        return {
            **{"state": self.state, "done": self.done, "total": self.total, "error": self.error},
            "left": left and round(left, 1),
        }


class Jobs:
    """The jobs of all users. One runs at a time, so that translations of the page get their turns."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}
        self._turn = threading.Semaphore(1)
        self._lock = threading.Lock()

    def start(self, work: Callable[[Job], Any]) -> str:
        """Begin `work`, whose result becomes that of the job. Returns its token. Raises Busy."""
        job, token = Job(), secrets.token_urlsafe(16)
        with self._lock:
            if sum(not one.over for one in self._jobs.values()) >= MAX_WAITING:
                raise Busy
            for old in [name for name, one in self._jobs.items() if one.over][: -MAX_KEPT or None]:
                del self._jobs[old]
            self._jobs[token] = job
        threading.Thread(target=self._run, args=(job, work), daemon=True).start()
        return token

    def find(self, token: object) -> Job:
        """The job with this token. Raises InvalidRequest if there is none."""
        job = self._jobs.get(token) if isinstance(token, str) else None
        if job is None:
            raise InvalidRequest("job", "This is no longer here. Please start again.")
        return job

    def _run(self, job: Job, work: Callable[[Job], Any]) -> None:
        with self._turn:
            try:
                job.check()
                job.state, job.begin = "running", time.monotonic()
                job.result = work(job)
                job.state = "done"
            except Cancelled:
                job.state = "cancelled"
            except (DataError, UsageError, InvalidRequest) as error:
                job.error, job.state = f"{str(error).rstrip('.')}.", "failed"
            except Exception as error:  # its message may hold paths or the text of the user
                log.error("a job failed: %s", type(error).__name__)
                job.error, job.state = FAILED, "failed"
