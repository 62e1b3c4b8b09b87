"""The tool for assistants, by the messages of the protocol."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.gateway.conftest import USER

httpx = pytest.importorskip("httpx")


def send(server: Any, message: Any, **headers: str) -> Any:
    content = message if isinstance(message, str) else json.dumps(message)
    return httpx.post(f"{server.url}mcp", content=content, auth=USER, headers=headers, timeout=30)


def result(server: Any, method: str, **parameters: Any) -> Any:
    answer = send(server, {"jsonrpc": "2.0", "id": "x", "method": method, "params": parameters}).json()
    assert answer.keys() == {"jsonrpc", "id", "result"} and answer["id"] == "x"
    return answer["result"]


def call(server: Any, **arguments: Any) -> Any:
    return result(server, "tools/call", name="translate", arguments=arguments)


@pytest.mark.parametrize(
    ("asked", "expected"), [("2025-03-26", "2025-03-26"), ("1999-01-01", "2025-06-18"), (None, "2025-06-18")]
)
def test_both_sides_agree_on_a_version(server: Any, asked: object, expected: str) -> None:
    answer = result(server, "initialize", protocolVersion=asked, capabilities={})
    assert answer["protocolVersion"] == expected and answer["capabilities"] == {"tools": {}}
    notification = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    assert send(server, notification).status_code == 202
    assert result(server, "ping") == {}


def test_the_only_tool_is_translate(server: Any) -> None:
    (tool,) = result(server, "tools/list")["tools"]
    assert tool["name"] == "translate" and tool["inputSchema"]["required"] == ["text"]
    properties = tool["inputSchema"]["properties"]
    assert properties.keys() == {"text", "beam_size", "n_best", "model", "glossary"}
    assert properties["text"]["maxLength"] == 200 and properties["model"]["enum"] == ["en-fr"]


def test_it_translates(server: Any) -> None:
    answer = call(server, text="Good morning.\nHow are you?", n_best=2)
    assert answer["content"] == [{"type": "text", "text": "GOOD MORNING.\nHOW ARE YOU?"}]
    assert answer["isError"] is False and answer["structuredContent"]["model"] == "en-fr"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "arguments must be an object with text and perhaps beam_size"),
        ({"text": "secret", "beam": 2}, "arguments must be an object with text and perhaps beam_size"),
        ({"text": 5}, "The text must be a string."),
        ({"text": "secret" * 99}, "at most 200 are allowed"),
        ({"text": "secret", "beam_size": 10**6}, "beam_size must be a whole number from 1 to 10."),
        ({"text": "secret", "model": "x"}, "There is no such model."),
    ],
)
def test_wrong_arguments_are_named(server: Any, arguments: dict[str, Any], message: str) -> None:
    answer = call(server, **arguments)
    assert answer["isError"] is True
    assert message in answer["content"][0]["text"] and "secret" not in answer["content"][0]["text"]


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("{", -32700),
        ([], -32600),
        ({"id": 1}, -32600),
        ({"id": 1, "method": "secret/x"}, -32601),
        ({"id": 1, "method": "ping", "params": [1]}, -32602),
        ({"id": 1, "method": "tools/call", "params": {"name": "secret"}}, -32602),
    ],
)
def test_wrong_messages_get_the_code_of_the_protocol(server: Any, message: Any, code: int) -> None:
    answer = send(server, message).json()
    assert answer["error"]["code"] == code and "secret" not in json.dumps(answer)


def test_pages_of_other_sites_are_refused(server: Any) -> None:
    ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    assert send(server, ping, origin="https://example.org").status_code == 403
    assert send(server, ping, origin=server.url.rstrip("/")).status_code == 200


def test_streams_of_the_protocol_are_not_offered(server: Any) -> None:
    assert httpx.get(f"{server.url}mcp", auth=USER).status_code == 405
