"""The tab that translates: the choice of model and direction, and the numbers that it begins with."""

from __future__ import annotations

import re
from typing import Any

import pytest

pytest.importorskip("gradio")

from seq2seq.config import DecodingConfig
from seq2seq.webui import build_page
from tests.webui.fake_translator import FakeTranslator


def page_of(**translators: FakeTranslator) -> Any:
    return build_page(translators)  # type: ignore[arg-type]


def tab_of(**translators: FakeTranslator) -> str:
    """HTML of the tab."""
    blocks = page_of(**translators).blocks.values()
    return next(
        block.value for block in blocks if type(block).__name__ == "HTML" and 'id="translator"' in block.value
    )


def choices(html: str) -> list[tuple[str, str]]:
    menu = html.partition('<select id="model">')[2].partition("</select>")[0]
    return re.findall(r'<option value="([^"]*)">([^<]*)</option>', menu)


def test_every_direction_of_every_model_can_be_chosen() -> None:
    directions = (("en", "fr"), ("fr", "en"), ("en", "de"))
    html = tab_of(many=FakeTranslator(directions=directions), x=FakeTranslator(directions=(("zh", "en"),)))
    assert '<div class="choice-of-model">' in html
    assert choices(html) == [
        ("many:en-fr", "English → French · many"),
        ("many:fr-en", "French → English · many"),
        ("many:en-de", "English → German · many"),
        ("x", "Chinese → English · x"),
    ]


def test_choice_is_hidden_where_the_swap_button_is_enough() -> None:
    hidden = '<div class="choice-of-model" hidden>'
    assert hidden in tab_of(a=FakeTranslator(), b=FakeTranslator(directions=(("fr", "en"),)))
    assert hidden in tab_of(a=FakeTranslator())


@pytest.mark.parametrize(("beam_size", "best"), [(1, 1), (8, 3)])
def test_numbers_begin_at_the_beam_size_of_the_model(beam_size: int, best: int) -> None:
    html = tab_of(x=FakeTranslator(decoding=DecodingConfig(beam_size=beam_size)))
    assert f'data-beam="{beam_size}" data-best="{best}"' in html


def test_title_names_the_languages() -> None:
    assert page_of(x=FakeTranslator(directions=(("zh", "en"),))).title == "Chinese → English · seq2seq"
