"""The routes for those who run a server: `/healthz` for a load balancer, `/metrics` for Prometheus.

`/healthz` answers {"status": "ready", "models": [...], "queue": {"length": 0, "limit": 32}}, and with status
503 and "stopping" from the signal to stop on.
"""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from seq2seq.gateway.paths import HEALTH_PATH, METRICS_PATH
from seq2seq.gateway.running import AdmissionGate, Running
from seq2seq.serving.metrics import resident_memory
from seq2seq.serving.service import TranslationService

TEXT_FORMAT = "text/plain; version=0.0.4"
HEADERS = {"Cache-Control": "no-store"}


def status_routes(
    service: TranslationService, gate: AdmissionGate, *, running: Running, queued: Callable[[], int]
) -> list[Route]:
    """The two routes. `queued` is how many calls of the endpoint for programs are not let in yet."""

    async def health(request: Request) -> Response:
        status = "stopping" if gate.closed else "ready"
        queue = {"length": running.number + queued(), "limit": service.limits.queue}
        body = {"status": status, "models": list(service.directions), "queue": queue}
        return JSONResponse(body, 503 if gate.closed else 200, headers=HEADERS)

    async def metrics(request: Request) -> Response:
        gauges = {
            "queue_length": ("Calls of the endpoint for programs that are not let in yet.", float(queued())),
            "waiting_sentences": ("Sentences that wait for a turn to be computed.", service.turns.waiting),
            "cached_sentences": ("Translations of sentences that are kept.", len(service.cache)),
        }
        memory = resident_memory()
        if memory is not None:
            gauges["memory_bytes"] = ("Memory of the process at present.", memory)
        return PlainTextResponse(service.metrics.prometheus(gauges), media_type=TEXT_FORMAT, headers=HEADERS)

    return [Route(HEALTH_PATH, health), Route(METRICS_PATH, metrics)]
