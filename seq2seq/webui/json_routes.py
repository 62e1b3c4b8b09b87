"""Routes under `/live` that take and give JSON, and what they answer when something is wrong.

A wrong request is answered with status 422 and {"detail": message, "field": name}, one that finds the server
busy with 503. Messages never hold paths, and the details of unexpected errors stay in the log.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from seq2seq.errors import DataError, UsageError
from seq2seq.serving.request import InvalidRequest
from seq2seq.serving.turns import Busy
from seq2seq.webui.guard import BUSY, LIVE_PATH

HEADERS = {"Cache-Control": "no-store"}
FAILED = "The server could not do this."
Values = Mapping[str, Any]
Check = Callable[[HttpRequest], None]
Answer = Callable[[Values], Response | Mapping[str, Any]]

log = logging.getLogger(__name__)


class Forbidden(RuntimeError):
    """A request that is not allowed here. The message is meant for users."""


def json_route(path: str, answer: Answer, *, check: Check | None = None) -> Route:
    """A route for POST. `answer` gets the object of the body, in a thread; `check` may refuse the request."""

    async def endpoint(http: HttpRequest) -> Response:
        values = await json_object(http)
        if values is None:
            return JSONResponse({"detail": "The request does not have the expected form."}, 422)
        return await answered(http, lambda: answer(values), check)

    return Route(LIVE_PATH + path, endpoint, methods=["POST"])


async def answered(
    http: HttpRequest,
    answer: Callable[[], Response | Mapping[str, Any]],
    check: Check | None = None,
) -> Response:
    """What `answer` returns, computed in a thread, or the answer to what it raises."""
    try:
        if check is not None:
            check(http)
        result = await run_in_threadpool(answer)
    except InvalidRequest as error:
        return JSONResponse({"detail": str(error), "field": error.field}, 422)
    except Forbidden as error:
        return JSONResponse({"detail": str(error)}, 403)
    except (DataError, UsageError) as error:
        return JSONResponse({"detail": f"{str(error).rstrip('.')}."}, 422)
    except Busy:
        return JSONResponse({"detail": BUSY}, 503)
    except Exception as error:  # its message may hold paths or the text of the user
        log.error("%s failed: %s", http.scope["path"], type(error).__name__)
        return JSONResponse({"detail": FAILED}, 500)
    return result if isinstance(result, Response) else JSONResponse(dict(result), headers=HEADERS)


async def json_object(http: HttpRequest) -> Values | None:
    """The body, None if it is not an object in JSON. Pages of other sites cannot send this content type."""
    if not has_type(http, "application/json"):
        return None
    try:
        values = json.loads(await http.body())
    except (ValueError, RecursionError):
        return None
    return values if isinstance(values, dict) else None


def has_type(http: HttpRequest, content_type: str) -> bool:
    """Whether the body is of this type."""
    return http.headers.get("content-type", "").partition(";")[0].strip() == content_type
