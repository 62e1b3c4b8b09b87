"""User names and passwords: reading them, and what is answered without them."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from seq2seq.errors import UsageError
from seq2seq.gateway.authentication import read_users
from tests.gateway.conftest import USER

httpx = pytest.importorskip("httpx")


def digest(password: str) -> bytes:
    return hashlib.sha256(password.encode()).digest()


def test_users_are_a_pair_or_a_file(tmp_path: Path) -> None:
    file = tmp_path / "users"
    file.write_text("# who may use it\n\nada:one\r\nbob:two:three\n", encoding="utf-8")
    assert read_users("") == {}
    assert read_users("ada:one") == {"ada": digest("one")}
    assert read_users(str(file)) == {"ada": digest("one"), "bob": digest("two:three")}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("ada:one\nsecret\n", "users:2: expected USER:PASSWORD"),
        (":secret\n", "users:1: expected USER:PASSWORD"),
        ("secret:\n", "users:1: expected USER:PASSWORD"),
        ("# nobody\n", "has no line USER:PASSWORD"),
        (None, "neither USER:PASSWORD nor a file"),
    ],
)
def test_wrong_files_are_named_without_a_password(tmp_path: Path, content: str | None, message: str) -> None:
    file = tmp_path / "users"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    with pytest.raises(UsageError, match=message) as error:
        read_users(str(file))
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    "path",
    ["", "config", "gradio_api/info", "metrics", "page/strings.json", "gradio_api/queue/data?session_hash=x"],
)
def test_nothing_is_shown_without_a_password(server: Any, path: str) -> None:
    for auth in (None, ("ada", "wrong"), ("eve", USER[1]), ("", "")):
        answer = httpx.get(server.url + path, auth=auth)
        assert answer.status_code == 401 and answer.headers["www-authenticate"].startswith("Basic realm=")
        assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "header", ["", "Basic", "Basic !", "Basic /w==", "Bearer YWRhOng=", "Basic " + "x" * 99]
)
def test_malformed_headers_are_refused(server: Any, header: str) -> None:
    assert httpx.get(server.url, headers={"authorization": header}).status_code == 401


def test_nothing_is_translated_without_a_password(server: Any, translator: Any) -> None:
    translator.reset()
    for path in ("live", "gradio_api/call/translate", "gradio_api/queue/join", "mcp"):
        body = {"text": "a", "data": ["a"], "method": "tools/call", "id": 1}
        assert httpx.post(server.url + path, json=body).status_code == 401
    assert translator.calls == []


def test_with_the_password_the_page_works(server: Any) -> None:
    assert httpx.get(server.url, auth=USER).status_code == 200
    answer = httpx.post(f"{server.url}live", json={"text": "a b"}, auth=USER)
    assert answer.status_code == 200 and '"A B"' in answer.text


def test_health_is_open_to_everyone(server: Any) -> None:
    assert httpx.get(f"{server.url}healthz").json()["status"] == "ready"
