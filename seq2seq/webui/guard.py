"""ASGI middleware for every HTTP request: a limit on the body, security headers, errors without details.

gradio limits uploads only, so a body of any size would be read into memory. The page has no uploads, and its
largest request is a text of the most characters that are allowed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from gradio.route_utils import FnIndexInferError
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from seq2seq.gateway.paths import API, LIVE_PATH, MCP_PATH
from seq2seq.gateway.running import AdmissionGate

MAX_BODY = 64 * 1024  # bytes of a body, if the limit on texts does not need more
BYTES = 12  # of a character in JSON at most, as an escape of two surrogates
BLOCKED_PATHS = tuple(
    f"{API}/{name}" for name in ("upload", "run/", "api/")
)  # no files, nothing past the queue
START_PATHS = (LIVE_PATH, MCP_PATH, f"{API}/queue/join", f"{API}/call/")  # a POST here starts a translation
RESULT_PATHS = (f"{API}/queue/data", f"{API}/call/")  # a GET here streams its results until it is finished
BUSY = "The server is busy: its queue is full. Please try again in a moment."
STOPPING = "The server is stopping."
NOT_FOUND = "There is no such function."

# gradio needs inline scripts and eval. Everything is loaded from this server, and sent to this server only.
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self'; worker-src 'self' blob:; object-src 'none'; base-uri 'self'; "
    "form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}

Handler = Callable[[Request, Exception], Awaitable[JSONResponse]]


class Guard:
    """The middleware. It runs inside that of gradio."""

    def __init__(self, app: ASGIApp, *, gate: AdmissionGate, characters: int = 0) -> None:
        """`characters` is the longest text of a request."""
        self.app, self.gate = app, gate
        self.max_body = max(MAX_BODY, BYTES * characters + 4096)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse the request, or pass it on. Add the security headers to the answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        path, method = scope["path"], scope["method"]
        replay, refusal = receive, self._refusal(path, method)
        if refusal is None and method not in ("GET", "HEAD", "OPTIONS"):
            body = await _read_body(scope, receive, self.max_body)
            if body is None:
                refusal = JSONResponse({"detail": f"The request is over {self.max_body:,} bytes."}, 413)
            else:
                replay = _replay(body, receive)
        if refusal is not None:
            await refusal(scope, receive, send_with_headers)
            return
        streaming = (method == "GET" and path.startswith(RESULT_PATHS)) or path.startswith(
            (LIVE_PATH, MCP_PATH)
        )
        self.gate.running += streaming
        try:
            await self.app(scope, replay, send_with_headers)
        finally:
            self.gate.running -= streaming

    def _refusal(self, path: str, method: str) -> JSONResponse | None:
        """The answer to a request that is not let in, else None."""
        if path.startswith(BLOCKED_PATHS):
            return JSONResponse({"detail": HTTPStatus.NOT_FOUND.phrase}, 404)
        if self.gate.closed and method == "POST" and path.startswith(START_PATHS):
            return JSONResponse({"detail": STOPPING}, 503)
        return None


async def _read_body(scope: Scope, receive: Receive, most: int) -> bytes | None:
    """The whole body. None as soon as it exceeds the limit, or announces that it will."""
    length = Headers(scope=scope).get("content-length", "0")
    if not length.isdecimal() or int(length) > most:
        return None
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > most:
            return None
        if message["type"] == "http.disconnect" or not message.get("more_body", False):
            return body


def _replay(body: bytes, receive: Receive) -> Receive:
    """A `receive` that returns `body` first, then what the original one returns."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Message:
        return waiting.pop() if waiting else await receive()

    return receive_again


async def _malformed(request: Request, error: Exception) -> JSONResponse:
    """Answer without the request: the default answer repeats it."""
    return JSONResponse({"detail": "The request does not have the expected form."}, 422)


def _refused(error: HTTPException) -> JSONResponse:
    """Answer with the status, and the messages of our own validator. Other details may hold paths or text."""
    detail: Any = error.detail  # a list if it comes from the validator
    if error.status_code == 503:
        detail = BUSY
    elif not isinstance(detail, list):
        detail = HTTPStatus(error.status_code).phrase
    return JSONResponse({"detail": detail}, error.status_code, error.headers)


async def _unknown(request: Request, error: Exception) -> JSONResponse:
    """Answer to a call of an unknown function. gradio would report a server error and log a traceback."""
    return JSONResponse({"detail": NOT_FOUND}, 404)


def exception_handlers(count_busy: Callable[[], None]) -> dict[type[Exception], Handler]:
    """What answers to each kind of error. `count_busy` is called when the queue of gradio is full."""

    async def refused(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        if error.status_code == 503:
            count_busy()
        return _refused(error)

    return {
        RequestValidationError: _malformed,
        HTTPException: refused,
        FnIndexInferError: _unknown,
        KeyError: _unknown,
    }
