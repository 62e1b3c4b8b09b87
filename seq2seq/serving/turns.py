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
        self.free, self.timeout = number, timeout
        self._changed = Condition()
        self._waiting: list[_Job] = []

    @contextmanager
    def alone(self) -> Iterator[None]:
        """A turn for work that is not batched. Raises Busy."""
        with self._changed:
            if not self._changed.wait_for(lambda: self.free > 0, self.timeout):
                raise Busy
            self.free -= 1
        try:
            yield
        finally:
            self._give_back()

    def together(self, kind: Hashable, texts: Sequence[str], compute: Compute) -> list[Translation]:
        """What `compute` returns for `texts`, perhaps computed together with others of this `kind`.

        Raises Busy, and what `compute` raises for these texts.
        """
        job = _Job(kind, texts)
        with self._changed:
            self._waiting.append(job)
            self._changed.wait_for(lambda: job.done or (self.free > 0 and not job.taken), self.timeout)
            if job.taken:
                self._changed.wait_for(lambda: job.done)
            elif self.free == 0:
                self._waiting.remove(job)
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
