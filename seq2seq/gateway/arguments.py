"""ASGI middleware that completes the arguments of the endpoint `/translate`, and names wrong ones.

gradio takes lists that are too long, and of those that are too short it logs all values, the text of the user
included. Here `{"data": ["Good morning."]}` gets the defaults of the other arguments, and `{"data": {...}}`
may name them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from fastapi.responses import JSONResponse
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from seq2seq.gateway.paths import API

CALL = f"{API}/call/"
JOIN = f"{API}/queue/join"


class WrongArguments(ValueError):
    """Arguments that the endpoint does not take."""


class EndpointArguments:
    """The middleware. `defaults` holds the arguments of the endpoint `name` in order; the first has none."""

    def __init__(self, app: ASGIApp, *, name: str, index: int, defaults: Mapping[str, Any]) -> None:
        self.app, self.name, self.index, self.defaults = app, name, index, defaults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with all arguments, or refuse it with status 422."""
        if scope["type"] != "http" or scope["method"] != "POST" or not self._is_call(scope["path"]):
            await self.app(scope, receive, send)
            return
        body = await Request(scope, receive).body()
        try:
            body = self._completed(body, scope["path"])
        except WrongArguments as error:
            await JSONResponse({"detail": str(error)}, 422)(scope, receive, send)
            return
        headers = MutableHeaders(raw=list(scope["headers"]))
        headers["content-length"] = str(len(body))
        waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive_again() -> Message:
            return waiting.pop() if waiting else await receive()

        await self.app({**scope, "headers": headers.raw}, receive_again, send)

    def _is_call(self, path: str) -> bool:
        names = (f"{CALL}{self.name}", f"{CALL}v2/{self.name}", JOIN)
        return path.rstrip("/") in names

    def _completed(self, body: bytes, path: str) -> bytes:
        """The body with all arguments. What is not of the expected form at all is left to gradio."""
        try:
            values = json.loads(body)
        except (ValueError, RecursionError):
            return body
        if not isinstance(values, dict):
            return body
        if path.startswith(f"{CALL}v2/"):
            self._named(values)
            return body
        if path.startswith(JOIN) and values.get("fn_index") != self.index:
            return body
        data = values.get("data")
        if isinstance(data, dict):
            data = list(self._named(data).values())
        elif isinstance(data, list):
            data = self._in_order(data)
        else:
            raise WrongArguments(f"data must be a list of arguments or an object of them: {self._names()}.")
        return json.dumps({**values, "data": data}).encode()

    def _in_order(self, data: list[Any]) -> list[Any]:
        if not data:
            raise WrongArguments(f"text is missing. The arguments of /{self.name} are {self._names()}.")
        if len(data) > len(self.defaults):
            raise WrongArguments(
                f"/{self.name} takes {len(self.defaults)} arguments, not {len(data)}: {self._names()}."
            )
        return [*data, *list(self.defaults.values())[len(data) :]]

    def _named(self, data: dict[str, Any]) -> dict[str, Any]:
        unknown = [name for name in data if name not in self.defaults]
        if unknown:
            raise WrongArguments(
                f"/{self.name} has no argument {unknown[0][:40]!r}. Its arguments are {self._names()}."
            )
        if next(iter(self.defaults)) not in data:
            raise WrongArguments(f"text is missing. The arguments of /{self.name} are {self._names()}.")
        return {**self.defaults, **data}

    def _names(self) -> str:
        return ", ".join(self.defaults)
