"""Signals as a request to stop, which training acts on at the next safe point."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interruption:
    """Turns the first SIGINT or SIGTERM into a wish to stop; the second one stops at once.

    So does the first while `patient` is false: as long as there is nothing to save.
    """

    def __init__(self) -> None:
        self.signal = 0
        self.patient = False

    def __call__(self) -> bool:
        return self.signal != 0

    @contextmanager
    def watch(self) -> Iterator[None]:
        """While this is open, signals are noted. Python hands them to its main thread alone."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        old = {number: signal.signal(number, self._note) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in old.items():
                signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.signal or not self.patient:
            raise SystemExit(128 + number)
        self.signal = number
