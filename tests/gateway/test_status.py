"""`/healthz` and `/metrics`, the limits of a server, and the path of a proxy."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.gateway.conftest import USER

httpx = pytest.importorskip("httpx")

LINE = re.compile(r'(seq2seq_\w+(?:\{\w+="[^"]+"\})?) (\d[\d.e+]*)')


def figures(server: Any) -> dict[str, float]:
    """All figures by their names, read as Prometheus does."""
    answer = httpx.get(f"{server.url}metrics", auth=USER)
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = [line for line in answer.text.splitlines() if not line.startswith("#")]
    found = [LINE.fullmatch(line) for line in lines]
    assert lines and all(found)
    return {match[1]: float(match[2]) for match in found if match}


def post(server: Any, text: str) -> Any:
    return httpx.post(f"{server.url}live", json={"text": text}, auth=USER, timeout=30)


def test_health_says_what_is_served(server: Any) -> None:
    body = httpx.get(f"{server.url}healthz").json()
    assert body == {"status": "ready", "models": ["en-fr"], "queue": {"length": 0, "limit": 4}}


def test_health_says_that_the_server_stops(server: Any) -> None:
    server.gate.closed = True
    try:
        answer = httpx.get(f"{server.url}healthz")
        assert answer.status_code == 503 and answer.json()["status"] == "stopping"
    finally:
        server.gate.closed = False


def test_requests_are_counted(server: Any) -> None:
    before = figures(server)
    for text in ("one two", "three"):
        assert post(server, text).status_code == 200
    after = figures(server)
    grown = {name: after[name] - before[name] for name in after}
    assert grown['seq2seq_requests_total{kind="translation"}'] == 2
    assert grown["seq2seq_characters_total"] == 12
    assert grown["seq2seq_request_seconds_count"] == grown['seq2seq_request_seconds_bucket{le="+Inf"}'] == 2
    assert 0.04 <= grown["seq2seq_request_seconds_sum"] < 10
    assert after["seq2seq_running"] == grown["seq2seq_errors_total"] == grown["seq2seq_busy_total"] == 0
    assert after["seq2seq_memory_bytes"] > 50e6


def test_failures_are_counted(server: Any, translator: Any) -> None:
    before = figures(server)
    translator.error = RuntimeError("secret")
    try:
        assert '"error"' in post(server, "a text that fails").text
    finally:
        translator.error = None
    assert figures(server)["seq2seq_errors_total"] - before["seq2seq_errors_total"] == 1


def test_a_full_queue_refuses_and_is_counted(server: Any) -> None:
    before = figures(server)["seq2seq_busy_total"]
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda n: post(server, "\n".join(f"{n}, {m}" for m in range(20))), range(16)))
    refused = [answer for answer in answers if answer.status_code == 503]
    assert 1 <= len(refused) <= 12  # four of 16 find a place
    assert all("busy" in answer.json()["detail"] for answer in refused)
    assert all('"done": true' in answer.text for answer in answers if answer.status_code == 200)
    assert figures(server)["seq2seq_busy_total"] - before == len(refused)


def test_the_limit_on_characters_is_that_of_the_server(server: Any) -> None:
    answer = post(server, "x" * 201)
    assert answer.status_code == 422 and "at most 200 are allowed" in answer.json()["detail"]
    assert 'data-limit=\\"200\\"' in httpx.get(server.url, auth=USER).text


def test_addresses_in_the_page_begin_with_the_path_of_the_proxy(server: Any) -> None:
    headers = {"host": "example.org"}
    config = httpx.get(f"{server.url}config", auth=USER, headers=headers).json()
    assert config["root"] == "http://example.org/translate"
    for path in ("page/main.js", "page/strings.json", "theme.css"):  # as the proxy passes them on
        assert httpx.get(server.url + path, auth=USER).status_code == 200
    for path in ("page/none.js", "page/%2e%2e/page.py", "page/"):
        assert httpx.get(server.url + path, auth=USER).status_code == 404
