"""The page in a real browser, with fake translators: answers belong to the text, editing, the drawer, texts.

Starting a page takes most of the time, so each test does several things on one page.
"""

from __future__ import annotations

import itertools
import json
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
SOURCE = "document.querySelector('#source textarea').value"
WHOLE = "!!document.querySelector('#others:not([hidden])')"  # all of the answer is there
STATUS = "document.querySelector('#status[role=status]').textContent"


@pytest.fixture(scope="module")
def translator() -> FakeTranslator:
    return NotingTranslator()


@pytest.fixture(scope="module")
def pages(
    translator: FakeTranslator, connections: list[Any], fake_live: None
) -> Iterator[tuple[PageServer, PageServer]]:
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
    """The page that translates both ways, just loaded, with the cursor in the box and nothing stored."""
    translator.seconds = 0.0
    translator.reset()
    browser.call("Network.clearBrowserCookies")
    browser.open("about:blank")
    browser.open(pages[0].url, ready=READY)
    browser.evaluate("localStorage.clear()")
    browser.click("#source textarea")
    yield browser
    assert browser.errors == []


def texts_shown(record: list[list[Any]]) -> list[tuple[str, str]]:
    """Each text in the box with the answer that was shown at full strength."""
    return [(box, answer) for _, box, answer, full, partial, _ in record if full and answer and not partial]


def fill(page: Browser, text: str) -> None:
    page.call("Input.insertText", text=text)


def texts(page: Browser, selector: str) -> list[str]:
    """The text of each element that is shown."""
    shown = f"[...document.querySelectorAll({json.dumps(selector)})].filter((e) => e.checkVisibility())"
    return list(page.evaluate(f"{shown}.map((e) => e.textContent)"))


def attribute(page: Browser, selector: str, name: str) -> Any:
    return page.evaluate(f"document.querySelector({json.dumps(selector)}).{name}")


def test_answer_at_full_strength_is_that_of_the_text_in_the_box(
    page: Browser, translator: FakeTranslator
) -> None:
    translator.seconds = 0.15
    page.evaluate(RECORD)
    text = "a very old red car"
    page.type(text, pauses=[0.05, 0.05, 0.5, 0.05, 0.6] * 4)
    page.wait(f"{ANSWER} === {text.upper()!r}")
    shown = texts_shown(page.evaluate("record"))
    assert len({box for box, _ in shown}) > 2  # answers came while the text was typed
    # The last word counts once a space or the end of the typing says that it is over.
    assert [answer.strip() for _, answer in shown] == [box.upper().strip() for box, _ in shown]


def test_text_that_returns_has_its_answer_at_once(page: Browser, translator: FakeTranslator) -> None:
    page.type("ab")
    page.wait(f"{ANSWER} === 'AB'")
    page.wait(WHOLE)
    translator.seconds = 3.0
    page.type("c")
    assert page.evaluate(ANSWER) is None
    page.press("Backspace")
    assert page.evaluate(ANSWER) == "AB"


def test_what_has_nothing_to_act_on_is_disabled_and_answers_are_announced_once(page: Browser) -> None:
    buttons = [f"[data-action={name}]" for name in ("clear", "copy", "edit")]
    assert [attribute(page, button, "disabled") for button in buttons] == [True] * 3
    before = attribute(page, "#toolbar", "offsetTop")
    page.type("good day")
    page.wait("document.querySelector('#announcer').textContent === 'Translation: GOOD DAY'")
    assert [attribute(page, button, "disabled") for button in buttons] == [False] * 3
    assert page.evaluate("document.querySelectorAll('#counter[aria-live], #result[aria-live]').length") == 0
    assert attribute(page, "#source textarea", "lang") == "en" and attribute(page, "#result", "lang") == "fr"
    assert attribute(page, "#source textarea", "dir") == "auto"
    assert attribute(page, "#toolbar", "offsetTop") - before < 40  # the first answer moves nothing far
    page.click("#others summary")
    assert texts(page, "#others li span:first-child") == ["GOOD DAY 2", "GOOD DAY 3"]


