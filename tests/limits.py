"""Limits that a busy machine does not break."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def cpu_seconds(most: float = 2.0) -> Iterator[None]:
    """Assert that the block takes at most so many seconds of CPU time, of all threads together."""
    start = time.process_time()
    try:
        yield
    finally:  # an input that is refused is timed as well
        taken = time.process_time() - start
        assert taken <= most, f"{taken:.1f} seconds of CPU time, expected at most {most:g}"
