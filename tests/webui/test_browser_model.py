"""The page with a bundled model in a real browser: what it shows is what the library computes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("gradio")

from seq2seq import Translator
from seq2seq.translation import Translation
from seq2seq.webui import build_page
from seq2seq.webui.server import start
from tests.webui.browser import CHROMIUM, Browser
from tests.webui.client import unused_port

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine")

TEXT = "She has been reading the same old book since noon."
ANSWER = "document.querySelector('#result:not(.stale) .translation:not(.empty)')?.textContent"
DONE = "document.querySelector('#announcer').textContent"


@pytest.fixture(scope="module")
def translator() -> Translator:
    return Translator.from_pretrained("en-fr")


@pytest.fixture
def page(translator: Translator, connections: list[Any]) -> Iterator[Browser]:
    server = start(build_page({"en-fr": translator}), port=unused_port())  # type: ignore[arg-type]
    with Browser() as browser:
        browser.size(1200, 900)
        browser.open(server.url, ready="!!window.seq2seq")
        browser.evaluate("window.texts = (s) => [...document.querySelectorAll(s)].map((e) => e.textContent)")
        yield browser
        assert browser.errors == []
    server.close()


def shown(page: Browser, selector: str) -> list[str]:
    return list(page.evaluate(f"texts({json.dumps(selector)})"))


def wait_for(page: Browser, answer: str) -> None:
    page.wait(f"{ANSWER} === {json.dumps(answer)}")


def focus(page: Browser, number: int) -> None:
    page.evaluate(f"document.querySelector('#result .word[data-word=\"{number}\"]').focus()")


def counterparts(translation: Translation, number: int) -> list[str]:
    """The words of the source that are aligned to a word of the translation."""
    return [translation.source_words[s].text for s, target in translation.alignment if target == number]


def test_page_shows_what_the_library_computes(page: Browser, translator: Translator) -> None:
    expected = translator.translate(TEXT, n_best=3)
    page.click("#source textarea")
    page.type(TEXT)
    page.wait(f"{DONE}.includes({json.dumps(expected.text)})")
    wait_for(page, expected.text)
    assert shown(page, "#result .word") == [word.text for word in expected.words]
    assert shown(page, "#result .word.choice") == [
        word.text for word in expected.words if word.has_alternatives
    ]
    assert shown(page, "#others li span:first-child") == [other.text for other in expected.alternatives]
    for number, word in enumerate(expected.words):
        focus(page, number)
        assert shown(page, "#mirror mark") == counterparts(expected, number)
        assert shown(page, "#result .word.on") == [word.text]

    # Another word, and the sentence that follows from it.
    number, others = next(
        (n, found)
        for n in range(len(expected.words))
        if (found := translator.alternatives(TEXT, expected, n))
    )
    focus(page, number)
    page.press("Enter")
    page.wait("texts('#menu strong').length > 0")
    assert shown(page, "#menu strong")[: len(others)] == [other.word for other in others]
    page.press("Enter")
    wait_for(page, others[0].translation.text)

    # The rest is completed.
    page.click("[data-action=edit]")
    page.type("Depuis ")
    completed = translator.translate(TEXT, prefix="Depuis ").text
    page.wait(f"texts('.draft, .ghost').join('') === {json.dumps(completed)}")
    page.press("Enter")
    wait_for(page, completed)

    # A term of the glossary.
    page.click("[data-drawer=glossary]")
    page.click("#term")
    page.type("book")
    page.press("Tab")
    page.type("grimoire")
    page.evaluate("document.querySelector('#glossary-form').requestSubmit()")
    page.wait("texts('#glossary li span').join() === 'book,grimoire'")
    page.press("Escape")
    page.click("#source textarea")
    page.press("End")
    page.type(" Bye.")
    both = translator.translate(f"{TEXT} Bye.", glossary={"book": "grimoire"}).text
    assert "grimoire" in both
    page.wait(f"{DONE}.includes({json.dumps(both)})")
    wait_for(page, both)
