"""The endpoint `/translate`: what it returns, and what it says about a failure."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("gradio")

import httpx
from gradio_client import Client  # type: ignore[import-untyped]

from seq2seq.config import DecodingConfig
from seq2seq.gateway.endpoint import result
from seq2seq.translation import Translation, Word
from seq2seq.webui.server import PageServer
from tests.webui.client import ROUTES, by_name, by_queue
from tests.webui.fake_translator import FakeTranslator, in_capitals


def test_endpoint_returns_what_the_translator_returns(
    server: PageServer, translators: dict[str, FakeTranslator], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)  # the client would ask the Hub
    client = Client(server.url, verbose=False, analytics_enabled=False)
    text, result = client.predict("Good morning.", 5, 3, "en-fr", api_name="/translate")
    expected = in_capitals("Good morning.", n_best=3)
    assert text == expected.text == result["text"]
    assert result["model"] == "en-fr" and result["done"] is True
    assert (result["score"], result["log_prob"], result["confidence"]) == (-0.5, -1.5, 0.6)
    assert result["target_tokens"] == expected.target_tokens
    assert result["words"][1] == {
        "text": "MORNING.",
        "start": 5,
        "end": 13,
        "confidence": 0.75,
        "has_alternatives": False,
    }
    assert [tuple(pair) for pair in result["alignment"]] == expected.alignment
    assert [other["text"] for other in result["alternatives"]] == ["GOOD MORNING. 2", "GOOD MORNING. 3"]
    assert client.predict("a\n\nb c", api_name="/translate")[0] == "A\n\nB C"
    assert translators["en-fr"].calls == ["Good morning.", "a", "b c"]


def test_alignment_points_to_source_words_that_are_returned() -> None:
    """Two words that change places: each alignment must name both words by what the result holds."""
    translation = Translation(
        "voiture rouge",
        source_words=(Word("red", 0, 3), Word("car", 4, 7)),
        words=(Word("voiture", 0, 7, 0.5), Word("rouge", 8, 13, 0.5)),
        alignment=[(1, 0), (0, 1)],
    )
    values = json.loads(json.dumps(result(translation, "en-fr", done=True)))
    pairs = [
        (values["source_words"][source]["text"], values["words"][target]["text"])
        for source, target in values["alignment"]
    ]
    assert pairs == [("car", "voiture"), ("red", "rouge")]


def test_without_beam_size_the_model_s_own_is_used(
    server: PageServer, translators: dict[str, FakeTranslator], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, beam_size, expected in (("en-fr", 3, 3), ("slow", 200, 10)):
        monkeypatch.setattr(translators[name], "decoding", DecodingConfig(beam_size=beam_size))
        assert "event: complete" in by_name(server, ["a", None, 1, name])
        assert translators[name].options[-1]["beam_size"] == expected


def test_beam_size_may_be_left_out_by_programs(server: PageServer) -> None:
    endpoint = httpx.get(f"{server.url}gradio_api/info").json()["named_endpoints"]["/translate"]
    defaults = {item["parameter_name"]: item["parameter_default"] for item in endpoint["parameters"][1:]}
    assert defaults == {"beam_size": None, "n_best": 1, "model": "en-fr", "glossary": None}


@pytest.mark.parametrize(
    "data", [["Good morning."], {"text": "Good morning."}, {"n_best": 1, "text": "Good morning."}]
)
def test_arguments_that_are_left_out_have_their_defaults(server: PageServer, data: object) -> None:
    for route in (by_name, by_queue):
        assert "GOOD MORNING." in route(server, data)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (["secret", 5, 1, "en-fr", None, "secret"], "/translate takes 5 arguments, not 6: text, beam_size"),
        (
            {"text": "secret", "beam": 5},
            "/translate has no argument 'beam'. Its arguments are text, beam_size",
        ),
        ({"beam_size": 5}, "text is missing"),
        ([], "text is missing"),
        ("secret", "data must be a list of arguments or an object of them"),
    ],
)
def test_wrong_arguments_are_named_and_nothing_is_logged(
    server: PageServer, data: object, message: str, capfd: pytest.CaptureFixture[str]
) -> None:
    for route in (by_name, by_queue):
        answer = json.loads(route(server, data))["detail"]
        assert message in answer and "secret" not in answer
    out, err = capfd.readouterr()
    assert "secret" not in out + err and "Traceback" not in out + err


def test_glossary_reaches_the_translator(server: PageServer, translators: dict[str, FakeTranslator]) -> None:
    assert "event: complete" in by_name(server, {"text": "a b", "glossary": {"a": "x", "b": ""}})
    assert translators["en-fr"].options[-1]["glossary"] == {"a": "x", "b": ""}


def test_translate_is_the_only_public_endpoint(server: PageServer) -> None:
    description = httpx.get(f"{server.url}gradio_api/info").json()
    assert list(description["named_endpoints"]) == ["/translate"] and not description["unnamed_endpoints"]
    parameters = description["named_endpoints"]["/translate"]["parameters"]
    assert [item["parameter_name"] for item in parameters] == [
        *("text", "beam_size", "n_best", "model", "glossary")
    ]
    assert len(description["named_endpoints"]["/translate"]["returns"]) == 2


def test_error_of_a_model_is_not_revealed(server: PageServer, translators: dict[str, FakeTranslator]) -> None:
    translators["broken"].error = RuntimeError("/home/someone/model: cannot translate 'secret'")
    for route in ROUTES:
        answer = route(server, ["secret", 5, 1, "broken"])
        assert "could not translate this text" in answer
        assert "secret" not in answer and "/home" not in answer and "RuntimeError" not in answer
