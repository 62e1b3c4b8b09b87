"""ASGI middleware that adds to the head of the page what must run, or load, before gradio starts.

The `head` of gradio's `launch` is added by its own script, after it has read the browser's language.
"""

from __future__ import annotations

from importlib import resources
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PATH = "/page"
"""Where the files of `static/` are served."""


def head() -> bytes:
    """HTML for the head: the language first, then the modules, so that they load side by side."""
    folder = resources.files("seq2seq.webui") / "static"
    names = sorted(file.name for file in folder.iterdir() if file.name.endswith(".js"))
    modules = "".join(
        f'<link rel="modulepreload" href=".{PATH}/{name}">' for name in names if name != "early.js"
    )
    return f'<script src=".{PATH}/early.js"></script>{modules}'.encode()


class Scripts(StaticFiles):
    """The files of `static/`. A browser asks each time whether they have changed: they import each other, so
    old and new ones must not be mixed."""

    def file_response(self, *arguments: Any, **options: Any) -> Response:
        """The file, or 304."""
        response = super().file_response(*arguments, **options)
        response.headers["Cache-Control"] = "no-cache"
        return response


class PageHead:
    """The middleware. It changes the answer to `GET /` only."""

    def __init__(self, app: ASGIApp) -> None:
        self.app, self.head = app, head()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request; the page gets the addition behind `<base>`, which relative addresses need."""
        if scope["type"] != "http" or scope["method"] != "GET" or scope["path"] != "/":
            await self.app(scope, receive, send)
            return
        start: list[Message] = []
        body = bytearray()

        async def send_changed(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.append(message)
                return
            body.extend(message.get("body", b""))
            if message.get("more_body", False):
                return
            base = body.find(b">", max(body.find(b"<base"), 0)) + 1
            changed = bytes(body[:base] + self.head + body[base:]) if b"<base" in body else bytes(body)
            MutableHeaders(scope=start[0])["content-length"] = str(len(changed))
            await send(start[0])
            await send({"type": "http.response.body", "body": changed, "more_body": False})

        await self.app(scope, receive, send_changed)
