"""Requests to a running page, by all the routes that gradio offers."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Callable
from typing import Any

import httpx

from seq2seq.webui.server import PageServer


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def post(server: PageServer, path: str, body: Any) -> httpx.Response:
    """Send JSON, in ASCII so that lone surrogates can be sent."""
    headers = {"content-type": "application/json"}
    prefix = "" if path.startswith("live") else "gradio_api/"
    return httpx.post(f"{server.url}{prefix}{path}", content=json.dumps(body), headers=headers, timeout=30)


def by_name(server: PageServer, data: Any) -> str:
    """What the endpoint answers to raw data: the body of an HTTP error, or the stream of events."""
    answer = post(server, "call/translate", {"data": data})
    if answer.status_code != 200:
        return error_text(answer)
    return httpx.get(f"{server.url}gradio_api/call/translate/{answer.json()['event_id']}", timeout=30).text


def by_live(server: PageServer, data: Any) -> str:
    """The same through the route that the page itself uses."""
    names = ("text", "beam_size", "n_best", "model", "glossary")
    body = dict(zip(names, data, strict=False)) if isinstance(data, list) else data
    answer = post(server, "live", body)
    return answer.text if answer.status_code == 200 else error_text(answer)


def function_index(server: PageServer, name: str) -> int:
    """The number of the function that gradio knows as `name`."""
    config = httpx.get(f"{server.url}config").json()
    return next(item["id"] for item in config["dependencies"] if item["api_name"] == name)


def by_queue(server: PageServer, data: Any) -> str:
    """The same through the queue, as pages made with gradio call their functions."""
    session, index = os.urandom(6).hex(), function_index(server, "translate")
    answer = post(server, "queue/join", {"data": data, "fn_index": index, "session_hash": session})
    if answer.status_code != 200:
        return error_text(answer)
    return httpx.get(f"{server.url}gradio_api/queue/data?session_hash={session}", timeout=30).text


def error_text(answer: httpx.Response) -> str:
    assert 400 <= answer.status_code < 500, answer.text
    return answer.text


ROUTES: list[Callable[[PageServer, Any], str]] = [
    by_name,
    by_queue,
    by_live,
]


def wait_until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not true within {seconds} seconds"
        time.sleep(0.01)