def test_hovered_and_focused_words_light_up_on_both_sides(page: Browser) -> None:
    page.type("one red car")
    page.wait(f"{ANSWER} === 'ONE RED CAR'")
    page.wait(WHOLE)
    lit = "[texts('#result .word.on'), texts('#mirror mark')]"
    page.evaluate("window.texts = (s) => [...document.querySelectorAll(s)].map((e) => e.textContent)")

    def move(selector: str, share: float) -> None:
        x, y = page.evaluate(
            f"(() => {{ const r = document.querySelector({json.dumps(selector)}).getBoundingClientRect();"
            f"return [r.x + {share} * r.width, r.y + 10]; }})()"
        )
        page.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    move("#result .word[data-word='1']", 0.5)
    page.wait(f'JSON.stringify({lit}) === \'[["RED"],["red"]]\'', 5)
    move("header", 0.5)
    page.wait(f"JSON.stringify({lit}) === '[[],[]]'", 5)
    move("#source textarea", 0.02)  # over the first word
    page.wait(f'JSON.stringify({lit}) === \'[["ONE"],["one"]]\'', 5)
    page.press("End")
    page.wait(f'JSON.stringify({lit}) === \'[["CAR"],["car"]]\'', 5)
    page.evaluate("document.querySelector('#result .word[data-word=\"0\"]').focus()")
    page.press("ArrowRight")
    page.wait(f'JSON.stringify({lit}) === \'[["RED"],["red"]]\'', 5)
    assert page.evaluate("document.querySelectorAll('#result .word[tabindex=\"0\"]').length") == 1
    # The copy behind the box has its words in the same places, from right to left, too.
    assert page.evaluate(
        "['font', 'lineHeight', 'letterSpacing', 'width'].every((name) =>"
        "getComputedStyle(document.querySelector('#mirror'))[name] ==="
        "getComputedStyle(document.querySelector('#source textarea'))[name])"
    )


def test_marks_lie_behind_words_that_run_from_right_to_left(page: Browser) -> None:
    fill(page, "مرحبا بالعالم\nin english")
    page.wait(f"{ANSWER} === 'مرحبا بالعالم\\nIN ENGLISH'")
    marked = "[...document.querySelectorAll('#mirror mark')]"
    for word, place in (("مرحبا", "box.right - 10, box.top + 12"), ("in", "box.left + 5, box.top + 50")):
        x, y = page.evaluate(
            f"((box) => [{place}])(document.querySelector('#source textarea').getBoundingClientRect())"
        )
        page.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        page.wait(f"{marked}.map((e) => e.textContent).join() === {json.dumps(word)}", 5)
        left, right = page.evaluate(
            f"[{marked}[0].getBoundingClientRect()].flatMap((r) => [r.left, r.right])"
        )
        assert left <= x <= right


def test_another_word_is_chosen_with_keys(page: Browser) -> None:
    page.type("One. two red.")
    page.wait(f"{ANSWER} === 'ONE. TWO RED.'")
    page.wait("document.querySelector('#announcer').textContent !== ''")
    assert page.evaluate("document.querySelectorAll('#result .word.choice').length") == 0  # all are sure
    word = "#result .word[data-sentence='1'][data-word='0']"
    page.evaluate(f'document.querySelector("{word}").focus()')
    page.press("Enter")
    page.wait("document.querySelectorAll('#menu [role=option]').length === 3")
    assert texts(page, "#menu strong") == ["TWO-TWO", "TWO-TWO-TWO"]
    assert texts(page, "#menu .leads-to") == ["TWO-TWO RED.", "TWO-TWO-TWO RED."]
    assert texts(page, "#menu mark") == ["TWO-TWO", "TWO-TWO-TWO"]
    page.press("Escape")
    assert page.evaluate(f'document.activeElement.matches("{word}")')
    page.press("Enter")
    page.wait("document.querySelectorAll('#menu [role=option]').length === 3")
    page.press("ArrowDown")
    page.press("Enter")
    page.wait(f"{ANSWER} === 'ONE. TWO-TWO-TWO RED.'")
    page.click("#source textarea")
    page.press("End", control=True)
    page.type(" Four.")
    page.wait(f"{ANSWER} === 'ONE. TWO-TWO-TWO RED. FOUR.'")  # the choice stays


def test_translation_is_completed_while_it_is_typed(page: Browser) -> None:
    page.type("a red old car")
    page.wait(f"{ANSWER} === 'A RED OLD CAR'")
    page.wait("document.querySelector('#announcer').textContent !== ''")
    page.click("[data-action=edit]")
    state = "JSON.stringify(['.draft', '.ghost'].map((s) => document.querySelector(s)?.textContent))"
    page.wait(f"""{state} === '["","A RED OLD CAR"]'""")
    page.type("A B")
    page.wait(f"""{state} === '["A B","ED OLD CAR"]'""")
    page.wait("document.querySelectorAll('#draft-help [lang]').length === 2")
    assert texts(page, "#draft-help [lang]") == ["NEXT", "X"]
    page.press("Tab")
    page.press("Tab")
    page.wait(f"""{state} === '["A BED OLD"," CAR"]'""")
    page.press("Enter")
    page.wait("!document.querySelector('.draft')")
    assert page.evaluate(ANSWER) == "A BED OLD CAR"
    page.evaluate("document.querySelector('#result .word[data-word=\"2\"]').focus()")
    page.type("Q")  # whoever types on a word writes from there on
    page.wait(f"""{state}.startsWith('["A BED Q"')""")
    page.press("Escape")
    assert page.evaluate(ANSWER) == "A BED OLD CAR"


