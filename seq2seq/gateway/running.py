"""How many requests run, and whether new ones are let in."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send


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

    async def stream(self, lines: Generator[str]) -> AsyncGenerator[str]:
        """`lines`, each computed in a thread. Counted from the first line on until the end."""
        self.number += 1
        try:
            while (line := await run_in_threadpool(next, lines, None)) is not None:
                yield line
        finally:
            self.number -= 1
            lines.close()


class LinesResponse(StreamingResponse):
    """A response of lines. When its client leaves, their generator is closed at once."""

    def __init__(self, lines: AsyncGenerator[str], *, media_type: str, headers: Mapping[str, str]) -> None:
        super().__init__(lines, media_type=media_type, headers=headers)
        self.lines = lines

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the lines."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self.lines.aclose()
