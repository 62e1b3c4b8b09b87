"""Starting and stopping: wrong usage is found before a model is loaded, and running requests finish."""

from __future__ import annotations

import inspect
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from seq2seq.cli import main
from seq2seq.errors import ModelError, RunError, UsageError

pytest.importorskip("gradio")

import httpx

from seq2seq.webui import build_page
from seq2seq.webui.quick_import import import_gradio, without_files
from seq2seq.webui.server import PageServer, free_port, model_names, runs_folder, start, with_reverses
from tests.webui.client import post, unused_port
from tests.webui.fake_translator import FakeTranslator

ROOT = Path(__file__).parents[2]


def test_names_of_models_do_not_reveal_their_folders() -> None:
    names = model_names(["en-fr", "runs/a/", "/home/x/a", "user/a", "b"])
    assert names == ["en-fr", "a", "a (2)", "a (3)", "b"]


def test_bundled_models_of_the_other_way_round_are_served_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, pairs in (("a", [["en", "fr"]]), ("b", [["fr", "en"], ["de", "en"]])):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_text(json.dumps({"directions": pairs}), encoding="utf-8")
    monkeypatch.setattr(
        "seq2seq.bundle.finding.bundled", lambda: {name: tmp_path / name for name in ("a", "b")}
    )
    assert with_reverses(["en-fr"]) == ["en-fr", "fr-en"]
    assert with_reverses(["fr-en", "en-fr"]) == ["fr-en", "en-fr"]
    assert with_reverses(["de-en"]) == ["de-en"]  # nothing translates from English to German
    assert with_reverses(["owner/name", str(tmp_path / "a")]) == ["owner/name", str(tmp_path / "a")]


def test_port_in_use_is_a_usage_error() -> None:
    page = build_page({"x": FakeTranslator()})  # type: ignore[dict-item]
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"cannot listen on port {port}"):
            start(page, port=port)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--port", "99999999"], "port is 99999999, expected a whole number from 0 to 65,535"),
        (["--port", "-1"], "port is -1"),
        (["--host", "203.0.113.7"], "cannot listen on port 7860 of 203.0.113.7"),
        (["--host", "not..a..name"], "cannot listen on port 7860 of not..a..name"),
        (["--device", "tpu"], "device is 'tpu'"),
        (["--threads", "-1"], "threads is -1"),
        (["--threads", "100000"], "threads is 100000"),
        (["--auth", "no-such-file"], "auth is neither USER:PASSWORD nor a file"),
        (["--max-chars", "0"], "max_chars is 0"),
        (["--queue", "0"], "queue is 0"),
        (["--concurrency", "1000"], "concurrency is 1000"),
        (["--root-path", "translate"], "root_path is 'translate', expected a path such as /translate"),
        (["--root-path", "/translate/"], "root_path is '/translate/'"),
    ],
)
def test_wrong_usage_is_found_before_a_model_is_loaded(
    arguments: list[str], message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        "seq2seq.translator.Translator.from_pretrained", lambda *_, **__: pytest.fail("a model was loaded")
    )
    assert main.run(["serve", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == "" and message in err and "Traceback" not in err


def test_trainings_have_the_folder_of_the_option_or_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SEQ2SEQ_RUNS", raising=False)
    assert runs_folder("") is None
    monkeypatch.setenv("SEQ2SEQ_RUNS", str(tmp_path / "environment"))
    assert runs_folder("") == tmp_path / "environment"
    assert runs_folder(str(tmp_path / "a" / "option")) == tmp_path / "a" / "option"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "environment"]
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match=r"file: cannot be written \(File exists\)"):
        runs_folder(str(tmp_path / "file"))


def test_port_in_use_is_found_before_a_model_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"cannot listen on port {port} of 127.0.0.1"):
            free_port("127.0.0.1", port)
    assert free_port("127.0.0.1", port) == port
    assert 1024 <= free_port("127.0.0.1", 0) <= 65_535


