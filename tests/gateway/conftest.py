"""A running page with all options of `serve`, on a machine without a network."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from seq2seq.gateway.authentication import read_users
from seq2seq.serving.limits import Limits
from tests.webui.fake_translator import FakeTranslator

USER = ("ada", "püss:word")


@pytest.fixture(scope="module")
def translator() -> FakeTranslator:
    return FakeTranslator(seconds=0.02)


@pytest.fixture(scope="module")
def server(translator: FakeTranslator) -> Iterator[Any]:
    """The page for one user, with short texts and a short queue, under a path, with the tool of MCP."""
    pytest.importorskip("gradio")
    from seq2seq.webui.page import build_page
    from seq2seq.webui.server import start
    from tests.webui.client import unused_port

    limits = Limits(characters=200, queue=4)
    page = build_page({"en-fr": translator}, limits=limits, with_mcp=True)  # type: ignore[dict-item]
    users = read_users(":".join(USER))
    server = start(page, port=unused_port(), users=users, root_path="/translate")
    yield server
    server.close()
