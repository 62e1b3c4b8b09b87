"""The routes of the tabs that take files: they share uploads, jobs, and who may use them."""

from __future__ import annotations

from starlette.routing import Route

from seq2seq.serving.jobs import Jobs
from seq2seq.serving.service import TranslationService
from seq2seq.serving.uploads import Uploads
from seq2seq.webui import files_tab, job_routes
from seq2seq.webui.permission import check_permission


def routes(service: TranslationService) -> list[Route]:
    """All of these routes."""
    uploads, jobs, check = Uploads(), Jobs(), check_permission(service)
    return [
        *job_routes.routes(uploads, jobs, {"files": files_tab.kind(check)}),
        *files_tab.routes(service, uploads, jobs, check),
    ]
