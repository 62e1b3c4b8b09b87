"""The page in a real browser: answers belong to the text in the box, numbers, swapping, notes, long texts."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("gradio")

from seq2seq.webui import build_page
from seq2seq.webui.server import PageServer, start
from tests.webui.browser import CHROMIUM, Browser
from tests.webui.client import unused_port
from tests.webui.fake_translator import PAYLOADS, FakeTranslator, NotingTranslator
from tests.webui.measure_typing import RECORD

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine")

READY = "!!window.seq2seq"
ANSWER = "document.querySelector('#result:not(.stale) .translation:not(.empty)')?.textContent"
STATUS = "document.querySelector('#status[role=status]').textContent"


@pytest.fixture(scope="module")
def translator() -> FakeTranslator:
    return NotingTranslator()


@pytest.fixture(scope="module")
def pages(translator: FakeTranslator, connections: list[Any]) -> Iterator[tuple[PageServer, PageServer]]:
    """A page that translates both ways, and one that does not."""
    pair = {"en-fr": translator, "fr-en": FakeTranslator(directions=(("fr", "en"),))}
    servers = [
        start(build_page(translators), port=unused_port())  # type: ignore[arg-type]
        for translators in (pair, {"en-fr": translator})
    ]
    yield servers[0], servers[1]
    for server in servers:
        server.close()


@pytest.fixture(scope="module")
def browser(pages: object) -> Iterator[Browser]:
    with Browser() as browser:
        browser.size(1200, 900)
        yield browser


@pytest.fixture
def page(
    browser: Browser, pages: tuple[PageServer, PageServer], translator: FakeTranslator
) -> Iterator[Browser]:
    """The page that translates both ways, just loaded, with the cursor in the box."""
    translator.seconds = 0.0
    translator.reset()
    browser.open("about:blank")
    browser.open(pages[0].url, ready=READY)
    browser.click("#source textarea")
    yield browser
    assert browser.errors == []


def texts_shown(record: list[list[Any]]) -> list[tuple[str, str]]:
    """Each text in the box with the answer that was shown at full strength."""
    return [(box, answer) for _, box, answer, full, partial in record if full and answer and not partial]


def fill(page: Browser, text: str) -> None:
    page.call("Input.insertText", text=text)


def test_answer_at_full_strength_is_that_of_the_text_in_the_box(
    page: Browser, translator: FakeTranslator
) -> None:
    translator.seconds = 0.15
    page.evaluate(RECORD)
    text = "a very old red car"
    page.type(text, pauses=[0.05, 0.05, 0.2, 0.05, 0.3] * 4)
    page.wait(f"{ANSWER} === {text.upper()!r}")
    shown = texts_shown(page.evaluate("record"))
    assert len({box for box, _ in shown}) > 2  # answers came while the text was typed
    assert [answer for _, answer in shown] == [box.upper() for box, _ in shown]


def test_text_that_returns_has_its_answer_at_once(page: Browser, translator: FakeTranslator) -> None:
    page.type("ab")
    page.wait(f"{ANSWER} === 'AB'")
    translator.seconds = 3.0
    page.type("c")
    assert page.evaluate(ANSWER) is None
    page.press("Backspace")
    assert page.evaluate(ANSWER) == "AB"


def test_alternatives_and_attention_follow_when_the_text_rests(page: Browser) -> None:
    page.type("good day")
    page.wait(f"{ANSWER} === 'GOOD DAY'")
    page.wait("document.querySelectorAll('#alternatives:not(.stale) li').length === 2")
    page.wait("document.querySelectorAll('#attention:not(.stale) td.strong').length === 3")
    page.type("s")
    assert (
        page.evaluate("document.querySelectorAll('#alternatives.stale li, #attention.stale table').length")
        == 3
    )


@pytest.mark.parametrize("field", ["beam", "best"])
def test_empty_number_field_changes_nothing(page: Browser, translator: FakeTranslator, field: str) -> None:
    number = f"#{field} input[type=number]"
    page.evaluate(f"document.querySelector('{number}').select()")
    page.evaluate(f"document.querySelector('{number}').focus()")
    page.press("Backspace")
    assert page.evaluate(f"document.querySelector('{number}').value") == ""
    page.click("#source textarea")
    page.type(field)
    page.wait(f"{ANSWER} === {field.upper()!r}")
    assert page.evaluate(f"document.querySelector('{number}').value") == {"beam": "5", "best": "3"}[field]
    assert (translator.options[-1]["beam_size"], translator.options[-1]["n_best"]) == (5, 3)
    assert page.evaluate(STATUS) == ""


def test_number_is_used_and_moves_the_other_one(page: Browser, translator: FakeTranslator) -> None:
    page.type("one")
    page.wait(f"{ANSWER} === 'ONE'")
    page.evaluate("document.querySelector('#beam input[type=number]').select()")
    page.evaluate("document.querySelector('#beam input[type=number]').focus()")
    page.type("2")
    page.wait("document.querySelector('#best input[type=number]').value === '2'")
    page.wait(f"{ANSWER} === 'ONE'")
    page.wait("document.querySelectorAll('#alternatives:not(.stale) li').length === 1")
    assert (translator.options[-1]["beam_size"], translator.options[-1]["n_best"]) == (2, 2)


def test_swap_exchanges_languages_and_texts(page: Browser) -> None:
    state = (
        "[...document.querySelectorAll('h2[data-direction]:not([hidden])')].map((h) => h.textContent).join()"
        "+ '|' + document.querySelector('#source textarea').value + '|' + document.title + '|' +"
        "document.querySelector('#model input:checked').value"
    )
    page.type("good day")
    page.press("S", control=True, shift=True)  # before the answer is there
    page.wait(f"{state} === 'French,English|GOOD DAY|French → English · seq2seq|fr-en'")
    page.wait(f"{ANSWER} === 'GOOD DAY'")
    page.click("#swap")
    page.wait(f"{state} === 'English,French|GOOD DAY|English → French · seq2seq|en-fr'")


def test_swap_without_a_reverse_model_says_why(
    browser: Browser, pages: tuple[PageServer, PageServer]
) -> None:
    browser.open("about:blank")
    browser.open(pages[1].url, ready=READY)
    assert browser.evaluate("document.querySelector('#swap').disabled") is True
    title = browser.evaluate("document.querySelector('#swap').title")
    assert title == "Languages cannot be swapped: no model for French → English is loaded"


def test_note_is_shown_as_a_status_and_goes_with_the_text(page: Browser) -> None:
    fill(page, "Nein.")
    page.wait(f"{STATUS} === 'Not translated: this does not look like English.'", 5)
    assert page.evaluate("document.querySelector('#status').matches('.error')") is False
    fill(page, " Yes, it is.")
    page.wait(f"{STATUS} === 'Not all of it is translated: this does not look like English.'", 5)
    page.click("[data-action=clear]")
    page.wait(f"{STATUS} === ''", 5)


def test_long_text_grows_and_the_page_stays_responsive(page: Browser, translator: FakeTranslator) -> None:
    translator.seconds = 0.005
    text = " ".join(f"Sentence {n} is here." for n in range(300))[:5000]
    page.evaluate(RECORD)
    fill(page, text)
    page.wait(f"{ANSWER} === {text.upper()!r}")
    answers = [
        answer for _, box, answer, full, _ in page.evaluate("record") if box == text and full and answer
    ]
    assert len(answers) > 10 and all(text.upper().startswith(answer) for answer in answers)
    assert all(len(one) <= len(two) for one, two in itertools.pairwise(answers))
    translator.seconds = 0.5
    page.type("x")
    start_time = time.monotonic()
    assert page.evaluate("new Promise((done) => requestAnimationFrame(() => done(1)))") == 1
    assert time.monotonic() - start_time < 2.0
    page.wait(f"{STATUS} === 'The text has 5,001 characters; at most 5,000 are allowed.'", 5)
    assert page.evaluate(ANSWER) is None


def test_text_runs_no_script(page: Browser) -> None:
    text = " ".join(payload.replace("\n", " ") for payload in PAYLOADS)
    fill(page, text)
    page.wait(ANSWER)
    page.wait("!!document.querySelector('#attention:not(.stale) table')")
    assert page.evaluate("window.ran") is None
