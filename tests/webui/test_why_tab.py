"""The tab that explains a translation: its route, and its pictures in a real browser against the library."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import httpx
import numpy as np
import pytest

pytest.importorskip("gradio")

from seq2seq import Translator, explain
from seq2seq.explain import Sentence
from seq2seq.serving.service import TranslationService
from seq2seq.webui import page, why_tab
from seq2seq.webui.model_info import ModelInfo
from seq2seq.webui.server import PageServer, start
from tests.explain.reference import small
from tests.webui.browser import CHROMIUM, Browser
from tests.webui.client import unused_port

TEXT = "six seven two"


@pytest.fixture(scope="module")
def models() -> dict[str, Translator]:
    made = {"lstm": small(1, cell="lstm"), "gru": small(2), "plain": small(3, attention="none")}
    for translator in made.values():
        translator.decoding = translator._config(
            {"beam_size": 3, "max_length_factor": 1.0, "max_length_extra": 3}
        )
    return made


@pytest.fixture(scope="module")
def server(models: dict[str, Translator]) -> Iterator[PageServer]:
    """The page, with the tab last if it has none."""
    services = list[TranslationService]()

    def add_tab(service: TranslationService, infos: Sequence[ModelInfo]) -> None:
        services.append(service)
        why_tab.add_tab(service, infos)

    with pytest.MonkeyPatch.context() as patch:
        if why_tab.add_tab not in [add for _, add in page.TABS]:
            patch.setattr(page, "TABS", [*page.TABS, ("tabs.why", add_tab)])
        built = page.build_page(models)
    if services:
        built.routes = [*built.routes, *why_tab.routes(services[0])]
    server = start(built, port=unused_port())
    yield server
    server.close()


@pytest.fixture(scope="module")
def sentence(models: dict[str, Translator]) -> Sentence:
    return explain.sentence(models["lstm"], TEXT, target_language="fr", beam_size=3)


def ask(server: PageServer, **values: Any) -> httpx.Response:
    body = {"text": TEXT, "model": "lstm", **values}
    return httpx.post(f"{server.url}live/why", json=body, timeout=60)


@pytest.mark.parametrize("name", ["attention", "gates", "saliency", "beam", "changes", "confidence"])
def test_route_gives_the_numbers_of_the_library(server: PageServer, sentence: Sentence, name: str) -> None:
    expected = explain.to_dict(getattr(explain, name)(sentence))
    answer = ask(server, picture=name).json()
    assert answer.keys() == expected.keys() | {"translation", "mended"}
    assert answer["translation"] == sentence.translation.text and not answer["mended"]
    for key in ("values", "words", "nodes", "changes", "layers"):
        assert str(answer.get(key)) == str(httpx.Response(200, json=expected).json().get(key)), key


def test_route_compares_models_and_lists_sentences(server: PageServer) -> None:
    sides = ask(server, picture="compare", other="plain").json()["sides"]
    assert sides[0]["attention"] and sides[1]["attention"] is None
    found = ask(server, picture="sentences", text="one two.\nthree four.").json()["sentences"]
    assert found == ["one two.", "three four."]


def test_downloads_are_files(server: PageServer, sentence: Sentence) -> None:
    pytest.importorskip("matplotlib")
    csv, svg, png = (ask(server, picture="attention", form=form) for form in ("csv", "svg", "png"))
    assert csv.text == explain.attention(sentence).csv() and csv.headers["content-type"].startswith(
        "text/csv"
    )
    assert svg.content.startswith(b"<?xml") and png.content.startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"picture": "colour"}, "picture must be one of confidence, attention"),
        ({"picture": ["x"]}, "picture must be one of"),
        ({"picture": "beam", "form": "exe"}, "form must be json"),
        ({"picture": "beam", "model": "none"}, "There is no such model"),
        ({"picture": "beam", "text": "a" * 301}, "301 characters; at most 300"),
        ({"picture": "beam", "text": 7}, "must be a string"),
        ({"picture": "beam", "text": "one.\ntwo."}, "text has 2 sentences"),
        ({"picture": "saliency", "method": "lime"}, "expected one of integrated_gradients"),
        ({"picture": "changes", "word": 99, "new": "x"}, "word is 99, expected 0 to 2"),
        ({"picture": "changes", "word": 0, "new": "x" * 61}, "up to 60 characters"),
        ({"picture": "attention", "model": "plain"}, "no attention"),
        ({"picture": "compare", "other": "none"}, "There is no such model"),
    ],
)
def test_wrong_requests_are_refused_by_name(server: PageServer, values: dict[str, Any], message: str) -> None:
    answer = ask(server, **values)
    assert answer.status_code == 422 and message in answer.json()["detail"]


def test_requests_of_other_forms_are_refused(server: PageServer) -> None:
    url = f"{server.url}live/why"
    assert httpx.post(url, content="[]", headers={"content-type": "application/json"}).status_code == 422
    assert httpx.post(url, content="{}", headers={"content-type": "text/plain"}).status_code == 422


@pytest.fixture(scope="module")
def browser(server: PageServer) -> Iterator[Browser]:
    """The tab with all pictures of `TEXT`."""
    if CHROMIUM is None:
        pytest.skip("there is no Chromium on this machine")
    with Browser() as browser:
        browser.size(1200, 900)
        browser.open(server.url, ready="!!document.querySelector('button[role=tab]')")
        tabs = "[...document.querySelectorAll('button[role=tab]')]"
        tab = f"{tabs}.find((one) => one.textContent.trim() === 'Why')"
        browser.wait(f"({tab})?.click(), document.querySelector('#why')?.dataset.started")
        browser.click("#why-text")
        browser.call("Input.insertText", text=TEXT)
        browser.press("Enter")
        browser.wait("!document.querySelector('.why-cards').hidden", 60)
        browser.wait("document.querySelector('#why-status').textContent === ''", 120)
        yield browser
        assert browser.errors == []


def shown(browser: Browser, selector: str) -> np.ndarray:
    """The numbers of the elements, in order."""
    query = f"[...document.querySelectorAll('{selector}')].map((one) => Number(one.dataset.value))"
    return np.array(browser.evaluate(query))


def test_pictures_show_the_numbers_of_the_library(browser: Browser, sentence: Sentence) -> None:
    attention, saliency = explain.attention(sentence), explain.saliency(sentence)
    assert shown(browser, "#why-attention td[data-cell]") == pytest.approx(
        attention.weights.ravel(), abs=1e-4
    )
    assert shown(browser, "#why-saliency td[data-cell]") == pytest.approx(saliency.values.ravel(), abs=2e-4)
    for gate in ("kept", "written", "shown"):
        means = [layer.mean(gate) for layer in explain.gates(sentence).layers]
        bars = shown(browser, f"#why-gates td[data-cell] .{gate}")
        assert bars == pytest.approx(np.concatenate(means), abs=1e-4)
    tree = explain.beam(sentence)
    assert shown(browser, "#why-beam text[data-node]") == pytest.approx(
        [n.score for n in tree.nodes], abs=1e-4
    )
    assert shown(browser, ".why-endings li") == pytest.approx([n.score for n in tree.endings], abs=1e-4)
    drops = [change.drop for change in explain.changes(sentence).changes]
    assert shown(browser, "#why-changes .why-bar") == pytest.approx(drops, abs=1e-4)
    sure = [word.confidence for word in explain.confidence(sentence).words]
    assert shown(browser, "#why-confidence .why-bar") == pytest.approx(sure, abs=1e-4)


def test_words_are_those_of_the_sentence(browser: Browser, sentence: Sentence) -> None:
    words = "[...document.querySelectorAll('#why-attention thead th')].map((one) => one.textContent)"
    assert browser.evaluate(words) == [*TEXT.split(), "(end)"]
    translation = browser.evaluate("document.querySelector('#why-translation').textContent")
    assert translation == sentence.translation.text


def test_cells_are_read_by_keyboard(browser: Browser) -> None:
    browser.evaluate("document.querySelector('#why-attention td[tabindex=\"0\"]').focus()")
    key = "new KeyboardEvent('keydown', {key: 'ArrowRight', bubbles: true})"
    browser.evaluate(f"document.activeElement.dispatchEvent({key})")
    assert browser.evaluate("document.activeElement.dataset.cell") == "0 1"
    assert "← seven:" in browser.evaluate("document.querySelector('#why-attention .why-reading').textContent")


def test_another_word_is_tried(browser: Browser, sentence: Sentence) -> None:
    browser.evaluate("document.querySelector('#why-word').value = '1'")
    browser.click("#why-new")
    browser.call("Input.insertText", text="nine")
    browser.press("Enter")
    rows = "document.querySelectorAll('#why-changes tbody tr')"
    browser.wait(f"{rows}.length === 4", 30)
    assert browser.evaluate(f"{rows}[2].querySelector('th').textContent") == "seven → nine"
    drops = [change.drop for change in explain.changes(sentence, {1: ["nine"]}).changes]
    assert shown(browser, "#why-changes .why-bar") == pytest.approx(drops, abs=1e-4)


def test_page_is_not_wider_than_a_phone(browser: Browser) -> None:
    browser.size(390, 840, phone=True)
    assert browser.evaluate("document.documentElement.scrollWidth") == 390
    browser.size(1200, 900)
