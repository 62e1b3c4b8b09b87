"""The tab that scores models on a test file: `serving.evaluation_jobs` does it, static/evaluate.js shows it.

POST /live/evaluate    upload, first, second (a model each, second may be empty). {"job"}; see job_routes.py
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import gradio as gr
from starlette.routing import Route

from seq2seq.serving.evaluation_jobs import MAX_BYTES, MAX_PAIRS, SUFFIXES, checked_models, score_upload
from seq2seq.serving.jobs import Jobs
from seq2seq.serving.service import TranslationService
from seq2seq.serving.uploads import Uploads, shown_size
from seq2seq.webui import job_markup
from seq2seq.webui.job_routes import Kind
from seq2seq.webui.json_routes import Check, Values, json_route
from seq2seq.webui.model_info import ModelInfo
from seq2seq.webui.page_head import PATH
from seq2seq.webui.strings import html


def kind(check: Check) -> Kind:
    """The files of the tab."""
    return Kind(SUFFIXES, MAX_BYTES, check)


def add_tab(service: TranslationService, models: Sequence[ModelInfo]) -> None:
    """Add the content of the tab to the page under construction."""
    script = f"import(new URL('.{PATH}/evaluate.js', document.baseURI)).then((tab) => tab.start());"
    gr.HTML(_content(), apply_default_css=False, js_on_load=script, elem_id="evaluate")


def routes(service: TranslationService, uploads: Uploads, jobs: Jobs, check: Check) -> list[Route]:
    """The route of the tab."""

    def answer(values: Values) -> Values:
        upload = uploads.find(values.get("upload"))
        requests = checked_models(service, values.get("first"), values.get("second"))
        return {"job": jobs.start(partial(score_upload, service, upload, requests))}

    return [json_route("/evaluate", answer, check=check)]


def _content() -> str:
    limits = {"data_size": shown_size(MAX_BYTES), "data_pairs": str(MAX_PAIRS)}
    choices = "".join(
        f'{html("label", f"evaluate.{name}", for_=f"evaluate-{name}")}<select id="evaluate-{name}"></select>'
        for name in ("first", "second")
    )
    return (
        f'<div class="jobs">{html("p", "evaluate.intro", class_="note")}<div class="card job-form">'
        f"{job_markup.drop('evaluate', SUFFIXES)}"
        f"{html('p', 'evaluate.limits', id='evaluate-limits', class_='note', **limits)}"
        f'<div class="job-row">{choices}'
        f"{job_markup.go('evaluate', 'evaluate.button', disabled=True)}</div></div>"
        f"{job_markup.progress('evaluate')}"
        '<div id="evaluate-done" class="card" hidden><div class="job-row"><h2 id="evaluate-title"></h2>'
        f"{html('a', 'evaluate.download', id='evaluate-download', class_='job-go', href='#')}</div>"
        '<div class="job-scroll"><table id="evaluate-scores" class="job-table"></table></div>'
        f'<p id="evaluate-verdict" class="note"></p>'
        f'{html("h3", "evaluate.report")}<iframe id="evaluate-report" sandbox data-title="evaluate.report" '
        'title="Report"></iframe></div></div>'
    )
