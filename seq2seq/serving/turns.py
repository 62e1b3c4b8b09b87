"""Whose turn it is to compute: a limit on how many do so at once, and batches of what waits.

The model needs half the time for a sentence in a batch of eight. So whoever gets a turn takes the sentences
of the others along that wait for the same model and settings.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Condition

from seq2seq.translation import Translation

TIMEOUT = 25.0  # seconds that a request waits for its turn before the server reports that it is busy
MAX_BATCH = 16  # texts that are translated at once

Compute = Callable[[list[str]], list[Translation]]


class Busy(RuntimeError):
    """There was no turn in time."""


class Stopped(Busy):
    """There are no turns any more."""


@dataclass(eq=False)
class _Job:
    """Texts that wait for a turn. `kind` is the same for all that can be translated together."""

    kind: Hashable
    texts: Sequence[str]
    results: list[Translation] = field(default_factory=list)
    error: Exception | None = None
    taken: bool = False
    done: bool = False


class Turns:
    """Gives turns to threads, `number` at a time."""

    def __init__(self, number: int, *, timeout: float = TIMEOUT) -> None:
        self.free, self.timeout, self.stopped = number, timeout, False
        self._changed = Condition()
        self._waiting: list[_Job] = []

    @contextmanager
    def alone(self) -> Iterator[None]:
        """A turn for work that is not batched. Raises Busy and Stopped."""
        with self._changed:
            if not self._changed.wait_for(lambda: self.free > 0 or self.stopped, self.timeout):
                raise Busy
            self._check()
            self.free -= 1
        try:
            yield
        finally:
            self._give_back()

    def together(self, kind: Hashable, texts: Sequence[str], compute: Compute) -> list[Translation]:
        """What `compute` returns for `texts`, perhaps computed together with others of this `kind`.

        Raises Busy, Stopped, and what `compute` raises for these texts.
        """
        job = _Job(kind, texts)
        with self._changed:
            self._check()
            self._waiting.append(job)
            self._changed.wait_for(lambda: job.done or self._is_next(job), self.timeout)
            if job.taken:
                self._changed.wait_for(lambda: job.done)
            elif self.stopped or self.free == 0:
                self._waiting.remove(job)
                self._check()
                raise Busy
            else:
                batch = self._take(job)
        if not job.done:
            try:
                _run(batch, compute)
            finally:
                self._give_back(batch)
        if job.error:
            raise job.error
        return job.results

    def stop(self) -> None:
        """Give no more turns: who waits, and whoever comes, gets Stopped. Present turns go on."""
        with self._changed:
            self.stopped = True
            self._changed.notify_all()

    @property
    def waiting(self) -> int:
        """Texts that wait for a turn in a batch."""
        with self._changed:
            return sum(len(job.texts) for job in self._waiting)

    def _is_next(self, job: _Job) -> bool:
        """Whether a waiting job need not wait any longer."""
        return not job.taken and (self.free > 0 or self.stopped)

    def _check(self) -> None:
        if self.stopped:
            raise Stopped

    def _take(self, job: _Job) -> list[_Job]:
        """`job` and those that fit in a batch with it. They leave the queue, and a turn begins."""
        batch, number = [job], len(job.texts)
        for other in self._waiting:
            if other is not job and other.kind == job.kind and number + len(other.texts) <= MAX_BATCH:
                batch.append(other)
                number += len(other.texts)
        for one in batch:
            one.taken = True
            self._waiting.remove(one)
        self.free -= 1
        return batch

    def _give_back(self, batch: Sequence[_Job] = ()) -> None:
        """End a turn."""
        with self._changed:
            self.free += 1
            for job in batch:
                job.done = True
            self._changed.notify_all()


def _run(batch: Sequence[_Job], compute: Compute) -> None:
    """Fill in the results of a batch. If it fails, each job is tried alone, so that only one is at fault."""
    try:
        results = iter(compute([text for job in batch for text in job.texts]))
        for job in batch:
            job.results = [next(results) for _ in job.texts]
    except Exception as error:
        if len(batch) == 1:
            batch[0].error = error
            return
        for job in batch:
            _run([job], compute)