def test_device_reaches_the_models(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[tuple[str, dict[str, object]]] = []

    def load(name: str, **options: object) -> None:
        loaded.append((name, options))
        raise ModelError("this test has no model")

    monkeypatch.setattr("seq2seq.translator.Translator.from_pretrained", load)
    assert main.run(["serve", "--model", "runs/x", "--device", "cpu", "--port", "0"]) == 4
    assert loaded == [("runs/x", {"device": "cpu", "engine": "auto"})]


def test_import_of_gradio_reads_no_sources_of_its_components() -> None:
    class Component:
        __module__ = "gradio.components.one"

    file = inspect.getfile(UsageError)
    with without_files("gradio"):
        with pytest.raises(OSError, match=r"gradio\.components\.one"):
            inspect.getfile(Component)
        assert inspect.getfile(UsageError) == file
    code = (
        "import ast; from seq2seq.webui.quick_import import import_gradio;"
        "ast.get_source_segment = None; import_gradio();"  # what reads a class out of its file
        "import gradio; print(gradio.Textbox.change.event_name)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "change\n"


def test_a_gradio_that_needs_its_files_is_imported_as_usual(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = "import inspect\nclass Component: pass\nfile = inspect.getfile(Component)\n"
    (tmp_path / "gradio.py").write_text(source, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "gradio")
    import_gradio()
    assert sys.modules["gradio"].file == str(tmp_path / "gradio.py")


def test_without_gradio_the_page_says_what_to_install() -> None:
    code = "import sys; sys.modules['gradio'] = None\nfrom seq2seq.webui import serve\nserve(['en-fr'])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert "UsageError" in done.stderr and 'pip install "seq2seq-mt[page]"' in done.stderr


SERVE = """
import sys
from tests.webui.fake_translator import FakeTranslator
from seq2seq.translator import Translator
Translator.from_pretrained = lambda name, **options: FakeTranslator(seconds=float(sys.argv[2]))
from seq2seq.cli.main import main
main(["serve", "--model", "runs/x", "--port", sys.argv[1], "--threads", "1"])
"""


def serve_process(port: int, seconds: float = 0.7, **options: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", SERVE, str(port), str(seconds)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen(  # type: ignore[call-overload, no-any-return]
        command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True, **options
    )


def two_lines(server: PageServer, number: int, started: threading.Barrier) -> str:
    """Translate two lines. Wait for the other requests when the first line is there, then read the rest."""
    event = post(server, "call/translate", {"data": [f"text {number}\nend", 5, 1, "x"]}).json()["event_id"]
    with httpx.stream("GET", f"{server.url}gradio_api/call/translate/{event}", timeout=60) as answer:
        lines = answer.iter_lines()
        text = next(line for line in lines if "generating" in line)
        started.wait(60)
        return text + "\n".join(lines)


@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.slow)])
def test_running_requests_finish_after_a_signal(number: signal.Signals) -> None:
    port, started = unused_port(), threading.Barrier(3)
    process = serve_process(port)
    try:
        assert process.stderr is not None
        line = next(line for line in process.stderr if "serving" in line)
        assert line.startswith("serving x at http://127.0.0.1:")
        server = PageServer(None, f"http://127.0.0.1:{port}/")  # type: ignore[arg-type]
        with ThreadPoolExecutor(2) as pool:
            answers = [pool.submit(two_lines, server, n, started) for n in range(2)]
            started.wait(60)
            process.send_signal(number)
            for n, answer in enumerate(answers):
                assert "event: complete" in answer.result() and f"TEXT {n}\\nEND" in answer.result()
        assert process.wait(15) == 0
    finally:
        process.kill()


LONG = "\n".join(f"line {n}" for n in range(200))


def last_line(url: str, started: threading.Barrier) -> str:
    """Translate a long text as the page does. Wait for the other requests at the first line."""
    with httpx.stream("POST", f"{url}live", json={"text": LONG}, timeout=60) as answer:
        lines = answer.iter_lines()
        next(lines)
        started.wait(60)
        return [*lines][-1]


def test_requests_that_do_not_finish_in_time_end_with_an_error() -> None:
    page = build_page({"x": FakeTranslator(seconds=0.05)})  # type: ignore[dict-item]
    server, started = start(page, port=unused_port()), threading.Barrier(5)
    try:
        event = post(server, "call/translate", {"data": [LONG.upper()]}).json()["event_id"]
        path = f"{server.url}gradio_api/call/translate/{event}"
        with ThreadPoolExecutor(5) as pool:
            by_endpoint = pool.submit(lambda: httpx.get(path, timeout=60).text)
            streams = [pool.submit(last_line, server.url, started) for _ in range(4)]
            started.wait(60)
            assert server.drain(finish=0.2, stop=20)
            for stream in streams:
                assert json.loads(stream.result()) == {"error": "The server is stopping."}
            assert (
                "event: error" in by_endpoint.result() and "The server is stopping." in by_endpoint.result()
            )
    finally:
        server.close()


@pytest.mark.slow
def test_with_eight_streams_the_process_ends_within_ten_seconds() -> None:
    port, started = unused_port(), threading.Barrier(9)
    process = serve_process(port, seconds=0.1)
    try:
        assert process.stderr is not None
        next(line for line in process.stderr if "serving" in line)
        with ThreadPoolExecutor(8) as pool:
            streams = [pool.submit(last_line, f"http://127.0.0.1:{port}/", started) for _ in range(8)]
            started.wait(60)
            begin = time.monotonic()
            process.send_signal(signal.SIGTERM)
            ends = [json.loads(stream.result()) for stream in streams]
        assert time.monotonic() - begin < 10
        assert process.wait(5) == 0
        assert ends == [{"error": "The server is stopping."}] * 8
    finally:
        process.kill()


def close_stdin_and_stdout() -> None:
    os.close(0)
    os.close(1)


def test_serves_with_closed_stdin_and_stdout() -> None:
    port = unused_port()
    process = serve_process(port, preexec_fn=close_stdin_and_stdout)
    try:
        assert process.stderr is not None
        lines = []
        for line in process.stderr:
            lines.append(line)
            if "serving" in line:
                break
        assert lines and "serving x at" in lines[-1], "".join(lines)
        assert httpx.get(f"http://127.0.0.1:{port}/", timeout=60).status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    finally:
        process.kill()


def test_app_explains_its_options() -> None:
    done = subprocess.run([sys.executable, "app.py", "--help"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0
    assert all(name in done.stdout for name in ("--model", "--host", "--port", "--device", "--threads"))
