"""What every HTTP request passes through: a limit on bodies, security headers, and errors without details.

gradio limits uploads only, so without this a body of any size would be read into memory. There is nothing to
upload here, and the largest request is a text of 2,000 characters.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from gradio.route_utils import FnIndexInferError
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY = 64 * 1024  # bytes; 2,000 characters are at most 24,000 as JSON escapes
API = "/gradio_api"
CLOSED = tuple(f"{API}/{name}" for name in ("upload", "run/", "api/"))  # no files; no calls past the queue
JOINS = (f"{API}/queue/join", f"{API}/call/")  # POST: a call begins
STREAMS = (f"{API}/queue/data", f"{API}/call/")  # GET: its results are sent, as long as it runs
BUSY = "The server is busy: its queue is full. Please try again in a moment."
STOPPING = "The server is stopping."

# gradio needs inline scripts and eval. Nothing is loaded from elsewhere, and nothing is sent there.
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


@dataclass
class Door:
    """Whether calls may still come in, and how many are being answered."""

    closed: bool = False
    streams: int = 0


class Guard:
    """ASGI middleware, inside gradio's own."""

    def __init__(self, app: ASGIApp, *, door: Door) -> None:
        self.app, self.door = app, door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse the request, or pass it on and add the headers to the answer."""
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
            body = await _read(scope, receive)
            if body is None:
                refusal = JSONResponse({"detail": f"The request is over {MAX_BODY:,} bytes."}, 413)
            else:
                replay = _replay(body, receive)
        if refusal is not None:
            await refusal(scope, receive, send_with_headers)
            return
        streaming = method == "GET" and path.startswith(STREAMS)
        self.door.streams += streaming
        try:
            await self.app(scope, replay, send_with_headers)
        finally:
            self.door.streams -= streaming

    def _refusal(self, path: str, method: str) -> JSONResponse | None:
        if path.startswith(CLOSED):
            return JSONResponse({"detail": "There is nothing here."}, 404)
        if self.door.closed and method == "POST" and path.startswith(JOINS):
            return JSONResponse({"detail": STOPPING}, 503)
        return None


async def _read(scope: Scope, receive: Receive) -> bytes | None:
    """The whole body, or None as soon as it is, or says that it will be, over the limit."""
    length = Headers(scope=scope).get("content-length", "0")
    if not length.isdecimal() or int(length) > MAX_BODY:
        return None
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > MAX_BODY:
            return None
        if message["type"] == "http.disconnect" or not message.get("more_body", False):
            return body


def _replay(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives `body` first, then whatever else comes."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Message:
        return waiting.pop() if waiting else await receive()

    return receive_again


async def _malformed(request: Request, error: Exception) -> JSONResponse:
    """The default answer repeats what was sent."""
    return JSONResponse({"detail": "The request does not have the expected form."}, 422)


async def _refused(request: Request, error: Exception) -> JSONResponse:
    """The status, and what our own check of the values found; other details may hold paths or text."""
    assert isinstance(error, HTTPException)
    detail: Any = error.detail  # gradio puts a list there too
    if error.status_code == 503:
        detail = BUSY
    elif not isinstance(detail, list):
        detail = HTTPStatus(error.status_code).phrase
    return JSONResponse({"detail": detail}, error.status_code, error.headers)


async def _unknown(request: Request, error: Exception) -> JSONResponse:
    """gradio lets this one through as an error of the server's, with a traceback in the log."""
    return JSONResponse({"detail": "There is nothing of that name here."}, 404)


EXCEPTION_HANDLERS = {
    RequestValidationError: _malformed,
    HTTPException: _refused,
    FnIndexInferError: _unknown,
    KeyError: _unknown,
}