def test_settings_and_glossary_change_the_request(page: Browser, translator: FakeTranslator) -> None:
    page.type("one")
    page.wait(f"{ANSWER} === 'ONE'")
    page.click("[data-drawer=settings]")
    page.evaluate("document.querySelector('#beam').select()")
    page.press("Backspace")  # no number: nothing changes
    assert (translator.options[-1]["beam_size"]) == 5
    page.type("2")
    page.wait("document.querySelectorAll('#others:not(.stale) li').length === 1")
    assert (translator.options[-1]["beam_size"], translator.options[-1]["n_best"]) == (2, 2)
    assert attribute(page, "#best", "value") == "3"  # comes back with a larger beam
    page.evaluate("document.querySelector('#beam').select()")
    page.type("4")
    page.wait("document.querySelectorAll('#others:not(.stale) li').length === 2")
    assert page.evaluate(
        "document.querySelector('[data-section=settings]').textContent.includes('BLEU 41.2')"
    )
    page.press("Escape")
    page.click("[data-drawer=glossary]")
    for term, form in (("cat", "chat"), ("<b>Acme</b>", "")):
        page.click("#term")
        page.type(term)
        page.press("Tab")
        page.type(form)
        page.press("Tab")
        page.evaluate("document.activeElement.click()")
    assert texts(page, "#glossary li span") == ["cat", "chat", "<b>Acme</b>", "="]
    page.click("#glossary li:first-child button")
    page.wait("document.querySelectorAll('#glossary li').length === 1")
    page.evaluate("document.querySelector('#drawer').close()")
    page.click("#translate")
    page.wait("!document.querySelector('#result.stale')")
    assert translator.options[-1]["glossary"] == {"<b>Acme</b>": ""}
    assert json.loads(page.evaluate("localStorage['seq2seq.glossary.en-fr']")) == [["<b>Acme</b>", ""]]


def test_history_link_and_code(page: Browser, pages: tuple[PageServer, PageServer]) -> None:
    page.click("[data-drawer=history]")
    assert texts(page, "#history li") == ["Nothing is kept yet."]
    page.click("#keep-history")
    page.press("Escape")
    page.click("#source textarea")
    page.type("it's <i>me</i>")
    page.wait("(localStorage['seq2seq.history'] ?? '').includes('IT')", 10)
    page.click("[data-drawer=history]")
    assert texts(page, "#history .past span") == ["it's <i>me</i>", "IT'S <I>ME</I>"]
    page.click("#history-search")
    page.type("zebra")
    assert texts(page, "#history li") == ["Nothing matches."]
    page.click("[data-action=clear-history]")
    assert page.evaluate("localStorage['seq2seq.history']") == "[]"
    page.press("Escape")
    page.evaluate("document.querySelector('#drawer').close()")
    page.click("[data-drawer=share]")
    assert texts(page, "#link") == [f"{pages[0].url}#model=en-fr"]
    page.click("#share-text")
    link = texts(page, "#link")[0]
    assert "text=it%27s" in link
    page.evaluate("document.querySelector('#drawer').close()")
    page.click("[data-drawer=code]")
    python, curl = texts(page, "#code-python") + texts(page, "#code-curl")
    compile(python, "code", "exec")
    assert '"it\'s <i>me</i>"' in python and "it'\\''s" in curl
    page.open("about:blank")
    page.open(link, ready=READY)
    page.wait(f'{ANSWER} === "IT\'S <I>ME</I>"')


def test_interface_in_chinese(page: Browser) -> None:
    page.evaluate("document.querySelector('#language').value = 'zh'")
    page.evaluate("document.querySelector('#language').dispatchEvent(new Event('change'))")
    page.wait("document.documentElement?.lang === 'zh-CN' && !!window.seq2seq")
    assert texts(page, "[role=tab]")[0].strip() == "翻译"
    assert texts(page, "#translate") == ["翻译"] and texts(page, ".pane h2")[0] == "英语"
    assert attribute(page, "#source textarea", "placeholder") == "输入或粘贴文本"
    page.click("#source textarea")
    fill(page, "Nein.")
    page.wait(f"{STATUS} === '未翻译：这看起来不像英语。'", 5)


