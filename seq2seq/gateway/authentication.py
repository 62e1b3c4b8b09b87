"""User names and passwords: HTTP Basic authentication (RFC 7617) for every route except `/healthz`.

gradio has a login of its own, but it guards the routes of gradio only. Browsers ask for the name themselves,
and programs send it with each request. Without TLS in front of the server anyone on the way can read it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from seq2seq.errors import UsageError
from seq2seq.gateway.paths import API, HEALTH_PATH

OPEN_PATHS = (HEALTH_PATH, f"{API}/startup-events")  # gradio calls the second one itself
CHALLENGE = {"WWW-Authenticate": 'Basic realm="seq2seq", charset="UTF-8"'}

Users = Mapping[str, bytes]  # the SHA-256 of each password by the name of the user


def read_users(auth: str) -> Users:
    """The users that `auth` names: "USER:PASSWORD", or a UTF-8 file with one such pair a line.

    Blank lines and lines with "#" are skipped. "" is no user at all. Raises UsageError; its message never has
    a password.
    """
    if not auth:
        return {}
    if ":" in auth and not Path(auth).is_file():
        return dict([_user(auth, "auth")])
    try:
        lines = Path(auth).read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError, ValueError):
        raise UsageError("auth is neither USER:PASSWORD nor a file in UTF-8 with such lines") from None
    users = dict(
        _user(line.strip(), f"{auth}:{number}")
        for number, line in enumerate(lines, 1)
        if line.strip() and not line.lstrip().startswith("#")
    )
    if not users:
        raise UsageError(f"{auth} has no line USER:PASSWORD")
    return users


def _user(pair: str, place: str) -> tuple[str, bytes]:
    name, _, password = pair.partition(":")
    if not name or not password:
        raise UsageError(f"{place}: expected USER:PASSWORD, both with at least one character")
    return name, _digest(password)


class Authentication:
    """The middleware. Requests without the name and password of one of `users` get status 401."""

    def __init__(self, app: ASGIApp, *, users: Users) -> None:
        self.app, self.users = app, users

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] == "lifespan" or scope["path"] in OPEN_PATHS or self._is_known(Headers(scope=scope)):
            await self.app(scope, receive, send)
        elif scope["type"] == "http":
            answer = JSONResponse({"detail": "A user name and password are required."}, 401, CHALLENGE)
            await answer(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})

    def _is_known(self, headers: Headers) -> bool:
        kind, _, value = headers.get("authorization", "").partition(" ")
        try:
            name, _, password = base64.b64decode(value.strip(), validate=True).decode("utf-8").partition(":")
        except (binascii.Error, ValueError):
            return False
        # Compared for unknown names too, so that the time does not tell which names exist.
        same = hmac.compare_digest(_digest(password), self.users.get(name, b"no such user"))
        return kind.lower() == "basic" and same


def _digest(password: str) -> bytes:
    return hashlib.sha256(password.encode("utf-8")).digest()
