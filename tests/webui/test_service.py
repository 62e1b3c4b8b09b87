"""The translation service: directions, the limit on concurrent work, partial results, cancelling."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

pytest.importorskip("gradio")

from seq2seq.config import DecodingConfig
from seq2seq.webui.request import Request
from seq2seq.webui.server import PageServer
from seq2seq.webui.service import MAX_CONCURRENT, TranslationFailed, TranslationService
from tests.webui.client import by_name, function_index, post, wait_until
from tests.webui.fake_translator import FakeTranslator


def service_of(**translators: FakeTranslator) -> TranslationService:
    return TranslationService(translators)  # type: ignore[arg-type]


def request(service: TranslationService, text: str) -> Request:
    return service.check(text, 5, 1, None)


def test_no_more_requests_compute_at_once_than_allowed(
    server: PageServer, translators: dict[str, FakeTranslator]
) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: by_name(server, [f"text {n}", 5, 1, "slow"]), range(8)))
    assert all(f"TEXT {n}" in answer for n, answer in enumerate(answers))
    assert 1 <= translators["slow"].most_running <= MAX_CONCURRENT


def test_cancelled_request_stops_at_the_next_line(
    server: PageServer, translators: dict[str, FakeTranslator]
) -> None:
    session, text = "cancelled", "\n".join(f"line {n}" for n in range(100))  # 10 seconds
    index = function_index(server, "page")
    body = {"data": [text, 5, 1, "slow"], "fn_index": index, "session_hash": session}
    event = post(server, "queue/join", body).json()["event_id"]
    wait_until(lambda: len(translators["slow"].calls) >= 2)
    post(server, "cancel", {"session_hash": session, "fn_index": index, "event_id": event})
    wait_until(lambda: not translators["slow"].running)
    time.sleep(0.4)
    done = len(translators["slow"].calls)
    time.sleep(0.5)
    assert len(translators["slow"].calls) == done < 20


def test_abandoned_request_holds_no_slot() -> None:
    translator = FakeTranslator(seconds=0.06)
    service = service_of(x=translator)
    results = service.translate(request(service, "a\nb\nc\nd\ne\nf"))
    first = next(results)
    assert not first.last and first.translation.text == "A\nB"  # after two lines 0.1 seconds have passed
    results.close()  # type: ignore[attr-defined]
    assert translator.calls == ["a", "b"]
    free = [service.slots.acquire(blocking=False) for _ in range(MAX_CONCURRENT + 1)]
    assert free == [True] * MAX_CONCURRENT + [False]


def test_failed_request_holds_no_slot() -> None:
    service = service_of(x=FakeTranslator(error=ValueError("secret")))
    for _ in range(MAX_CONCURRENT + 1):
        with pytest.raises(TranslationFailed, match="could not translate"):
            list(service.translate(request(service, "a")))


def test_request_without_a_slot_is_told_that_the_server_is_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seq2seq.webui.service.SLOT_TIMEOUT", 0.05)
    service = service_of(x=FakeTranslator())
    for _ in range(MAX_CONCURRENT):
        service.slots.acquire()
    with pytest.raises(TranslationFailed, match="busy"):
        list(service.translate(request(service, "a")))


@pytest.mark.parametrize("text", ["", " ", "\n\n", "a", "a\nb", "\na\n", "a\r\nb\rc"])
def test_as_many_lines_out_as_in(text: str) -> None:
    translator = FakeTranslator()
    service = service_of(x=translator)
    last = list(service.translate(request(service, text)))[-1]
    assert last.last and last.translation.text == text.upper().replace("\r\n", "\n").replace("\r", "\n")
    assert all(call.strip() for call in translator.calls)  # blank lines are not translated


def test_model_with_several_directions_is_served_once_for_each() -> None:
    many = FakeTranslator(directions=(("en", "fr"), ("fr", "en"), ("en", "de")))
    service = service_of(one=FakeTranslator(directions=(("zh", "en"),)), many=many)
    assert list(service.directions) == ["one", "many:en-fr", "many:fr-en", "many:en-de"]
    for name, target in (("many:fr-en", "en"), ("many:en-de", "de"), ("many:en-fr", "fr")):
        list(service.translate(service.check("a", None, 1, name)))
        assert many.options[-1]["target_language"] == target
    direction = service.directions["many:fr-en"]
    assert (direction.model, direction.source_language) == ("many", "fr")


@pytest.mark.parametrize(("beam_size", "expected"), [(1, 1), (8, 8), (200, 10)])
def test_default_beam_size_is_that_of_the_model_up_to_the_limit(beam_size: int, expected: int) -> None:
    service = service_of(x=FakeTranslator(decoding=DecodingConfig(beam_size=beam_size)))
    checked: Any = service.check("a", None, 1, None)
    assert checked.beam_size == service.directions["x"].beam_size == expected
