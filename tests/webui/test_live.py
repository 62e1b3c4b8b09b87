"""The routes by which the page translates: limits, breaking off, other words, completion."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

pytest.importorskip("gradio")

import httpx

from seq2seq.serving.limits import MAX_CONCURRENT
from seq2seq.webui.server import PageServer
from tests.webui.client import by_name, post, wait_until
from tests.webui.fake_translator import FakeTranslator


def test_no_more_requests_compute_at_once_than_allowed(
    server: PageServer, translators: dict[str, FakeTranslator]
) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: by_name(server, [f"text {n}", 5, 1, "slow"]), range(8)))
    assert all(f"TEXT {n}" in answer for n, answer in enumerate(answers))
    assert 1 <= translators["slow"].most_running <= MAX_CONCURRENT


TEXT = "\n".join(f"line {n}" for n in range(60))


def test_broken_off_request_stops_before_the_next_batch(
    server: PageServer, translators: dict[str, FakeTranslator]
) -> None:
    body = {"text": TEXT, "beam_size": 5, "n_best": 1, "model": "slow"}  # 6 seconds
    with httpx.stream("POST", f"{server.url}live", json=body, timeout=30) as answer:
        first = json.loads(next(answer.iter_lines()))
    assert [one["text"] for one in first["sentences"]] == ["LINE 0"]
    wait_until(lambda: not translators["slow"].running)
    time.sleep(1.0)
    assert 1 <= len(translators["slow"].calls) <= 3


def test_other_words_of_a_place_and_the_sentences_that_follow(
    server: PageServer, translators: dict[str, FakeTranslator]
) -> None:
    body = {
        "text": "a red car",
        "before": "UNE ",
        "word": "VOITURE",
        "after": " ROUGE",
        "glossary": {"a": "b"},
    }
    made = post(server, "live/alternatives", body).json()["alternatives"]
    assert [one["word"] for one in made] == ["VOITURE-VOITURE", "VOITURE-VOITURE-VOITURE"]
    assert made[0]["sentence"]["text"] == "UNE VOITURE-VOITURE ROUGE"
    assert made[0]["sentence"]["words"][1][:2] == [4, 19]
    assert translators["en-fr"].options[-1] == {
        "target_language": "fr",
        "glossary": {"a": "b"},
        "beam_size": 5,
        "n": 6,
    }


def test_completion_goes_on_from_what_is_typed(server: PageServer) -> None:
    made = post(server, "live/completion", {"text": "a red car", "prefix": "A B"}).json()
    assert [one["text"] for one in made["words"]] == [" NEXT", "X"]
    assert made["sentence"]["text"] == "A BED CAR"


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("live/alternatives", {"text": "secret", "before": "", "word": " ", "after": ""}, "word"),
        ("live/alternatives", {"text": "secret", "before": 5, "word": "x"}, "before"),
        ("live/alternatives", {"text": "secret", "word": "x" * 6000}, "word"),
        ("live/completion", {"text": "secret", "prefix": ["x"]}, "prefix"),
        ("live/completion", {"text": "secret" * 1000, "prefix": ""}, "text"),
        ("live", {"text": "secret", "session": 5}, "session"),
        ("live", {"text": "secret", "session": "x" * 65}, "session"),
    ],
)
def test_wrong_values_are_named(server: PageServer, path: str, body: object, field: str) -> None:
    answer = post(server, path, body)
    assert answer.status_code == 422 and answer.json()["field"] == field and "secret" not in answer.text


def test_failure_is_not_revealed(server: PageServer, translators: dict[str, FakeTranslator]) -> None:
    """The fake translator has no tokenizer, so a text that is being typed fails in `LiveTranslator`."""
    answer = post(server, "live", {"text": "secret", "session": "x"})
    assert json.loads(answer.text) == {"error": "The model could not translate this text."}


def leave(server: PageServer, client: httpx.Client, number: int) -> None:
    """Leave after the first line of a long answer."""
    body = {"text": TEXT.replace("line", f"line {number}"), "model": "slow"}
    with client.stream("POST", f"{server.url}live", json=body) as answer:
        assert next(answer.iter_lines())


def cancel(server: PageServer, client: httpx.Client, number: int) -> None:
    """Cancel a call of the endpoint for programs after its first result."""
    url = f"{server.url}gradio_api/"
    call = {"session_hash": f"session {number}", "fn_index": next(iter(server.page.fns))}
    data = {"text": TEXT.replace("line", f"text {number}"), "model": "slow"}
    event = client.post(f"{url}queue/join", json={"data": data, **call}).json()
    with client.stream("GET", f"{url}queue/data", params={"session_hash": call["session_hash"]}) as answer:
        assert next(line for line in answer.iter_lines() if "process_generating" in line)
        assert client.post(f"{url}cancel", json={**call, **event}).status_code == 200


@pytest.mark.parametrize("give_up", [leave, cancel])
def test_a_hundred_clients_that_give_up_leave_no_work(
    server: PageServer,
    translators: dict[str, FakeTranslator],
    monkeypatch: pytest.MonkeyPatch,
    give_up: Callable[[PageServer, httpx.Client, int], None],
) -> None:
    monkeypatch.setattr(translators["slow"], "seconds", 0.005)
    with ThreadPoolExecutor(10) as pool, httpx.Client(timeout=60) as client:
        list(pool.map(lambda number: give_up(server, client, number), range(100)))
    wait_until(lambda: not translators["slow"].running, seconds=0.5)
    number = len(translators["slow"].calls)
    time.sleep(0.3)
    assert 100 <= len(translators["slow"].calls) == number < 100 * 30  # of 60 lines each
    assert 1 <= translators["slow"].most_running <= MAX_CONCURRENT
    service = server.page.service
    wait_until(lambda: service.metrics.running == 0, seconds=2)
    assert service.turns.free == MAX_CONCURRENT
