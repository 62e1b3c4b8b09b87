"""The translation service: directions, the limit on concurrent work, partial results, cancelling."""

from __future__ import annotations

from typing import Any

import pytest

from seq2seq.config import DecodingConfig
from seq2seq.serving.limits import MAX_CONCURRENT
from seq2seq.serving.request import Request
from seq2seq.serving.service import (
    PartialResult,
    TranslationFailed,
    TranslationService,
    reverse_of,
)
from seq2seq.serving.turns import Turns
from seq2seq.translation import Translation
from tests.webui.fake_translator import FakeTranslator, NotingTranslator


def service_of(**translators: FakeTranslator) -> TranslationService:
    return TranslationService(translators)  # type: ignore[arg-type]


def request(service: TranslationService, text: str) -> Request:
    return service.check(text, 5, 1, None)


def test_abandoned_request_holds_no_turn() -> None:
    translator = FakeTranslator()
    service = service_of(x=translator)
    results = service.translate(request(service, "a\nb\nc\nd\ne\nf"))
    assert next(results) == PartialResult(Translation("A\n"), last=False)
    assert next(results) == PartialResult(Translation("A\nB\nC\n"), last=False)
    results.close()  # type: ignore[attr-defined]
    assert translator.calls == ["a", "b", "c"]
    assert service.turns.free == MAX_CONCURRENT


def test_only_the_sentence_that_changes_is_translated_again() -> None:
    translator = FakeTranslator()
    service = service_of(x=translator, y=FakeTranslator())

    def translate(text: str, beam_size: int = 5) -> str:
        return list(service.translate(service.check(text, beam_size, 1, "x")))[-1].translation.text

    assert translate("One. Two. One.") == "ONE. TWO. ONE."
    assert translator.calls == ["One.", "Two."]
    assert translate("One. Two! One.") == "ONE. TWO! ONE."
    assert translator.calls == ["One.", "Two.", "Two!"]
    assert translate("One.", beam_size=3) == "ONE."
    assert translator.calls[3:] == ["One."]  # other options, another translation


def test_source_words_have_their_places_in_the_whole_text() -> None:
    text = "  Good morning. How are you?\n\nFine."
    service = service_of(x=FakeTranslator())
    translation = list(service.translate(request(service, text)))[-1].translation
    assert translation.text == "GOOD MORNING. HOW ARE YOU?\n\nFINE."
    words = [(text[w.start : w.end], w.text) for w in translation.source_words]
    assert words == [(word, word) for word in text.split()]
    assert [translation.text[w.start : w.end] for w in translation.words] == text.upper().split()


def test_notes_of_sentences_are_given_once() -> None:
    service = service_of(x=NotingTranslator())
    whole = list(service.translate(request(service, "Ja? Nein? Yes.")))[-1].translation
    assert whole.note == "this does not look like English" and whole.text == "Ja? Nein? YES."
    assert list(service.translate(request(service, "Yes.")))[-1].translation.note == ""


def test_lines_are_not_split_for_a_model_of_whole_lines() -> None:
    translator = FakeTranslator(decoding=DecodingConfig(sentences=False))
    list(service_of(x=translator).translate(Request("One. Two.\n Three.", 5, 1, "x")))
    assert translator.calls == ["One. Two.", "Three."]


def test_failed_request_holds_no_turn() -> None:
    service = service_of(x=FakeTranslator(error=ValueError("secret")))
    for _ in range(MAX_CONCURRENT + 1):
        with pytest.raises(TranslationFailed, match="could not translate"):
            list(service.translate(request(service, "a")))


def test_request_without_a_turn_is_told_that_the_server_is_busy() -> None:
    service = service_of(x=FakeTranslator())
    service.turns = Turns(0, timeout=0.05)
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


def test_reverse_direction_is_that_of_the_same_model_if_it_has_one() -> None:
    both = (("en", "fr"), ("fr", "en"))
    service = service_of(
        back=FakeTranslator(directions=both[1:]), many=FakeTranslator(directions=both), x=FakeTranslator()
    )
    reverses = {name: reverse_of(name, service.directions) for name in service.directions}
    assert reverses == {
        "back": "many:en-fr",
        "many:en-fr": "many:fr-en",
        "many:fr-en": "many:en-fr",
        "x": "back",
    }
    assert reverse_of("x", service_of(x=FakeTranslator()).directions) is None


@pytest.mark.parametrize(("beam_size", "expected"), [(1, 1), (8, 8), (200, 10)])
def test_default_beam_size_is_that_of_the_model_up_to_the_limit(beam_size: int, expected: int) -> None:
    service = service_of(x=FakeTranslator(decoding=DecodingConfig(beam_size=beam_size)))
    checked: Any = service.check("a", None, 1, None)
    assert checked.beam_size == service.directions["x"].beam_size == expected


def test_a_model_that_does_not_say_its_languages_is_served() -> None:
    translator = FakeTranslator(directions=())
    service = service_of(x=translator)
    direction = service.directions["x"]
    assert (direction.source_language, direction.target_language) == ("", "")
    assert [*service.translate(request(service, "a"))][-1].translation.text == "A"
    assert translator.options[-1]["target_language"] is None
