"""Files through the page: the same file comes back as from the library; limits, errors and permission."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from starlette.requests import Request as HttpRequest

pytest.importorskip("gradio")

from seq2seq.serving import file_jobs, jobs
from seq2seq.serving.limits import Limits
from seq2seq.translation import Translation
from seq2seq.webui.json_routes import Forbidden
from seq2seq.webui.permission import check_permission, is_loopback
from seq2seq.webui.server import PageServer
from tests.webui.browser import CHROMIUM, Browser
from tests.webui.client import post, wait_until
from tests.webui.fake_translator import FakeTranslator

# Each file with what the fake translator, which writes capitals, makes of it.
FILES = {
    "a.txt": ("\ufeffone\r\n\ntwo words\n", "\ufeffONE\r\n\nTWO WORDS\n"),
    "a.tsv": ("id\tsource\n1\tone\n2\ttwo\n", "id\tsource\ttranslation\n1\tone\tONE\n2\ttwo\tTWO\n"),
    "a.csv": ('id,text\n1,"one, two"\n', 'id,text,translation\n1,"one, two","ONE, TWO"\n'),
    "a.jsonl": ('{"text": "one", "n": 1}\n', '{"text": "one", "n": 1, "translation": "ONE"}\n'),
    "a.srt": (
        "1\n00:00:01,000 --> 00:00:02,000\none\n\n2\n00:00:03,000 --> 00:00:04,000\ntwo\n",
        "1\n00:00:01,000 --> 00:00:02,000\nONE\n\n2\n00:00:03,000 --> 00:00:04,000\nTWO\n",
    ),
}
TMX = (
    '<?xml version="1.0" encoding="utf-8"?>\n<tmx version="1.4"><header srclang="en"/><body>'
    '<tu><tuv xml:lang="en"><seg>one</seg></tuv></tu></body></tmx>'
)


def send(server: PageServer, name: str, content: bytes, *, piece: int = 48 * 1024, **headers: str) -> Any:
    """Upload a file in pieces; the answer to the last one."""
    token, answer = "", None
    for at in range(0, max(len(content), 1), piece):
        query = {"kind": "files", "name": name, "at": str(at), "token": token}
        answer = httpx.post(
            f"{server.url}live/upload",
            params=query,
            content=content[at : at + piece],
            headers={"content-type": "application/octet-stream", **headers},
        )
        if answer.status_code != 200:
            return answer
        token = answer.json()["token"]
    return answer


def start(server: PageServer, name: str, content: bytes, **values: Any) -> str:
    upload = send(server, name, content).json()["token"]
    return str(post(server, "live/files", {"upload": upload, **values}).json()["job"])


def status(server: PageServer, job: str, **values: Any) -> dict[str, Any]:
    return dict(post(server, "live/job", {"job": job, **values}).json())


def finish(server: PageServer, job: str) -> dict[str, Any]:
    wait_until(lambda: status(server, job)["state"] not in ("waiting", "running"))
    return status(server, job)


def result(server: PageServer, job: str) -> httpx.Response:
    return httpx.get(f"{server.url}live/result", params={"job": job})


@pytest.mark.parametrize("name", FILES)
def test_file_comes_back_translated_and_otherwise_as_it_was(server: PageServer, name: str) -> None:
    before, after = FILES[name]
    job = start(server, name, before.encode())
    assert finish(server, job)["state"] == "done"
    answer = result(server, job)
    assert answer.content.decode() == after
    assert f'filename="a.fr{Path(name).suffix}"' in answer.headers["content-disposition"]


def test_translation_memory_gets_the_target_language(server: PageServer) -> None:
    job = start(server, "a.tmx", TMX.encode())
    assert finish(server, job)["state"] == "done"
    text = result(server, job).text
    assert "<seg>one</seg>" in text and "<seg>ONE</seg>" in text and 'lang="fr"' in text


def test_pieces_model_glossary_and_column_reach_the_library(
    server: PageServer, translators: dict[str, FakeTranslator]
) -> None:
    content = "".join(f"{number}\tword {number}\n" for number in range(40)).encode()
    upload = send(server, "../../b.tsv", content, piece=100).json()["token"]
    values = {"upload": upload, "model": "en-fr", "glossary": {"word": "MOT"}, "column": "2"}
    job = post(server, "live/files", values).json()["job"]
    assert finish(server, job)["texts"] == 40
    expected = "".join(f"{n}\tword {n}\tWORD {n}\n" for n in range(40))
    assert result(server, job).text == expected
    assert {tuple(options["glossary"].items()) for options in translators["en-fr"].options} == {
        (("word", "MOT"),)
    }
    assert result(server, job).headers["content-disposition"].endswith('filename="b.fr.tsv"')


def test_what_is_wrong_is_said_without_path_and_trace(
    server: PageServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_jobs, "MAX_CHARACTERS", 50)
    wrong = {
        "a.txt": (b"caf\xe9\n", "a.txt:1: byte 0xe9 found at byte 4 of the line, expected UTF-8."),
        "b.tsv": (b"x\ty\n1\t2\n", "b.tsv:1: columns 'x', 'y' found"),
        "c.jsonl": (b"{\n", "c.jsonl:1: not JSON"),
        "d.txt": (b"ab\n" * 30, "The file has more than 50 characters to translate."),
        "e.txt": (b"\n\n", "There is no text to translate in this file."),
    }
    for name, (content, message) in wrong.items():
        state = finish(server, start(server, name, content))
        assert state["state"] == "failed" and state["error"].startswith(message)
        assert "/" not in state["error"]
    state = finish(server, start(server, "a.txt", b"one\n", model="broken"))
    assert state["state"] == "done"


def test_model_that_fails_says_no_more_than_that(
    server: PageServer, translators: dict[str, FakeTranslator]
) -> None:
    translators["broken"].error = RuntimeError("/secret/path")
    state = finish(server, start(server, "a.txt", b"one\n", model="broken"))
    translators["broken"].error = None
    assert (state["state"], state["error"]) == ("failed", jobs.FAILED)


def test_most_frequent_reason_for_what_was_kept_is_given(
    server: PageServer, translators: dict[str, FakeTranslator], monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = {"one": "no", "two": "never", "three": "no", "four": ""}
    monkeypatch.setattr(
        translators["en-fr"], "answer", lambda text, n_best: Translation(text, note=notes[text])
    )
    state = finish(server, start(server, "a.txt", "\n".join(notes).encode()))
    assert (state["texts"], state["kept"], state["reason"]) == (4, 3, "no")


def test_cancelled_job_stops_and_gives_nothing(server: PageServer) -> None:
    job = start(server, "a.txt", b"one\n" * 320, model="slow")  # 32 s
    wait_until(lambda: status(server, job)["done"] > 0)
    left = status(server, job)["left"]
    assert 5 < left < 60
    status(server, job, cancel=True)
    assert finish(server, job)["state"] == "cancelled"
    assert result(server, job).status_code == 422


def test_upload_is_limited(server: PageServer) -> None:
    assert send(server, "a.exe", b"x").json()["field"] == "name"
    assert send(server, "a.txt", b"x", piece=1).status_code == 200
    large = b"x" * (file_jobs.MAX_BYTES + 1)
    assert (
        send(server, "a.txt", large).json()["detail"] == "The file is too large: at most 5 MB are accepted."
    )
    assert post(server, "live/files", {"upload": "none"}).status_code == 422
    other_form = send(
        server, "a.txt", b"x", **{"content-type": "text/plain"}
    )  # pages of other sites can send this
    assert other_form.status_code == 422


@pytest.mark.parametrize("headers", [{"host": "example.org"}, {"x-forwarded-for": "10.0.0.1"}])
def test_files_are_taken_from_this_machine_only(server: PageServer, headers: dict[str, str]) -> None:
    assert send(server, "a.txt", b"x", **headers).status_code == 403
    body = json.dumps({"upload": "x"})
    headers = {"content-type": "application/json", **headers}
    assert httpx.post(f"{server.url}live/files", content=body, headers=headers).status_code == 403


def test_option_opens_the_tabs_to_others() -> None:
    other = HttpRequest({"type": "http", "client": ("10.0.0.1", 1), "headers": [(b"host", b"127.0.0.1")]})
    check_permission(SimpleNamespace(limits=Limits(training=True)))(other)  # type: ignore[arg-type]
    with pytest.raises(Forbidden):
        check_permission(SimpleNamespace(limits=Limits()))(other)  # type: ignore[arg-type]


def test_addresses_of_this_machine() -> None:
    assert all(map(is_loopback, ["127.0.0.1", "127.8.0.1", "::1", "::ffff:127.0.0.1"]))
    assert not any(map(is_loopback, ["10.0.0.1", "0.0.0.0", "::ffff:10.0.0.1", "example.org", ""]))


@pytest.fixture
def page(server: PageServer) -> Iterator[Browser]:
    with Browser() as browser:
        browser.size(1200, 900)
        browser.open(server.url, ready="!!window.seq2seq")
        yield browser
        assert browser.errors == []


def open_files(page: Browser) -> None:
    page.evaluate(
        "[...document.querySelectorAll('button[role=tab]')]"
        ".find((b) => b.textContent.includes('Files')).click()"
    )
    page.wait(
        "!!document.querySelector('#files')?.dataset.started && "
        "!!document.querySelector('#files-model option')"
    )


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine")
def test_file_in_the_browser(page: Browser, server: PageServer, tmp_path: Path) -> None:
    page.evaluate("localStorage.setItem('seq2seq.glossary.en-fr', '[[\"one\", \"un\"]]')")
    open_files(page)
    (tmp_path / "a.srt").write_text(FILES["a.srt"][0])
    page.choose("#files-file", tmp_path / "a.srt")
    page.wait("!document.querySelector('#files-go').disabled")
    page.click("#files-go")
    page.wait("document.querySelector('#files-done').checkVisibility()")
    assert page.evaluate("document.querySelector('#files-summary').textContent") == "2 texts translated."
    link = page.evaluate(
        "[document.querySelector('#files-download').href, document.querySelector('#files-download').download]"
    )
    assert httpx.get(link[0]).text == FILES["a.srt"][1] and link[1] == "a.fr.srt"
    for name, said in (("c.docx", "c.docx cannot be taken: expected"), ("empty.txt", "empty.txt is empty.")):
        (tmp_path / name).write_bytes(b"PK" if name == "c.docx" else b"")
        page.choose("#files-file", tmp_path / name)
        page.wait(f"document.querySelector('#files-status').textContent.startsWith({said!r})")
    (tmp_path / "b.txt").write_bytes(b"caf\xe9\n")
    page.choose("#files-file", tmp_path / "b.txt")
    page.click("#files-go")
    page.wait("document.querySelector('#files-status').textContent.startsWith('b.txt:1: byte 0xe9')")
    assert not page.evaluate("document.querySelector('#files-done').checkVisibility()")


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine")
def test_job_keeps_its_file_and_model(
    page: Browser, translators: dict[str, FakeTranslator], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    note = "this does not look like English"
    monkeypatch.setattr(translators["slow"], "answer", lambda text, n_best: Translation(text, note=note))
    open_files(page)
    for name, lines in (("first.txt", 20), ("second.txt", 1)):
        (tmp_path / name).write_text("one\n" * lines)
    page.evaluate("document.querySelector('#directions > [data-name=broken]').dataset.source = 'de'")
    page.evaluate("document.querySelector('#files-model').value = 'slow'")
    page.choose("#files-file", tmp_path / "first.txt")
    page.click("#files-go")
    wait_until(lambda: len(translators["slow"].calls) > 0)
    page.choose("#files-file", tmp_path / "second.txt")
    page.evaluate("document.querySelector('#files-model').value = 'broken'")
    assert page.evaluate("document.querySelector('#files-drop .chosen').textContent") == "first.txt"
    assert page.evaluate("document.querySelector('#files-go').disabled")
    page.wait("document.querySelector('#files-done').checkVisibility()")
    assert "English" in page.evaluate("document.querySelector('#files-summary').textContent")
    page.choose("#files-file", tmp_path / "second.txt")
    page.wait("document.querySelector('#files-drop .chosen').textContent === 'second.txt'")
