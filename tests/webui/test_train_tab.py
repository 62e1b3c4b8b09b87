"""Training through the page: a process of its own, its curves, stopping, going on, the model, errors."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

pytest.importorskip("gradio")

from seq2seq.data.sample import sample_corpus
from seq2seq.serving import training_runs
from seq2seq.serving.request import InvalidRequest
from seq2seq.serving.training_log import TrainingLog, means
from seq2seq.serving.training_runs import Plan, said_error
from seq2seq.webui import job_tabs
from seq2seq.webui.page import build_page
from seq2seq.webui.server import PageServer, start
from tests.webui.browser import CHROMIUM, Browser
from tests.webui.client import post, unused_port, wait_until
from tests.webui.fake_translator import FakeTranslator

TINY = (
    *("--model.embedding-size", "16", "--model.encoder-size", "16", "--model.decoder-size", "16"),
    *("--model.attention-size", "16", "--data.vocab-size", "300", "--training.batch-tokens", "400"),
    *(
        "--training.validate-every",
        "10",
        "--threads",
        "1",
        "--no-preflight",
        "--data.noise",
        "",
        "--data.phrases",
        "0",
    ),
    *("--training.consistency", "0", "--data.placeholders", "0", "--max-length-factor", "1"),
)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def server(runs: Path, connections: list[Any]) -> Iterator[PageServer]:
    """A page whose trainings are tiny."""
    patch = pytest.MonkeyPatch()
    made = job_tabs.TrainingRuns
    patch.setattr(job_tabs, "TrainingRuns", lambda folder: made(folder, options=TINY))
    page = build_page({"en-fr": FakeTranslator()}, runs=runs)  # type: ignore[dict-item]
    server = start(page, port=unused_port())
    yield server
    post(server, "live/train", {"action": "stop"})
    patch.undo()
    server.close()


def act(server: PageServer, action: str, **values: Any) -> dict[str, Any]:
    return dict(post(server, "live/train", {"action": action, **values}).json())


def test_log_is_read_as_it_grows_and_again_when_it_was_cut(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    log = TrainingLog(path)
    log.read()
    assert log.curves() == {"loss": [], "valid": [], "bleu": [], "samples": []}
    step = {"event": "step", "step": 1, "loss": 4.0}
    path.write_text(json.dumps(step) + "\n" + '{"event": "st')
    log.read()
    assert log.curves()["loss"] == [(1, 4.0)]
    samples = [{"source": "a", "reference": "b", "translation": "c"}]
    validation = {"event": "validation", "step": 2, "loss": 3.0, "bleu": 7.5, "samples": samples}
    path.write_text(
        "".join(json.dumps(one) + "\n" for one in (step, step | {"step": 2, "loss": None}, validation))
    )
    log.read()
    assert log.curves() == {"loss": [(1, 4.0)], "valid": [(2, 3.0)], "bleu": [(2, 7.5)], "samples": samples}
    path.write_text(json.dumps(step | {"loss": 5.0}) + "\n")
    log.read()
    assert log.curves() == {"loss": [(1, 5.0)], "valid": [], "bleu": [], "samples": []}


def test_curves_have_few_points() -> None:
    points = [(step, float(step)) for step in range(1, 11)]
    assert means(points, 10) == points
    assert means(points, 4) == [(3, 2.0), (6, 5.0), (9, 8.0), (10, 10.0)]
    assert means([], 4) == []


@pytest.mark.parametrize(
    ("values", "field"),
    [
        (("", "fr", 1), "source"),
        (("en", "f r", 1), "target"),
        (("en", "fr", 0), "minutes"),
        (("en", "fr", "1"), "minutes"),
    ],
)
def test_plan_that_is_wrong_names_the_field(values: tuple[Any, Any, Any], field: str) -> None:
    with pytest.raises(InvalidRequest) as error:
        Plan.of("a.tsv", *values)
    assert error.value.field == field


def test_error_of_a_training_has_no_path() -> None:
    output = "Settings\nerror: /x/y/data.tsv:3: one column found\n"
    assert said_error(output, Path("/x/y")) == "data.tsv:3: one column found"
    option = "error: /x/y/data.tsv:1: 1 column found, expected 2, or two names in --data.columns\n"
    assert said_error(option, Path("/x/y"), "Mine.TSV") == "Mine.TSV:1: 1 column found, expected 2"
    assert said_error("nothing", None) == "The training failed."


def test_training_is_for_this_machine(server: PageServer) -> None:
    headers = {"content-type": "application/json", "host": "example.org"}
    for path in ("live/train", "live/train/model"):
        method = "GET" if path.endswith("model") else "POST"
        answer = httpx.request(method, f"{server.url}{path}", content='{"action": "status"}', headers=headers)
        assert answer.status_code == 403
    assert act(server, "status")["state"] == "none"
    assert act(server, "start", corpus="file", upload="none")["field"] == "file"
    assert act(server, "go_on", minutes=1)["detail"].startswith("There is no training to go on with")


def test_going_on_adds_to_the_minutes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started = list[list[str]]()

    def start_process(arguments: list[str], *_: Any) -> Any:
        started.append(arguments)
        return SimpleNamespace(pid=0, poll=lambda: 0, returncode=0)

    monkeypatch.setattr(training_runs, "start_process", start_process)
    made = training_runs.TrainingRuns(tmp_path)
    made.start(Plan.of("sample", None, None, 5), None)
    assert started[0][:3] == ["train", "--train", str(made.current / "train.tsv")]  # type: ignore[operator]
    assert "--training.minutes 5" in " ".join(started[0])
    made.run.mkdir()
    (made.run / "training.json").write_text("{}")
    (made.run / "log.jsonl").write_text('{"event": "step", "step": 3, "loss": 1.0, "seconds": 90.0}\n')
    made.go_on(2)
    assert started[1] == ["train", "--resume", "--out", str(made.run), "--training.minutes", "3.5"]
    again = training_runs.TrainingRuns(tmp_path)  # a server that starts later
    assert again.current == made.current and again.plan == made.plan and not again.running


@pytest.mark.parametrize(("bleu", "verdict"), [([50.0], "unknown"), ([50.0, 50.0, 50.0], "ready")])
def test_verdict_is_that_of_the_validations(tmp_path: Path, bleu: list[float], verdict: str) -> None:
    run = tmp_path / "20260101-120000" / "run"
    run.mkdir(parents=True)
    (run.parent / "page.json").write_text(json.dumps(asdict(Plan("sample", "en", "fr", 1.0))))
    (run.parent / "output").write_text("ready\ndone (patience): best greedy BLEU 50.00 at step 1\n")
    made = training_runs.TrainingRuns(tmp_path)
    for step, score in enumerate(bleu):
        record = {"event": "validation", "step": step, "epoch": 0, "bleu": score, "loss": 1.0}
        with (run / "log.jsonl").open("a") as log:
            log.write(json.dumps(record) + "\n")
    status = made.status()
    assert (status["state"], status["verdict"]) == ("done", verdict)


def write_corpus(path: Path) -> Path:
    pairs = sample_corpus().train[:200]
    path.write_text("".join(f"{pair.source}\t{pair.target}\n" for pair in pairs), encoding="utf-8")
    return path


def text_of(page: Browser, name: str) -> str:
    return str(page.evaluate(f"document.querySelector('#train-{name}').textContent"))


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine")
def test_training_in_the_browser(server: PageServer, runs: Path, tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "mine.tsv")
    with Browser() as page:
        page.size(1200, 900)
        page.open(server.url, ready="!!window.seq2seq")
        tabs = "[...document.querySelectorAll('button[role=tab]')]"
        open_tab = f"{tabs}.find((b) => b.textContent.includes('Train')).click()"
        page.evaluate(open_tab)
        page.wait("!!document.querySelector('#train')?.dataset.started")
        page.choose("#train-file", corpus)
        page.evaluate("document.querySelector('#train-source').value = 'en'")
        page.evaluate("document.querySelector('#train-target').value = 'fr'")
        page.evaluate("document.querySelector('#train-target').dispatchEvent(new Event('input'))")
        page.click("#train-check")
        page.wait("document.querySelector('#train-report').checkVisibility()")
        assert text_of(page, "expect").startswith("196 sentence pairs")  # one in 50 is held out
        assert "Preflight" in text_of(page, "lines") and str(runs) not in text_of(page, "lines")
        page.click("#train-go")
        page.wait("document.querySelectorAll('#train-bleu circle').length > 0", 60)
        page.wait("document.querySelectorAll('.train-sample').length === 3")
        page.wait("document.querySelector('#model').lastChild.value.startsWith('mine ')")
        state = act(server, "status")
        assert state["state"] == "running" and state["corpus"] == "mine.tsv"
        assert "detail" in act(server, "start", corpus="sample", minutes=1)  # one at a time
        page.open("about:blank")  # the page is closed, the training goes on
        step = state["step"]
        wait_until(lambda: act(server, "status")["step"] > step)
        page.open(server.url, ready="!!window.seq2seq")
        page.evaluate(open_tab)
        page.wait("!!document.querySelector('#train-stop')?.checkVisibility()")
        page.click("#train-stop")
        page.wait("document.querySelector('#train-fact-state').textContent.startsWith('stopped')", 60)
        assert page.errors == []
    stopped = act(server, "status")
    assert stopped["goes_on"] and stopped["loss"] and stopped["bleu"][-1][0] >= stopped["best"]["step"]
    archive = zipfile.ZipFile(io.BytesIO(httpx.get(f"{server.url}live/train/model").content))
    assert {"model/config.json", "model/README.md"} <= set(archive.namelist())
    model = act(server, "use")["model"]
    assert (model["source"], model["target"]) == ("en", "fr")
    lines = post(server, "live", {"text": "Good.", "model": model["name"]}).text.split("\n")
    assert json.loads(lines[-2])["done"]
