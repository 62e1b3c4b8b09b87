"""A running page with fake translators, on a machine without a network."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from tests.webui.fake_translator import FakeLive, FakeTranslator


@pytest.fixture(scope="module")
def translators() -> dict[str, FakeTranslator]:
    return {
        "en-fr": FakeTranslator(),
        "slow": FakeTranslator(directions=(("en", "de"),), seconds=0.1),
        "broken": FakeTranslator(),
    }


@pytest.fixture(scope="module")
def connections() -> Iterator[list[Any]]:
    """Names and addresses outside of this machine that something tried to reach. None of them is reached."""
    attempts: list[Any] = []
    connect, resolve = socket.socket.connect, socket.getaddrinfo
    this_machine = ("127.0.0.1", "::1", "localhost", "0.0.0.0", None)

    def connect_here(self: socket.socket, address: Any) -> None:
        outside = self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in this_machine
        refuse_if(outside, address)
        connect(self, address)

    def resolve_here(host: Any, *arguments: Any, **options: Any) -> Any:
        refuse_if(host not in this_machine, host)
        return resolve(host, *arguments, **options)

    def refuse_if(outside: bool, address: Any) -> None:
        if outside:
            attempts.append(address)
            raise OSError("no network in this test")

    patch = pytest.MonkeyPatch()
    patch.setenv("GRADIO_ANALYTICS_ENABLED", "False")  # of the client; the page has its own option
    patch.setattr(socket.socket, "connect", connect_here)
    patch.setattr(socket, "getaddrinfo", resolve_here)
    yield attempts
    patch.undo()
    assert attempts == []


@pytest.fixture(scope="module")
def server(translators: dict[str, FakeTranslator], connections: list[Any]) -> Iterator[Any]:
    """The page with the fake translators, as a `PageServer`."""
    pytest.importorskip("gradio")
    from seq2seq.webui import build_page
    from seq2seq.webui.server import start
    from tests.webui.client import unused_port

    server = start(build_page(translators), port=unused_port())  # type: ignore[arg-type]
    yield server
    server.close()


@pytest.fixture(scope="module")
def fake_live() -> Iterator[None]:
    """Texts that are typed are translated by the fake translators, too."""
    patch = pytest.MonkeyPatch()
    patch.setattr("seq2seq.serving.service.LiveTranslator", FakeLive)
    yield
    patch.undo()


@pytest.fixture(autouse=True)
def forget_calls(translators: dict[str, FakeTranslator]) -> None:
    for translator in translators.values():
        translator.reset()
