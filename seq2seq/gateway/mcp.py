"""The tool `translate` for assistants that speak the Model Context Protocol, at `/mcp`.

Of its transport "Streamable HTTP" this is the part without sessions and streams: each POST holds one message
of JSON-RPC 2.0 and is answered by one. https://modelcontextprotocol.io/specification/2025-06-18
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

import seq2seq
from seq2seq.gateway import endpoint
from seq2seq.gateway.paths import MCP_PATH
from seq2seq.gateway.running import Running
from seq2seq.serving.request import MAX_BEAM, InvalidRequest
from seq2seq.serving.service import BUSY, TranslationFailed, TranslationService

VERSIONS = ("2025-06-18", "2025-03-26")  # of the protocol, newest first
PARSE_ERROR, INVALID_REQUEST, NO_METHOD, WRONG_PARAMETERS = -32700, -32600, -32601, -32602

Values = Mapping[str, Any]


class RpcError(ValueError):
    """A message that cannot be answered with a result."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def mcp_route(service: TranslationService, running: Running) -> Route:
    """The route. Its translations count among those that are `running`."""
    tool = _tool(service)
    methods: dict[str, Callable[[Values], Values]] = {
        "initialize": _initialize,
        "ping": lambda parameters: {},
        "tools/list": lambda parameters: {"tools": [tool]},
    }

    async def answer(message: Values) -> Values:
        method, parameters = message["method"], message.get("params") or {}
        if not isinstance(parameters, dict):
            raise RpcError(WRONG_PARAMETERS, "params must be an object.")
        if method == "tools/call":
            return await _call(service, running, parameters)
        if method not in methods:
            raise RpcError(NO_METHOD, "There is no such method.")
        return methods[method](parameters)

    async def post(http: HttpRequest) -> Response:
        if not _same_site(http):
            return JSONResponse({"detail": "Pages of other sites may not call this."}, 403)
        number = None
        try:
            message = _message(await http.body())
            number = message.get("id")
            if "id" not in message:  # a notification
                return Response(status_code=202)
            return JSONResponse({"jsonrpc": "2.0", "id": number, "result": await answer(message)})
        except RpcError as error:
            body = {"jsonrpc": "2.0", "id": number, "error": {"code": error.code, "message": str(error)}}
            return JSONResponse(body, 400 if error.code in (PARSE_ERROR, INVALID_REQUEST) else 200)

    return Route(MCP_PATH, post, methods=["POST"])


def _same_site(http: HttpRequest) -> bool:
    """Whether no page of another site sends the request; a browser names the site of the page as Origin."""
    origin = http.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == http.headers.get("host")


def _message(body: bytes) -> Values:
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        raise RpcError(PARSE_ERROR, "The body is not JSON.") from None
    if not isinstance(message, dict) or not isinstance(message.get("method"), str):
        raise RpcError(INVALID_REQUEST, "The body is not one request of JSON-RPC 2.0.")
    return message


def _initialize(parameters: Values) -> Values:
    asked = parameters.get("protocolVersion")
    return {
        "protocolVersion": asked if asked in VERSIONS else VERSIONS[0],
        "capabilities": {"tools": {}},
        "serverInfo": {"name": "seq2seq", "version": seq2seq.__version__},
    }


def _tool(service: TranslationService) -> Values:
    """The description of the tool. Its arguments are those of the endpoint for programs."""
    directions = ", ".join(
        f"{name} ({one.source_language} to {one.target_language})" for name, one in service.directions.items()
    )
    models = list(service.directions)
    properties = {
        "text": {
            "type": "string",
            "maxLength": service.limits.characters,
            "description": "What to translate.",
        },
        "model": {"type": "string", "enum": models, "default": models[0], "description": "The direction."},
        "beam_size": {"type": "integer", "minimum": 1, "maximum": MAX_BEAM},
        "n_best": {"type": "integer", "minimum": 1, "maximum": MAX_BEAM, "default": 1},
        "glossary": {"type": "object", "additionalProperties": {"type": "string"}},
    }
    return {
        "name": endpoint.NAME,
        "title": "Translate",
        "description": f"Translate a text with a model on this server. Models: {directions}. `glossary` "
        "holds terms with their translations; an empty one keeps the term as it is.",
        "inputSchema": {"type": "object", "properties": properties, "required": ["text"]},
        "annotations": {"readOnlyHint": True, "openWorldHint": False},
    }


async def _call(service: TranslationService, running: Running, parameters: Values) -> Values:
    """The result of the tool. Wrong arguments are a result, too, so that an assistant reads the message."""
    if parameters.get("name") != endpoint.NAME:
        raise RpcError(WRONG_PARAMETERS, f"The only tool is {endpoint.NAME}.")
    given, known = parameters.get("arguments") or {}, endpoint.defaults(service)
    if not isinstance(given, dict) or given.get("text") is None or not given.keys() <= known.keys():
        return _content(
            f"arguments must be an object with text and perhaps {', '.join(list(known)[1:])}.", True
        )
    if running.full:
        service.metrics.count_busy()
        return _content(BUSY, True)
    try:
        request = service.check(*{**known, **given}.values())
        *_, whole = await running.call(list, service.translate(request))
    except (InvalidRequest, TranslationFailed) as error:
        return _content(str(error), True)
    values = endpoint.result(whole.translation, request.model, done=True)
    return {**_content(whole.translation.text, False), "structuredContent": values}


def _content(text: str, failed: bool) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": text}], "isError": failed}
