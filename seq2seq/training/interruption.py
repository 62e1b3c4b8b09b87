"""Signals as a request to stop: the training finishes its step, saves and ends."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interruption:
    """Records the first SIGINT or SIGTERM; calling the object returns whether there was one.

    A second signal ends the process at once with exit code 128 + its number. So does the first one while
    `graceful` is false, which is right as long as there is nothing to save. `signal` is the number of the
    first signal, or 0.
    """

    def __init__(self) -> None:
        self.signal = 0
        self.graceful = False

    def __call__(self) -> bool:
        return self.signal != 0

    @contextmanager
    def watch(self) -> Iterator[None]:
        """Record signals inside of the block.

        Python delivers signals to the main thread only, so the block does nothing in other threads.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        old = {number: signal.signal(number, self._record) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in old.items():
                signal.signal(number, handler)

    def _record(self, number: int, frame: FrameType | None) -> None:
        if self.signal or not self.graceful:
            raise SystemExit(128 + number)
        self.signal = number
