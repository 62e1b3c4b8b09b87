"""The routes under `/live`, by which the page translates while the user types or edits.

The page sends one request at a time and breaks it off with the next key. Unlike an event of gradio, a request
that is broken off ends here too: its generator is closed, and sends nothing any more.

Requests are JSON with text, model, beam_size, n_best and glossary (an object of terms), and besides:

    /live               session: name of the page if the text is being typed, else missing. The answer has one
                        JSON object a line: {"sentences": [...]} some at a time, then {"done": true, ...};
                        instead of what is missing {"error": "..."}
    /live/alternatives  before, word, after: the translation of a sentence, in three parts.
                        {"alternatives": [{word, probability, sentence}]}
    /live/completion    prefix: the beginning of the translation of a sentence.
                        {"words": [{text, probability}], "sentence": {...}}

answer.py says what a sentence is. A request outside of the limits is answered with status 422 and
{"detail": message, "field": name}, one that finds no turn or a full queue with 503.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Mapping
from dataclasses import replace
from typing import Any

from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from seq2seq.gateway.running import LinesResponse, Running
from seq2seq.serving.request import InvalidRequest, Request, checked_text
from seq2seq.serving.sentences import joined
from seq2seq.serving.service import Done, TranslationFailed, TranslationService
from seq2seq.webui import answer
from seq2seq.webui.guard import BUSY, LIVE_PATH
from seq2seq.webui.json_routes import json_object

MAX_SESSION = 64  # characters of the name of a page
HEADERS = {
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # a proxy such as nginx must pass on each line at once
}
Values = Mapping[str, Any]


def live_routes(service: TranslationService, running: Running) -> list[Route]:
    """The routes for the page of `service`. Their requests count among those that are `running`."""
    most = service.limits.characters

    def route(path: str, answer_to: Callable[[Request, Values], Response | answer.Values]) -> Route:
        async def endpoint(http: HttpRequest) -> Response:
            values = await json_object(http)
            if values is None:
                return JSONResponse({"detail": "The request does not have the expected form."}, 422)
            if running.full:
                service.metrics.count_busy()
                return JSONResponse({"detail": BUSY}, 503)
            values = {"n_best": 1, **values}
            names = ("text", "beam_size", "n_best", "model", "glossary")
            try:
                request = service.check(*(values.get(name) for name in names))
                result = await running.call(answer_to, request, values)
            except InvalidRequest as error:
                return JSONResponse({"detail": str(error), "field": error.field}, 422)
            except TranslationFailed as error:
                return JSONResponse({"detail": str(error)}, 503)
            return result if isinstance(result, Response) else JSONResponse(result, headers=HEADERS)

        return Route(LIVE_PATH + path, endpoint, methods=["POST"])

    def stream(request: Request, values: Values) -> Response:
        lines = running.stream(_lines(service, request, _session(values)))
        return LinesResponse(lines, media_type="application/x-ndjson", headers=HEADERS)

    def alternatives(request: Request, values: Values) -> answer.Values:
        names = ("before", "word", "after")
        before, word, after = (checked_text(values.get(name), name, most=most) for name in names)
        made = service.alternatives(request, before, word, after)
        return {
            "alternatives": [
                {
                    "word": one.word,
                    "probability": one.probability,
                    "sentence": answer.body(one.translation, request.text),
                }
                for one in made
            ]
        }

    def completion(request: Request, values: Values) -> answer.Values:
        words, whole = service.complete(request, checked_text(values.get("prefix"), "prefix", most=most))
        return {
            "words": [{"text": one.text, "probability": one.probability} for one in words],
            "sentence": answer.body(whole, request.text),
        }

    return [route("", stream), route("/alternatives", alternatives), route("/completion", completion)]


def _session(values: Values) -> str:
    """The name of the page in which the text is being typed, "" if it is not."""
    name = values.get("session")
    if name is not None and not (isinstance(name, str) and len(name) <= MAX_SESSION):
        raise InvalidRequest("session", f"The session must be a text of up to {MAX_SESSION} characters.")
    return name or ""


def _lines(service: TranslationService, request: Request, session: str) -> Generator[str]:
    places, done = answer.Utf16(request.text), list[Done]()
    try:
        for new in service.sentences(request, session=session):
            done += new
            values = [answer.sentence(translation, piece, places) for piece, translation in new]
            yield json.dumps({"sentences": values}) + "\n"
        pieces = [piece for piece, _ in done]
        whole = joined(pieces, [replace(translation, attention=None) for _, translation in done])
        yield json.dumps(answer.end(whole, typed=bool(session))) + "\n"
    except TranslationFailed as error:
        yield json.dumps({"error": str(error)}) + "\n"
