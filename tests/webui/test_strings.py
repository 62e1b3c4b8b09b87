"""Texts of the interface: the same names and values in all languages, and who gets which language."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("gradio")

from seq2seq.webui import strings

ROOM = Path(strings.__file__).parent
VALUES = re.compile(r"\{(\w+)\}")


def test_languages_have_the_same_texts_with_the_same_values() -> None:
    english = strings.table("en")
    for language in strings.LANGUAGES:
        table = strings.table(language)
        assert table.keys() == english.keys()
        different = [
            key for key in english if set(VALUES.findall(english[key])) != set(VALUES.findall(table[key]))
        ]
        assert different == []


def test_browser_knows_the_languages() -> None:
    early = (ROOM / "static" / "early.js").read_text(encoding="utf-8")
    assert re.findall(r"known = (\[.*?\])", early) == [str(list(strings.LANGUAGES)).replace("'", '"')]


@pytest.mark.parametrize(
    ("cookies", "accepted", "expected"),
    [
        ({}, "zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ({}, "de-DE,en;q=0.8", "en"),
        ({}, "", "en"),
        ({"seq2seq_language": "en"}, "zh", "en"),
        ({"seq2seq_language": "xx"}, "zh", "zh"),
    ],
)
def test_language_is_that_of_the_browser_or_the_chosen_one(
    cookies: dict[str, str], accepted: str, expected: str
) -> None:
    request: Any = SimpleNamespace(cookies=cookies, headers={"accept-language": accepted})
    assert strings.language_of(request) == expected


def test_texts_and_attributes_are_escaped_and_named() -> None:
    made = strings.html("button", "menu.none", class_="a", data_x='"<', title="say:menu.none", disabled=True)
    text = strings.say("menu.none")
    assert made == (
        f'<button data-text="menu.none" class="a" data-x="&quot;&lt;" title="{text}" data-title="menu.none" '
        f"disabled>{text}</button>"
    )
    with pytest.raises(KeyError):
        strings.label("menu.nothing")
