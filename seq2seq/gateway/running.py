"""How many requests run, and whether new ones are let in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool


@dataclass
class AdmissionGate:
    """Whether new translations are refused (`closed`), and how many are `running`, by all routes."""

    closed: bool = False
    running: int = 0


class Running:
    """Counts the requests of our own routes, which do not wait in the queue of gradio.

    `full` says that `limit` of them are there. It is used in the event loop only.
    """

    def __init__(self, limit: int) -> None:
        self.limit, self.number = limit, 0

    @property
    def full(self) -> bool:
        """Whether another request must be refused."""
        return self.number >= self.limit

    async def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """What `function` returns in a thread."""
        self.number += 1
        try:
            return await run_in_threadpool(function, *arguments)
        finally:
            self.number -= 1

    async def stream(self, lines: Iterator[str]) -> AsyncIterator[str]:
        """`lines`, each computed in a thread. Counted from the first line on until the end."""
        self.number += 1
        try:
            while (line := await run_in_threadpool(next, lines, None)) is not None:
                yield line
        finally:
            self.number -= 1
