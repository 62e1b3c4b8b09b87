"""The tab that translates files: `serving.file_jobs` does it, static/files.js shows it.

POST /live/files    upload, model, glossary, column. {"job"}; see job_routes.py for the rest
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from starlette.routing import Route

from seq2seq.serving.file_jobs import (
    MAX_BYTES,
    MAX_CHARACTERS,
    MAX_COLUMN,
    SUFFIXES,
    check_column,
    translate_upload,
)
from seq2seq.serving.jobs import Jobs
from seq2seq.serving.service import TranslationService
from seq2seq.serving.uploads import Uploads
from seq2seq.webui import job_markup
from seq2seq.webui.json_routes import Check, Values, json_route
from seq2seq.webui.model_info import ModelInfo
from seq2seq.webui.strings import html


def add_tab(service: TranslationService, models: Sequence[ModelInfo]) -> None:
    """Add the content of the tab to the page under construction."""
    job_markup.add("files", _content())


def routes(service: TranslationService, uploads: Uploads, jobs: Jobs, check: Check) -> list[Route]:
    """The route of the tab."""

    def answer(values: Values) -> Values:
        upload, column = uploads.find(values.get("upload")), check_column(values.get("column"))
        request = service.check("file", None, 1, values.get("model"), values.get("glossary"))
        return {"job": jobs.start(partial(translate_upload, service, upload, request, column))}

    return [json_route("/files", answer, check=check)]


def _content() -> str:
    row = (
        f'{html("label", "translate.model", for_="files-model")}<select id="files-model"></select>'
        '<span id="files-column-row" class="job-row" hidden>'
        f"{html('label', 'files.column', for_='files-column')}"
        f'<input id="files-column" type="text" maxlength="{MAX_COLUMN}" size="14"></span>'
    )
    glossary = html("p", "files.glossary", id="files-glossary", class_="note", hidden=True)
    form = job_markup.form("files", SUFFIXES, row, most=MAX_BYTES, number=MAX_CHARACTERS, below=glossary)
    return (
        f'<div class="jobs">{form}'
        '<div id="files-done" class="card job-done" hidden><p id="files-summary"></p>'
        f"{job_markup.download('files')}</div></div>"
    )
