"""Signals as a request to stop: the training finishes its step, saves and ends.

A signal is only noted when it comes. Python runs handlers between any two instructions, also inside callbacks
that swallow exceptions, so a handler that raises can be lost. The work asks at its safe points.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

Item = TypeVar("Item")


class Interruption:
    """Records the first SIGINT or SIGTERM; calling the object returns whether there was one.

    `signal` is its number, or 0. While `graceful` is false there is nothing to save, and `check` ends the
    process with exit code 128 + that number. A second signal does so at once.
    """

    def __init__(self) -> None:
        self.signal = 0
        self.graceful = False

    def __call__(self) -> bool:
        return self.signal != 0

    def check(self) -> None:
        """A safe point: raise SystemExit if a signal has come and there is nothing to save."""
        if self.signal and not self.graceful:
            raise SystemExit(128 + self.signal)

    def checked(self, items: Iterable[Item]) -> Iterator[Item]:
        """Yield `items`, with a safe point before each of them."""
        for item in items:
            self.check()
            yield item

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
        if self.signal:
            raise SystemExit(128 + number)
        self.signal = number
