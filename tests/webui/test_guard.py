"""The guard on every HTTP request: what is refused, and the headers of every answer."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("gradio")

import httpx

from seq2seq.webui.guard import HEADERS, MAX_BODY
from seq2seq.webui.server import PageServer
from tests.webui.client import post
from tests.webui.fake_translator import FakeTranslator

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("path", ["run/translate", "api/translate", "run/predict", "upload"])
def test_routes_past_the_queue_and_uploads_are_closed(
    server: PageServer, translators: dict[str, FakeTranslator], path: str
) -> None:
    for body in ({"data": ["secret", 5, 1, "en-fr"]}, {"data": ["secret", 5, 1, "en-fr"], "fn_index": 0}):
        answer = post(server, path, body)
        assert answer.status_code == 404 and "secret" not in answer.text
    assert not translators["en-fr"].calls


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "gradio_api/file=/etc/passwd", 403),
        ("GET", "gradio_api/file=" + str(ROOT / "app.py"), 403),
        ("GET", "gradio_api/file=../../../etc/passwd", 404),
        ("GET", "gradio_api/proxy=http://127.0.0.1:1/", 400),
        ("POST", "gradio_api/call/secret", 422),
        ("GET", "openapi.json", 404),
        ("GET", "docs", 404),
        ("GET", "monitoring", 403),
    ],
)
def test_probes_are_refused_without_details(server: PageServer, method: str, path: str, status: int) -> None:
    answer = httpx.request(method, server.url + path)
    assert answer.status_code == status
    assert "passwd" not in answer.text and "secret" not in answer.text and "root:" not in answer.text


def test_unknown_functions_are_not_found(server: PageServer) -> None:
    assert post(server, "call/secret", {"data": []}).status_code == 404
    answer = post(server, "queue/join", {"data": [], "fn_index": 999, "session_hash": "x"})
    assert answer.status_code == 404 and answer.json() == {"detail": "There is no such function."}


def test_large_bodies_are_refused_before_they_are_read(server: PageServer) -> None:
    def chunks() -> Iterator[bytes]:
        yield from (b"x" * 10_000 for _ in range(200))

    target = f"{server.url}gradio_api/call/translate"
    for body in (b"x" * 2_000_000, chunks()):
        answer = httpx.post(target, content=body, headers={"content-type": "application/json"})
        assert answer.status_code == 413 and f"{MAX_BODY:,}" in answer.json()["detail"]
    with socket.create_connection(("127.0.0.1", httpx.URL(server.url).port or 0)) as raw:
        raw.sendall(b"POST /gradio_api/queue/join HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n")
        assert b" 413 " in raw.recv(200)  # though no byte of the body was sent


def test_every_answer_has_the_security_headers(server: PageServer) -> None:
    for answer in (
        httpx.get(server.url),
        httpx.get(f"{server.url}config"),
        httpx.get(f"{server.url}theme.css"),
        post(server, "run/translate", {}),
        post(server, "call/translate", 5),
    ):
        assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS


def test_closed_gate_refuses_new_translations_only(server: PageServer) -> None:
    server.gate.closed = True
    try:
        answer = post(server, "call/translate", {"data": ["a", 5, 1, "en-fr"]})
        assert answer.status_code == 503 and answer.json() == {"detail": "The server is stopping."}
        assert httpx.get(server.url).status_code == 200
    finally:
        server.gate.closed = False
    assert post(server, "call/translate", {"data": ["a", 5, 1, "en-fr"]}).status_code == 200


def test_scripts_are_asked_for_each_time(server: PageServer) -> None:
    answer = httpx.get(f"{server.url}page/main.js")
    assert answer.headers["cache-control"] == "no-cache" and "javascript" in answer.headers["content-type"]
    again = httpx.get(f"{server.url}page/main.js", headers={"if-none-match": answer.headers["etag"]})
    assert again.status_code == 304 and again.headers["cache-control"] == "no-cache"
    assert httpx.get(f"{server.url}page/../page.py").status_code == 404


def test_page_loads_nothing_from_elsewhere(server: PageServer, connections: list[object]) -> None:
    """The addresses in the page and its styles, and what the server itself tried to reach."""
    page = httpx.get(server.url).text
    loaded = re.findall(r"<(?:script|link|img|iframe)[^>]*(?:src|href)\s*=\s*[\"']([^\"']+)", page)
    assert loaded and not [address for address in loaded if "//" in address]
    styles = httpx.get(f"{server.url}theme.css").text + page
    assert not re.findall(r"(?:@import|url\()\s*[\"']?(?:https?:)?//", styles)
    assert connections == []
