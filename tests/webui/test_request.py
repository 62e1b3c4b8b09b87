"""Limits on a request, on every route."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("gradio")

from seq2seq.serving.request import MAX_CHARACTERS, InvalidRequest, Request, check_request
from seq2seq.webui.server import PageServer
from tests.webui.client import ROUTES, by_live, by_name
from tests.webui.fake_translator import FakeTranslator


@pytest.mark.parametrize("route", range(len(ROUTES)))
@pytest.mark.parametrize(
    ("data", "message"),
    [
        (["x" * (2 * MAX_CHARACTERS), 5, 1, "en-fr"], "10,000 characters; at most 5,000"),
        ([{"secret": "x"}, 5, 1, "en-fr"], "must be a string"),
        ([["secret"], 5, 1, "en-fr"], "must be a string"),
        ([7, 5, 1, "en-fr"], "must be a string"),
        (["secret\0", 5, 1, "en-fr"], "NUL"),
        (["secret\ud800", 5, 1, "en-fr"], "surrogate"),
        (["secret", 1_000_000, 1, "en-fr"], "beam_size must be a whole number from 1 to 10"),
        (["secret", 0, 1, "en-fr"], "beam_size"),
        (["secret", 5.5, 1, "en-fr"], "beam_size"),
        (["secret", True, 1, "en-fr"], "beam_size"),
        (["secret", "5", 1, "en-fr"], "beam_size"),
        (["secret", [5], 1, "en-fr"], "beam_size"),
        (["secret", 3, 4, "en-fr"], "n_best must be a whole number from 1 to the beam size, which is 3"),
        (["secret", None, 6, "en-fr"], "n_best must be a whole number from 1 to the beam size, which is 5"),
        (["secret", 3, -1, "en-fr"], "n_best"),
        (["secret", 3, None, "en-fr"], "n_best"),
        (["secret", 3, 1, "/etc/secret"], "models are: en-fr, slow, broken"),
        (["secret", 3, 1, {"secret": 1}], "no such model"),
        (["secret", 3, 1, "en-fr", ["secret"]], "glossary must be an object"),
        (["secret", 3, 1, "en-fr", {"secret": 5}], "glossary must be an object"),
        (["secret", 3, 1, "en-fr", {"": "secret"}], "glossary has an empty term"),
        (["secret", 3, 1, "en-fr", {"secret" * 20: ""}], "up to 100 characters"),
    ],
)
def test_limits_hold_on_every_route(
    server: PageServer, translators: dict[str, FakeTranslator], route: int, data: Any, message: str
) -> None:
    answer = ROUTES[route](server, data)
    assert message in answer
    assert "secret" not in answer and "Traceback" not in answer and "/" not in answer.partition("data:")[0]
    assert not any(translator.calls for translator in translators.values())


@pytest.mark.parametrize("route", range(len(ROUTES)))
@pytest.mark.parametrize("data", [[], "secret", None, 5, {"wrong": "secret"}])
def test_malformed_data_calls_no_model(
    server: PageServer, translators: dict[str, FakeTranslator], route: int, data: Any
) -> None:
    if ROUTES[route] is by_live and isinstance(data, dict | list):
        pytest.skip("an object without a text is an empty text there")
    answer = ROUTES[route](server, data)
    assert "secret" not in answer and ("event: error" in answer or "false" in answer or "detail" in answer)
    assert not any(translator.calls for translator in translators.values())


def test_longest_text_is_accepted_in_any_encoding_of_json(server: PageServer) -> None:
    text = "😀" * MAX_CHARACTERS  # 12 bytes each as JSON escapes
    assert "event: complete" in by_name(server, [text, 5, 1, "en-fr"])


def test_defaults_depend_on_the_model() -> None:
    default_beams = {"a": 4, "b": 7}
    assert check_request("x\r\ny\rz", None, 1, None, default_beams=default_beams) == Request(
        "x\ny\nz", 4, 1, "a"
    )
    assert check_request(None, None, 7, "b", default_beams=default_beams) == Request("", 7, 7, "b")
    assert check_request("x", 9, 9, "b", default_beams=default_beams).beam_size == 9
    with pytest.raises(
        InvalidRequest, match="n_best must be a whole number from 1 to the beam size"
    ) as error:
        check_request("x", None, 5, "a", default_beams=default_beams)
    assert error.value.field == "n_best"
