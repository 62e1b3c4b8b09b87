"""The routes of the tabs that take files: they share uploads, jobs, and who may use them."""

from __future__ import annotations

from pathlib import Path

from starlette.routing import Route

from seq2seq.serving.jobs import Jobs
from seq2seq.serving.service import TranslationService
from seq2seq.serving.training_runs import TrainingRuns
from seq2seq.serving.uploads import Uploads
from seq2seq.webui import evaluate_tab, files_tab, job_routes, train_tab
from seq2seq.webui.permission import check_permission


def routes(service: TranslationService, folder: Path | None = None) -> list[Route]:
    """All of these routes. Without a `folder` trainings are deleted when the process ends."""
    runs = TrainingRuns(folder)
    uploads, jobs, check = Uploads(), Jobs(), check_permission(service)
    tabs = {"files": files_tab, "train": train_tab, "evaluate": evaluate_tab}
    kinds = {name: job_routes.Kind(tab.SUFFIXES, tab.MAX_BYTES, check) for name, tab in tabs.items()}
    return [
        *job_routes.routes(uploads, jobs, kinds),
        *files_tab.routes(service, uploads, jobs, check),
        *evaluate_tab.routes(service, uploads, jobs, check),
        *train_tab.routes(service, uploads, jobs, check, runs=runs),
    ]
