"""What a server counts about its requests, as text in the format of Prometheus.

Only numbers are kept: no text, no address, no name of a user.
"""

from __future__ import annotations

import os
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

BOUNDS = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)  # seconds; the buckets of the histogram


class Metrics:
    """Counts requests. It may be used by several threads.

    `kinds` are what can be requested; a kind that was never requested is shown with 0.
    """

    def __init__(self, *kinds: str) -> None:
        self.requests = Counter[str](dict.fromkeys(kinds, 0))
        self.running = self.busy = self.errors = self.characters = 0
        self._buckets, self._seconds = [0] * (len(BOUNDS) + 1), 0.0
        self._lock = Lock()

    @contextmanager
    def request(self, kind: str, characters: int) -> Iterator[None]:
        """Count a request, and measure the time until the `with` block ends."""
        with self._lock:
            self.requests[kind] += 1
            self.characters += characters
            self.running += 1
        start = time.monotonic()
        try:
            yield
        finally:
            seconds = time.monotonic() - start
            with self._lock:
                self.running -= 1
                self._buckets[bisect_left(BOUNDS, seconds)] += 1
                self._seconds += seconds

    def count_busy(self) -> None:
        """Count a request that was refused because the server is busy."""
        with self._lock:
            self.busy += 1

    def count_error(self) -> None:
        """Count a request that failed in the model."""
        with self._lock:
            self.errors += 1

    def prometheus(self, gauges: Mapping[str, tuple[str, float]]) -> str:
        """All numbers, one a line. `gauges` holds more of them by name, each with its explanation."""
        with self._lock:
            requests, buckets, seconds = dict(self.requests), list(self._buckets), self._seconds
        lines = _head("requests_total", "Requests that were let in.", "counter")
        lines += [f'seq2seq_requests_total{{kind="{kind}"}} {number}' for kind, number in requests.items()]
        for name, text, value in (
            ("busy_total", "Requests that were refused because the server was busy.", self.busy),
            ("errors_total", "Requests that failed in the model.", self.errors),
            ("characters_total", "Characters of all texts.", self.characters),
        ):
            lines += [*_head(name, text, "counter"), f"seq2seq_{name} {value}"]
        lines += _histogram(buckets, seconds)
        for name, (text, gauge) in {
            "running": ("Requests that are answered or wait for their turn.", self.running),
            **gauges,
        }.items():
            lines += [*_head(name, text, "gauge"), f"seq2seq_{name} {gauge:g}"]
        return "\n".join(lines) + "\n"


def _histogram(buckets: list[int], seconds: float) -> list[str]:
    """The lines of the histogram. In this format each bucket holds the smaller ones, too."""
    name, total = "seq2seq_request_seconds", 0
    lines = _head("request_seconds", "Time from the start of a request to its last result.", "histogram")
    for bound, number in zip([*map(str, BOUNDS), "+Inf"], buckets, strict=True):
        total += number
        lines.append(f'{name}_bucket{{le="{bound}"}} {total}')
    return [*lines, f"{name}_sum {seconds:.6f}", f"{name}_count {total}"]


def _head(name: str, text: str, kind: str) -> list[str]:
    return [f"# HELP seq2seq_{name} {text}", f"# TYPE seq2seq_{name} {kind}"]


def resident_memory() -> int | None:
    """Bytes of memory that this process has at present, None where the system does not say it (not Linux)."""
    try:
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return None
