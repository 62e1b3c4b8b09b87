"""The tab that translates: the choice of model and direction, and the defaults of its sliders."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("gradio")

import httpx

from seq2seq.config import DecodingConfig
from seq2seq.webui import build_page
from seq2seq.webui.server import PageServer
from tests.webui.fake_translator import FakeTranslator


def components(page: Any, kind: str) -> list[Any]:
    return [block for block in page.blocks.values() if type(block).__name__ == kind]


def page_of(**translators: FakeTranslator) -> Any:
    return build_page(translators)  # type: ignore[arg-type]


def test_model_can_be_chosen_among_several(server: PageServer) -> None:
    config = httpx.get(f"{server.url}config").json()
    radio = next(item for item in config["components"] if item["type"] == "radio")
    assert [value for _, value in radio["props"]["choices"]] == ["en-fr", "slow", "broken"]
    assert radio["props"]["choices"][1][0] == "English → German · slow"


def test_every_direction_of_a_model_can_be_chosen() -> None:
    directions = (("en", "fr"), ("fr", "en"), ("en", "de"))
    (choice,) = components(page_of(many=FakeTranslator(directions=directions)), "Radio")
    assert choice.visible
    assert choice.choices == [
        ("English → French · many", "many:en-fr"),
        ("French → English · many", "many:fr-en"),
        ("English → German · many", "many:en-de"),
    ]


def test_more_than_six_directions_are_a_list() -> None:
    directions = tuple(("en", code) for code in ("bg", "cs", "da", "de", "el", "es", "et"))
    page = page_of(many=FakeTranslator(directions=directions))
    assert not components(page, "Radio")
    (choice,) = components(page, "Dropdown")
    assert len(choice.choices) == 7


@pytest.mark.parametrize(
    ("beam_size", "expected"),
    [(1, {"Beam size": 1, "Translations": 1}), (8, {"Beam size": 8, "Translations": 3})],
)
def test_sliders_begin_at_the_beam_size_of_the_model(beam_size: int, expected: dict[str, int]) -> None:
    page = page_of(x=FakeTranslator(decoding=DecodingConfig(beam_size=beam_size)))
    assert {slider.label: slider.value for slider in components(page, "Slider")} == expected


def test_choice_is_hidden_where_the_swap_button_is_enough() -> None:
    pair = page_of(a=FakeTranslator(), b=FakeTranslator(directions=(("fr", "en"),)))
    assert components(pair, "Radio")[0].visible == "hidden"
    assert components(page_of(a=FakeTranslator()), "Radio")[0].visible is False


def test_title_names_the_languages() -> None:
    assert page_of(x=FakeTranslator(directions=(("zh", "en"),))).title == "Chinese → English · seq2seq"
