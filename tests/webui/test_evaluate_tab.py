"""Evaluation through the page gives the scores of the library, a report, and what is wrong with a file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest

pytest.importorskip("gradio")

from seq2seq import Translator
from seq2seq.config import DecodingConfig
from seq2seq.evaluation.scoring import evaluate
from seq2seq.evaluation.significance import paired_significance
from seq2seq.pairs import SentencePair
from seq2seq.serving import evaluation_jobs
from seq2seq.webui import build_page
from seq2seq.webui.server import PageServer, start
from tests.webui.browser import CHROMIUM, Browser
from tests.webui.client import post, unused_port, wait_until

PAIRS = [
    ("Good morning.", "Bonjour."),
    ("Where is the station?", "Où est la gare ?"),
    ("She has been reading the old book since noon.", "Elle lit le vieux livre depuis midi."),
    ("I do not know <b>what</b> to say & do.", "Je ne sais pas <b>quoi</b> dire & faire."),
]
TSV = "source\ttarget\n" + "".join(f"{source}\t{target}\n" for source, target in PAIRS)


@pytest.fixture(scope="module")
def translators() -> dict[str, Translator]:
    beams = {"wide": DecodingConfig(), "greedy": DecodingConfig(beam_size=1)}
    models = {name: Translator.from_pretrained("en-fr", decoding=one) for name, one in beams.items()}
    return models | {"fr-en": Translator.from_pretrained("fr-en")}


@pytest.fixture(scope="module")
def server(translators: dict[str, Translator], connections: list[Any]) -> Iterator[PageServer]:
    server = start(build_page(translators), port=unused_port())  # type: ignore[arg-type]
    yield server
    server.close()


@pytest.fixture(autouse=True)
def forget_calls() -> None:
    """There are no fake translators here."""


def send(server: PageServer, content: str, **values: Any) -> httpx.Response:
    upload = httpx.post(
        f"{server.url}live/upload",
        params={"kind": "evaluate", "name": "mine.tsv", "at": "0"},
        content=content.encode(),
        headers={"content-type": "application/octet-stream"},
    ).json()["token"]
    return post(server, "live/evaluate", {"upload": upload, **values})


def finish(server: PageServer, job: str) -> dict[str, Any]:
    states = list[dict[str, Any]]()

    def over() -> bool:
        states.append(post(server, "live/job", {"job": job}).json())
        return states[-1]["state"] not in ("waiting", "running")

    wait_until(over, 60)
    return states[-1]


def test_scores_are_those_of_the_library(server: PageServer, translators: dict[str, Translator]) -> None:
    job = send(server, TSV, first="wide", second="greedy").json()["job"]
    state = finish(server, job)
    assert (state["state"], state["pairs"], state["done"]) == ("done", len(PAIRS), 2 * len(PAIRS))
    pairs = [SentencePair(*pair) for pair in PAIRS]
    expected = [evaluate(translators[name], pairs) for name in ("wide", "greedy")]
    for shown, one in zip(state["systems"], expected, strict=True):
        scores = {name: round(score.score, 2) for name, score in one.scores.items()}
        assert {name: shown[name] for name in ("bleu", "chrf", "ter")} == scores
    made, references = [one.translations for one in expected], [pair.target for pair in pairs]
    for metric in ("bleu", "chrf", "ter"):
        chance = paired_significance(made[0], made[1], references, language="fr", metric=metric)
        assert state["p_values"][metric] == round(chance.p_value, 4)
    report = httpx.get(f"{server.url}live/result", params={"job": job}).text
    assert expected[0].scores["bleu"].signature in unescape(report)
    assert f"{expected[0].scores['ter'].score:.2f}" in report
    assert "how often a word occurs in the training data" in report
    assert f">{expected[0].frequencies[-1].f1:.1f}</td>" in report
    assert "<b>quoi</b>" not in report and "<script" not in report
    assert not re.search(r"(src|href)=", report)  # it needs no other file


def test_one_model_and_no_other(server: PageServer) -> None:
    state = finish(server, send(server, TSV, first="wide", second="").json()["job"])
    assert len(state["systems"]) == 1 and state["p_values"] == {}


def test_what_is_wrong_is_said(server: PageServer, monkeypatch: pytest.MonkeyPatch) -> None:
    assert send(server, TSV, first="wide", second="fr-en").json()["field"] == "second"
    assert send(server, TSV, first="none").status_code == 422
    state = finish(server, send(server, "one\ttwo\nalone\n", first="wide").json()["job"])
    assert state["state"] == "failed" and state["error"].startswith("mine.tsv:2:"), state
    assert "--" not in state["error"]  # there are no options here
    monkeypatch.setattr(evaluation_jobs, "MAX_PAIRS", 3)
    state = finish(server, send(server, TSV, first="wide").json()["job"])
    assert state["error"] == "The file has 4 sentence pairs; at most 3 are scored."


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine")
def test_evaluation_in_the_browser(
    server: PageServer, translators: dict[str, Translator], tmp_path: Path
) -> None:
    (tmp_path / "mine.tsv").write_text(TSV, encoding="utf-8")
    with Browser() as page:
        page.size(1200, 900)
        page.open(server.url, ready="!!window.seq2seq")
        tabs = "[...document.querySelectorAll('button[role=tab]')]"
        page.evaluate(f"{tabs}.find((b) => b.textContent.includes('Evaluate')).click()")
        page.wait("!!document.querySelector('#evaluate')?.dataset.started")
        page.choose("#evaluate-file", tmp_path / "mine.tsv")
        page.evaluate("document.querySelector('#evaluate-second').value = 'greedy'")
        page.click("#evaluate-go")
        page.wait("document.querySelector('#evaluate-done').checkVisibility()")
        cells = "[...document.querySelectorAll('#evaluate-scores td')].map((cell) => cell.textContent)"
        shown = page.evaluate(cells)
        score = evaluate(translators["wide"], [SentencePair(*pair) for pair in PAIRS]).scores["bleu"]
        assert shown[:2] == ["wide", f"{score.score:.2f}"] and shown[4] == "greedy"
        assert "(p = " in page.evaluate("document.querySelector('#evaluate-verdict').textContent")
        page.wait("document.querySelector('#evaluate-report').srcdoc.includes('By length')")
        assert page.errors == []
