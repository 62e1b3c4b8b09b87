"""The tab that trains: `serving.training_runs` starts `seq2seq train`, static/train.js shows how it goes.

    POST /live/train        action, and what it needs. "check" gives {"job"}, all others the state
        status
        check, start        corpus ("sample", or a name with upload), source, target, minutes
        stop
        go_on               minutes
        use                 serve the best model so far: adds {"model"} to the state
    GET  /live/train/model  the best model so far, as a zip

Who may do that is said in permission.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from starlette.requests import Request as HttpRequest
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from seq2seq.serving.jobs import Jobs
from seq2seq.serving.preflight_jobs import preflight
from seq2seq.serving.request import InvalidRequest
from seq2seq.serving.service import TranslationService
from seq2seq.serving.trained_model import TrainedModel
from seq2seq.serving.training_runs import (
    MAX_BYTES,
    MAX_MINUTES,
    SAMPLE,
    SUFFIXES,
    Plan,
    TrainingRuns,
    checked_minutes,
)
from seq2seq.serving.uploads import Upload, Uploads
from seq2seq.webui import job_markup
from seq2seq.webui.guard import LIVE_PATH
from seq2seq.webui.json_routes import HEADERS, Check, Values, answered, json_route
from seq2seq.webui.model_info import ModelInfo
from seq2seq.webui.strings import html

MINUTES = 10
"""The limit that the page proposes."""


def add_tab(service: TranslationService, models: Sequence[ModelInfo]) -> None:
    """Add the content of the tab to the page under construction."""
    job_markup.add("train", _content())


def routes(
    service: TranslationService, uploads: Uploads, jobs: Jobs, check: Check, *, runs: TrainingRuns
) -> list[Route]:
    """The routes of the tab."""
    trained = TrainedModel(service, runs)

    def planned(values: Values) -> tuple[Plan, Upload | None]:
        upload = None if values.get("corpus") == SAMPLE else uploads.find(values.get("upload"))
        names = (values.get(name) for name in ("source", "target", "minutes"))
        return Plan.of(upload.name if upload else SAMPLE, *names), upload

    def answer(values: Values) -> Values:
        action, model = values.get("action"), None
        if action == "check":
            return {"job": jobs.start(partial(preflight, runs, *planned(values)))}
        if action == "start":
            runs.start(*planned(values))
        elif action == "go_on":
            runs.go_on(checked_minutes(values.get("minutes")))
        elif action == "stop":
            runs.stop()
        elif action == "use":
            model = trained.serve()
        elif action != "status":
            raise InvalidRequest("action", "The action must be status, check, start, stop, go_on or use.")
        return runs.status() | ({"model": model} if model else {})

    async def bundle(http: HttpRequest) -> Response:
        def file() -> Response:
            path, plan = runs.bundle(), runs.plan
            name = f"{plan.source}-{plan.target}-{path.name}" if plan else path.name
            return FileResponse(path, filename=name, media_type="application/zip", headers=HEADERS)

        return await answered(http, file, check)

    return [
        json_route("/train", answer, check=check),
        Route(f"{LIVE_PATH}/train/model", bundle, methods=["GET"]),
    ]


def _content() -> str:
    return f'<div class="jobs">{html("p", "train.intro", class_="note")}{_form()}{_report()}{_run()}</div>'


def _form() -> str:
    fields = "".join(
        f"{html('label', f'train.{name}', for_=f'train-{name}')}"
        f'<input id="train-{name}" type="text" maxlength="8" size="4" placeholder="{example}">'
        for name, example in (("source", "en"), ("target", "fr"))
    )
    return (
        f'<div class="card job-form">{job_markup.drop("train", SUFFIXES, MAX_BYTES)}'
        f"{job_markup.limits('train', MAX_BYTES)}"
        f'<div class="job-row check"><input type="checkbox" id="train-sample">'
        f"{html('label', 'train.sample', for_='train-sample')}</div>"
        f'<div class="job-row">{fields}{html("label", "train.minutes", for_="train-minutes")}'
        f'<input id="train-minutes" type="number" min="1" max="{MAX_MINUTES}" value="{MINUTES}">'
        '<span class="job-buttons">'
        f"{_button('check', disabled=True)}{job_markup.go('train', 'train.button', disabled=True)}"
        "</span></div></div>"
        f"{job_markup.progress('train')}"
    )


def _report() -> str:
    return (
        '<div id="train-report" class="card" hidden><p id="train-expect" class="train-expect"></p><details>'
        f"{html('summary', 'train.details')}"
        '<pre id="train-lines" class="job-scroll" tabindex="0"></pre></details></div>'
    )


def _run() -> str:
    buttons = "".join(_button(name, hidden=True) for name in ("stop", "more", "use"))
    facts = "".join(
        f'<div>{html("dt", f"train.{name}")}<dd id="train-fact-{name}"></dd></div>'
        for name in ("state", "step", "speed", "left", "best")
    )
    return (
        f'<div id="train-run" class="card train-run" hidden><div class="job-row"><h2 id="train-title"></h2>'
        f'<span class="job-buttons">{buttons}'
        f"{html('a', 'train.download', id='train-download', class_='quiet boxed', href='#', hidden=True)}"
        f'</span></div><dl class="train-facts">{facts}</dl>'
        '<p id="train-verdict" class="job-status" role="status" hidden></p>'
        '<p id="train-error" class="job-status error" hidden></p>'
        '<div class="train-curves"><figure id="train-loss"></figure><figure id="train-bleu"></figure></div>'
        f'<div id="train-samples" hidden>{html("h3", "train.samples")}'
        '<div class="train-list"></div></div></div>'
    )


def _button(name: str, **attributes: bool) -> str:
    text, kind = f"train.{name}", {"class_": "quiet boxed", "type": "button"}
    return html("button", text, id=f"train-{name}", **kind, **attributes)