def test_page_fits_a_phone(page: Browser) -> None:
    page.size(390, 844, phone=True)
    try:
        page.type("good day")
        page.wait("document.querySelector('#announcer').textContent !== ''")
        size = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
        assert size[0] == 390 and size[1] <= 1000
        targets = "button:not([tabindex='-1']), select, summary, [role=tab]"
        low = (
            f"[...document.querySelectorAll({json.dumps(targets)})]"
            ".filter((e) => e.checkVisibility())"
            ".filter((e) => e.getBoundingClientRect().height < 24).map((e) => e.outerHTML)"
        )
        assert page.evaluate(low) == []
        assert texts(page, "footer button, footer a") == []  # no panels of gradio
        page.size(1200, 900)  # all tabs fit
        page.wait("[...document.querySelectorAll('[role=tab]')].some((e) => e.textContent.includes('About'))")
        page.evaluate("[...document.querySelectorAll('[role=tab]')].at(-1).click()")
        page.wait("!!document.querySelector('.card-text td')")
        page.size(390, 844, phone=True)
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        assert "nrefs:1|case:mixed|tok:13a" in texts(page, ".card-text code")
        one_line = (
            "[...document.querySelectorAll('.card-text td:first-child')].every((e) => e.offsetHeight < 40)"
        )
        assert page.evaluate(one_line)  # "network" is not broken into letters
        page.wait("document.querySelector('.card-text pre').tabIndex === 0")  # it scrolls by keys
    finally:
        page.size(1200, 900)


def test_swap_exchanges_languages_and_texts(
    page: Browser, browser: Browser, pages: tuple[PageServer, PageServer]
) -> None:
    state = (
        "[...document.querySelectorAll('h2[data-direction]:not([hidden])')].map((h) => h.textContent).join()"
        f"+ '|' + {SOURCE} + '|' + document.title + '|' + document.querySelector('#model').value"
    )
    page.type("good day")
    page.press("S", control=True, shift=True)  # before the answer is there
    page.wait(f"{state} === 'French,English|GOOD DAY|French → English · seq2seq|fr-en'")
    page.wait(f"{ANSWER} === 'GOOD DAY'")
    page.click("#swap")
    page.wait(f"{state} === 'English,French|GOOD DAY|English → French · seq2seq|en-fr'")
    browser.open("about:blank")
    browser.open(pages[1].url, ready=READY)
    assert attribute(browser, "#swap", "disabled") is True
    title = attribute(browser, "#swap", "title")
    assert title == "Languages cannot be swapped: no model for French → English is loaded"


def test_note_is_a_status_and_an_example_can_be_undone(page: Browser) -> None:
    fill(page, "Nein.")
    page.wait(f"{STATUS} === 'Not translated: this does not look like English.'", 5)
    assert attribute(page, "#status", "className") == ""
    assert attribute(page, "#confidence", "textContent") == ""  # of nothing
    fill(page, " Yes, it is.")
    page.wait(f"{STATUS} === 'Not all of it is translated: this does not look like English.'", 5)
    page.click(".example")
    page.wait(f"{SOURCE} === 'Good morning.'")
    page.wait(f"{STATUS} === ''", 5)
    page.evaluate("document.execCommand('undo')")
    page.wait(f"{SOURCE} === 'Nein. Yes, it is.'")
    page.click("[data-action=clear]")
    page.wait(f"{STATUS} === ''", 5)
    page.press("Escape")
    assert page.evaluate("document.activeElement.matches('#source textarea')")  # Esc keeps the focus


def test_long_text_grows_and_the_page_stays_responsive(page: Browser, translator: FakeTranslator) -> None:
    translator.seconds = 0.005
    text = " ".join(f"Sentence {n} is here." for n in range(300))[:5000]
    page.evaluate(RECORD)
    fill(page, text)
    page.wait(f"{ANSWER} === {text.upper()!r}")
    answers = [
        answer for _, box, answer, full, *_ in page.evaluate("record") if box == text and full and answer
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
    text_end, refusal = page.evaluate(
        "['#source', '#status'].map((s) => document.querySelector(s).getBoundingClientRect())"
        ".map((box) => [box.left, box.right])"
    )
    assert text_end[1] <= refusal[0]  # the refusal stands beside the text, not over it


def test_text_runs_no_script(page: Browser) -> None:
    text = " ".join(payload.replace("\n", " ") for payload in PAYLOADS)
    fill(page, text)
    page.wait(ANSWER)
    page.wait("document.querySelector('#announcer').textContent !== ''")
    page.click("#result .word")
    page.wait("document.querySelectorAll('#menu strong').length === 2")
    page.press("Enter")
    page.wait("!!document.querySelector('#result .edited')")
    assert page.evaluate("window.ran") is None
