"""The routes by which the page sends files, watches jobs, and fetches results.

POST /live/upload   a piece of a file as application/octet-stream, with the query kind, name, at and
                    token (none for the first piece). {"token", "size"}
POST /live/job      job, and cancel: true to end it. Its state; see `serving.jobs`
GET  /live/result   the file that a job made: query job
"""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request as HttpRequest
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from seq2seq.serving.jobs import Jobs
from seq2seq.serving.request import InvalidRequest
from seq2seq.serving.uploads import PIECE, Uploads
from seq2seq.webui.guard import LIVE_PATH
from seq2seq.webui.json_routes import HEADERS, Check, Values, answered, has_type, json_route


@dataclass(frozen=True)
class Kind:
    """A kind of file that users may send: its suffixes, its limit in bytes, and who may send it."""

    suffixes: tuple[str, ...]
    limit: int
    check: Check


def routes(uploads: Uploads, jobs: Jobs, kinds: dict[str, Kind]) -> list[Route]:
    """The routes for files of these kinds."""

    async def upload(http: HttpRequest) -> Response:
        query = http.query_params
        kind = kinds.get(query.get("kind", ""))
        data = await http.body()
        if kind is None or not has_type(http, "application/octet-stream") or len(data) > PIECE:
            return JSONResponse({"detail": "The request does not have the expected form."}, 422)

        def store() -> Values:
            token = query.get("token") or uploads.begin(query.get("name"), kind.suffixes)
            at = query.get("at", "0")
            place = int(at) if at.isdecimal() and len(at) < 16 else -1
            return {"token": token, "size": uploads.add(token, place, data, limit=kind.limit)}

        return await answered(http, store, kind.check)

    def job(values: Values) -> Values:
        found = jobs.find(values.get("job"))
        found.cancelled |= values.get("cancel") is True
        return {**found.status(), **(found.result.shown() if found.state == "done" else {})}

    async def result(http: HttpRequest) -> Response:
        def file() -> Response:
            found = jobs.find(http.query_params.get("job")).result
            if not getattr(found, "path", None) or not found.path.exists():
                raise InvalidRequest("job", "The file is no longer here. Please start again.")
            return FileResponse(
                found.path, filename=found.name, media_type="application/octet-stream", headers=HEADERS
            )

        return await answered(http, file)

    return [
        Route(f"{LIVE_PATH}/upload", upload, methods=["POST"]),
        json_route("/job", job),
        Route(f"{LIVE_PATH}/result", result, methods=["GET"]),
    ]
