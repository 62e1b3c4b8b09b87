"""The tab that translates files: `serving.file_jobs` does it, static/files.js shows it.

POST /live/files    upload, model, glossary, column. {"job"}; see job_routes.py for the rest
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import gradio as gr
from starlette.routing import Route

from seq2seq.serving.file_jobs import MAX_BYTES, MAX_CHARACTERS, SUFFIXES, check_column, translate_upload
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
    script = f"import(new URL('.{PATH}/files.js', document.baseURI)).then((files) => files.start());"
    gr.HTML(_content(), apply_default_css=False, js_on_load=script, elem_id="files")


def routes(service: TranslationService, uploads: Uploads, jobs: Jobs, check: Check) -> list[Route]:
    """The route of the tab."""

    def answer(values: Values) -> Values:
        upload, column = uploads.find(values.get("upload")), check_column(values.get("column"))
        request = service.check("file", None, 1, values.get("model"), values.get("glossary"))
        return {"job": jobs.start(partial(translate_upload, service, upload, request, column))}

    return [json_route("/files", answer, check=check)]


def _content() -> str:
    limits = {"data_size": shown_size(MAX_BYTES), "data_characters": f"{MAX_CHARACTERS}"}
    return (
        f'<div class="jobs">{html("p", "files.intro", class_="note")}<div class="card job-form">'
        f"{job_markup.drop('files', SUFFIXES)}"
        f"{html('p', 'files.limits', id='files-limits', class_='note', **limits)}"
        f'<div class="job-row">{html("label", "translate.model", for_="files-model")}'
        '<select id="files-model"></select>'
        '<span id="files-column-row" class="job-row" hidden>'
        f"{html('label', 'files.column', for_='files-column')}"
        '<input id="files-column" type="text" maxlength="100" size="14"></span>'
        f"{job_markup.go('files', 'files.button', disabled=True)}</div>"
        f"{html('p', 'files.glossary', id='files-glossary', class_='note', hidden=True)}</div>"
        f"{job_markup.progress('files')}"
        f'<div id="files-done" class="card job-done" hidden><p id="files-summary"></p>'
        f"{html('a', 'files.download', id='files-download', class_='job-go', href='#')}</div></div>"
    )
