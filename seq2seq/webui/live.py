"""The route `/live`, by which the page translates while the user types.

The page sends one request at a time and breaks it off with the next key. Unlike an event of gradio, a request
that is broken off ends here too: its generator is closed, and sends nothing any more.

The body of a request is JSON: text, model, beam_size, n_best, and `details`, whether alternatives and
attention are wanted. The answer has one JSON object a line:

    {"text": "..."}                            the translation so far, several times for a long text
    {"html": "...", "note": "..."}             the whole translation, and why some of it was left as it was
    {"alternatives": "...", "attention": "..."}  HTML of the details, if they were wanted
    {"error": "..."}                           instead of the lines that are missing

A request outside of the limits is answered with status 422 and {"detail": message, "field": name}.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from seq2seq.webui import markup
from seq2seq.webui.guard import BUSY, LIVE_PATH
from seq2seq.webui.request import InvalidRequest, Request
from seq2seq.webui.service import PartialResult, TranslationFailed, TranslationService

MAX_RUNNING = (
    32  # requests at once, waiting ones included; to more of them the server answers that it is busy
)
HEADERS = {
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # a proxy such as nginx must pass on each line at once
}


def live_route(service: TranslationService) -> Route:
    """The route for the page of `service`."""
    running = _Running()

    async def live(http: HttpRequest) -> Response:
        values = await _json_object(http)
        if values is None:
            return JSONResponse({"detail": "The request does not have the expected form."}, 422)
        try:
            request = service.check(*(values.get(name) for name in ("text", "beam_size", "n_best", "model")))
        except InvalidRequest as error:
            return JSONResponse({"detail": str(error), "field": error.field}, 422)
        if running.number >= MAX_RUNNING:
            return JSONResponse({"detail": BUSY}, 503)
        lines = _lines(service, request, details=values.get("details") is True)
        return StreamingResponse(running.stream(lines), media_type="application/x-ndjson", headers=HEADERS)

    return Route(LIVE_PATH, live, methods=["POST"])


class _Running:
    """Counts the requests that are being answered. It is used in the event loop only."""

    def __init__(self) -> None:
        self.number = 0

    async def stream(self, lines: Iterator[str]) -> AsyncIterator[str]:
        """`lines`, each computed in a thread. Counted from the first line on until the end."""
        self.number += 1
        try:
            while (line := await run_in_threadpool(next, lines, None)) is not None:
                yield line
        finally:
            self.number -= 1


async def _json_object(http: HttpRequest) -> Mapping[str, Any] | None:
    """The body, None if it is not an object in JSON. Pages of other sites cannot send this content type."""
    if http.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        return None
    try:
        values = json.loads(await http.body())
    except (ValueError, RecursionError):
        return None
    return values if isinstance(values, dict) else None


def _lines(service: TranslationService, request: Request, *, details: bool) -> Iterator[str]:
    code = service.directions[request.model].target_language
    try:
        for result in service.translate(request):
            yield from (json.dumps(values) + "\n" for values in _objects(result, request.text, code, details))
    except TranslationFailed as error:
        yield json.dumps({"error": str(error)}) + "\n"


def _objects(result: PartialResult, source: str, code: str, details: bool) -> Iterator[dict[str, str]]:
    translation = result.translation
    if not result.last:
        yield {"text": translation.text}
        return
    yield {"html": markup.result(translation, source=source, code=code), "note": translation.note}
    if details:
        alternatives = markup.alternatives(translation, code=code)
        yield {"alternatives": alternatives, "attention": markup.attention(translation)}
