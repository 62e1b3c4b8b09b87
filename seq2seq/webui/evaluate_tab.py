"""The tab that scores models on a test file: `serving.evaluation_jobs` does it, static/evaluate.js shows it.

POST /live/evaluate    upload, first, second (a model each, second may be empty). {"job"}; see job_routes.py
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from starlette.routing import Route

from seq2seq.serving.evaluation_jobs import MAX_BYTES, MAX_PAIRS, SUFFIXES, checked_models, score_upload
from seq2seq.serving.jobs import Jobs
from seq2seq.serving.service import TranslationService
from seq2seq.serving.uploads import Uploads
from seq2seq.webui import job_markup
from seq2seq.webui.json_routes import Check, Values, json_route
from seq2seq.webui.model_info import ModelInfo
from seq2seq.webui.strings import html


def add_tab(service: TranslationService, models: Sequence[ModelInfo]) -> None:
    """Add the content of the tab to the page under construction."""
    job_markup.add("evaluate", _content())


def routes(service: TranslationService, uploads: Uploads, jobs: Jobs, check: Check) -> list[Route]:
    """The route of the tab."""

    def answer(values: Values) -> Values:
        upload = uploads.find(values.get("upload"))
        requests = checked_models(service, values.get("first"), values.get("second"))
        return {"job": jobs.start(partial(score_upload, service, upload, requests))}

    return [json_route("/evaluate", answer, check=check)]


def _content() -> str:
    row = "".join(
        f'{html("label", f"evaluate.{name}", for_=f"evaluate-{name}")}<select id="evaluate-{name}"></select>'
        for name in ("model", "second")
    )
    form = job_markup.form("evaluate", SUFFIXES, row, most=MAX_BYTES, number=MAX_PAIRS)
    return (
        f'<div class="jobs">{form}'
        '<div id="evaluate-done" class="card" hidden><div class="job-row"><h2 id="evaluate-title"></h2>'
        f"{job_markup.download('evaluate')}</div>"
        '<div class="job-scroll"><table id="evaluate-scores" class="job-table"></table></div>'
        '<p id="evaluate-verdict" class="note"></p>'
        f'{html("h3", "evaluate.report")}<iframe id="evaluate-report" sandbox data-title="evaluate.report" '
        'title="Report"></iframe></div></div>'
    )
