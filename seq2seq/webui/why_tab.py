"""The tab that shows why a model translates a sentence as it does: the pictures of `seq2seq.explain`.

The page asks for one picture at a time, by a POST to `/live/why` with JSON:

    text, model     one sentence, and who translates it
    picture         a key of `PICTURES`, "compare", or "sentences" for the sentences of a longer text
    method          of saliency
    word, new       of changes: also try the text `new` in place of source word number `word`
    other           of compare: the second model
    form            "json" (default), "csv", "svg" or "png"

static/why.js draws the numbers. The answers to wrong requests are those of live.py.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from seq2seq import explain
from seq2seq.errors import UsageError
from seq2seq.explain import Explanation, Sentence
from seq2seq.serving.request import InvalidRequest
from seq2seq.serving.service import FAILED, TranslationService
from seq2seq.serving.turns import Busy
from seq2seq.webui import job_markup
from seq2seq.webui.guard import BUSY, LIVE_PATH
from seq2seq.webui.json_routes import json_object
from seq2seq.webui.model_info import ModelInfo
from seq2seq.webui.page_head import PATH
from seq2seq.webui.strings import html

Values = Mapping[str, Any]
MAX_TEXT = 300  # characters of a sentence: integrated gradients take seconds for a long one
MAX_NEW = 60  # characters of a replacement
REMEMBERED = 32  # sentences, for the next picture
STEPS = {200: None, 600: 32, MAX_TEXT**2: 16}  # points of the integral, up to so many pairs of words
KINDS = {"csv": "text/csv; charset=utf-8", "svg": "image/svg+xml", "png": "image/png"}

log = logging.getLogger(__name__)

PICTURES: dict[str, Callable[[Sentence, Values], Explanation]] = {
    "confidence": lambda sentence, values: explain.confidence(sentence),
    "attention": lambda sentence, values: explain.attention(sentence),
    "saliency": lambda sentence, values: explain.saliency(
        sentence, values.get("method") or "integrated_gradients", steps=_steps(sentence)
    ),
    "gates": lambda sentence, values: explain.gates(sentence),
    "beam": lambda sentence, values: explain.beam(sentence),
    "changes": lambda sentence, values: explain.changes(sentence, _replacements(values)),
}


def add_tab(service: TranslationService, models: Sequence[ModelInfo]) -> None:
    """Add the content of the tab to the page under construction."""
    job_markup.add("why", _content(models))


def routes(service: TranslationService) -> list[Route]:
    """The route of the tab."""
    explainer = _Explainer(service)

    async def endpoint(http: HttpRequest) -> Response:
        values = await json_object(http)
        if values is None:
            return JSONResponse({"detail": "The request does not have the expected form."}, 422)
        try:
            return await run_in_threadpool(explainer.answer, values)
        except InvalidRequest as error:
            return JSONResponse({"detail": str(error), "field": error.field}, 422)
        except UsageError as error:
            return JSONResponse({"detail": f"{error}.", "field": "text"}, 422)
        except Busy:
            return JSONResponse({"detail": BUSY}, 503)
        except Exception as error:  # its message may hold paths or the text of the user
            log.error("explaining failed: %s", type(error).__name__)
            return JSONResponse({"detail": FAILED}, 503)

    return [Route(f"{LIVE_PATH}/why", endpoint, methods=["POST"])]


class _Explainer:
    """Answers requests; remembers the last sentences."""

    def __init__(self, service: TranslationService) -> None:
        self.service = service
        self.sentence = lru_cache(REMEMBERED)(self._sentence)

    def answer(self, values: Values) -> Response:
        """The answer to one request. Raises InvalidRequest, UsageError and Busy."""
        form = values.get("form", "json")
        if form != "json" and form not in KINDS:
            raise InvalidRequest("form", f"form must be json or one of {', '.join(KINDS)}.")
        model, text = self._checked(values.get("model"), values.get("text"))
        with self.service.turns.alone():
            if values.get("picture") == "sentences":
                direction = self.service.directions[model]
                found = explain.sentences(
                    direction.translator, text, target_language=direction.target_language or None
                )
                return JSONResponse({"sentences": found})
            result = self._result(values, model, text)
            if form == "json":
                sentence = self.sentence(model, text)
                whole = {"translation": sentence.translation.text, "mended": sentence.mended}
                answer = {**whole, **explain.to_dict(result)}
                return JSONResponse(answer, headers={"Cache-Control": "no-store"})
            return Response(_file(result, form), media_type=KINDS[form])

    def _checked(self, model: Any, text: Any) -> tuple[str, str]:
        """The name of a model, and a text."""
        request = self.service.check(text, None, 1, model)
        if len(request.text) > MAX_TEXT:
            raise InvalidRequest(
                "text", f"The text has {len(request.text):,} characters; at most {MAX_TEXT} are explained."
            )
        return request.model, request.text

    def _result(self, values: Values, model: str, text: str) -> Explanation:
        picture = values.get("picture")
        if picture == "compare":
            other, _ = self._checked(values.get("other"), text)
            return explain.compare(self.sentence(model, text), self.sentence(other, text))
        if not isinstance(picture, str) or picture not in PICTURES:
            raise InvalidRequest("picture", f"picture must be one of {', '.join(PICTURES)}, compare.")
        return PICTURES[picture](self.sentence(model, text), values)

    def _sentence(self, model: str, text: str) -> Sentence:
        direction = self.service.directions[model]
        beam_size = direction.beam_size
        return explain.sentence(
            direction.translator, text, target_language=direction.target_language or None, beam_size=beam_size
        )


def _steps(sentence: Sentence) -> int | None:
    """Points of the integral: as many as are needed for a short sentence, fewer for a long one."""
    pairs = len(sentence.sources) * len(sentence.targets)
    return next((steps for most, steps in STEPS.items() if pairs <= most), 1)


def _replacements(values: Values) -> dict[int, list[str]]:
    new = values.get("new")
    if not new:
        return {}
    if not isinstance(new, str) or len(new) > MAX_NEW:
        raise InvalidRequest("new", f"new must be a text of up to {MAX_NEW} characters.")
    return {values.get("word"): [new]}  # type: ignore[dict-item]  # `changes` checks the number


def _file(result: Explanation, form: str) -> bytes:
    if form == "csv":
        return result.csv().encode()
    buffer = io.BytesIO()
    result.figure().savefig(buffer, format=form, dpi=150)
    return buffer.getvalue()


def _content(models: Sequence[ModelInfo]) -> str:
    """The form, and an empty card for each picture, which static/why.js fills."""
    box = html("label", "why.text", for_="why-text") + (
        f'<textarea id="why-text" rows="2" maxlength="{MAX_TEXT}"></textarea>'
    )
    names = [f'<select id="why-model" data-models="{len(models)}"></select>']
    sections = "".join(_card(name) for name in (*PICTURES, "compare"))
    return (
        f'<link rel="stylesheet" href=".{PATH}/why.css"><div class="why">'
        f'{html("p", "why.intro", class_="note")}<div class="why-form">{box}<div class="why-row">'
        f"{html('label', 'translate.model', for_='why-model')}{''.join(names)}"
        '<select id="why-sentence" data-aria-label="why.sentence" hidden></select>'
        f"{html('button', 'why.button', id='why-go', type='button')}</div></div>"
        f'<p id="why-status" role="status"></p><div class="why-cards" hidden><div class="why-result">'
        f'<p id="why-translation" class="why-translation" dir="auto"></p>'
        f"{html('p', 'why.mended', id='why-mended', class_='note', hidden=True)}</div>{sections}</div></div>"
    )


def _card(name: str) -> str:
    """A section with heading, the text for beginners, controls and downloads."""
    files = "".join(
        f'<button type="button" class="quiet" data-file="{form}">{form.upper()}</button>'
        for form in ("png", "svg", "csv")
    )
    return (
        f'<section class="card why-card" id="why-{name}" data-picture="{name}">'
        f'<div class="why-head">{html("h2", f"why.{name}")}'
        f'<div class="why-files" role="group" data-aria-label="why.download">{files}</div></div>'
        f'{html("p", f"why.{name}_help", class_="note")}<div class="why-controls"></div>'
        '<div class="why-picture"></div><p class="why-reading note" aria-live="polite"></p></section>'
    )
