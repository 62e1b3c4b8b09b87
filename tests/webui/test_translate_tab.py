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
    (choice,) = components(page_of(many=FakeTranslator(directions=(("en", "fr"), ("fr", "en")))), "Radio")
    assert choice.visible
    assert choice.choices == [
        ("English → French · many", "many:en-fr"),
        ("French → English · many", "many:fr-en"),
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


def test_sliders_follow_the_choice_of_the_model() -> None:
    page = page_of(
        x=FakeTranslator(), y=FakeTranslator(directions=(("fr", "de"),), decoding=DecodingConfig(beam_size=2))
    )
    (show,) = (
        function.fn
        for function in page.fns.values()
        if function.fn is not None and [type(item).__name__ for item in function.outputs].count("Slider") == 2
    )
    source, target, *_, beam_size, n_best = show("y")
    assert "French" in source and "German" in target and (beam_size, n_best) == (2, 2)
    assert show("x")[-2:] == show(7)[-2:] == (5, 3)


def test_title_names_the_languages() -> None:
    assert page_of(x=FakeTranslator(directions=(("zh", "en"),))).title == "Chinese → English · seq2seq"
