"""Starting, serving and stopping the page."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from starlette.middleware import Middleware

from seq2seq.bundle import finding
from seq2seq.bundle.directions import direction_name, find_direction
from seq2seq.devices import find_device
from seq2seq.engines.choosing import EngineName
from seq2seq.errors import UsageError
from seq2seq.translator import Translator
from seq2seq.webui.guard import EXCEPTION_HANDLERS, AdmissionGate, Guard
from seq2seq.webui.page import Page, build_page, launch_style

DRAIN_SECONDS = 10.0  # time that running requests have to finish after a signal
START_SECONDS = 0.2  # time after which a request that was let in is counted as running


@dataclass
class PageServer:
    """A page that is being served, until it is closed."""

    page: Page
    url: str
    gate: AdmissionGate = field(default_factory=AdmissionGate)

    def drain(self, seconds: float = DRAIN_SECONDS) -> bool:
        """Refuse new requests and wait for the running ones. False if some still run after `seconds`."""
        self.gate.closed = True
        end = time.monotonic() + seconds
        time.sleep(START_SECONDS)
        while self.gate.running and time.monotonic() < end:
            time.sleep(0.02)
        return self.gate.running == 0

    def close(self) -> None:
        """Stop serving."""
        self.page.close(verbose=False)


def start(page: Page, *, host: str = "127.0.0.1", port: int | None = None) -> PageServer:
    """Serve a page; returns at once. Without `port` the first free one from 7860 is used.

    Raises UsageError if the server cannot listen there.
    """
    gate = AdmissionGate()
    try:
        _, url, _ = page.launch(
            server_name=host,
            server_port=port,
            share=False,  # not None: an environment variable could then open a tunnel
            inbrowser=False,
            prevent_thread_lock=True,
            quiet=True,
            show_error=False,
            max_file_size="5mb",
            allowed_paths=[],
            run_history=False,
            enable_monitoring=False,
            strict_cors=True,
            ssr_mode=False,
            mcp_server=False,
            app_kwargs={
                "openapi_url": None,
                "docs_url": None,
                "redoc_url": None,
                "routes": page.routes,
                "middleware": [Middleware(Guard, gate=gate), *page.middleware],
                "exception_handlers": EXCEPTION_HANDLERS,
            },
            **launch_style(),
        )
    except OSError as error:
        raise _cannot_listen(host, port, error) from None
    return PageServer(page, url, gate)


def serve(
    models: Sequence[str],
    *,
    host: str,
    port: int,
    device: str,
    engine: EngineName = "auto",
    say: Callable[[str], None],
) -> None:
    """Load the models and serve them until SIGINT or SIGTERM; see `seq2seq.webui.serve`."""
    port = free_port(host, port)
    find_device(device)
    models = with_reverses(models)
    # gradio collects statistics that nothing here uses. The default interval costs 5 ms a request.
    os.environ.setdefault("GRADIO_ANALYTICS_CACHE_FREQUENCY", "1000")
    translators = {
        name: Translator.from_pretrained(model, device=device, engine=engine)
        for name, model in zip(model_names(models), models, strict=True)
    }
    stop = threading.Event()

    def request_stop(number: int, frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, request_stop)
    server = start(build_page(translators), host=host, port=port)
    say(f"serving {', '.join(translators)} at {server.url} (stop with Ctrl-C)")
    stop.wait()
    say("stopping")
    server.drain()
    server.close()


def with_reverses(models: Sequence[str]) -> list[str]:
    """`models`, and the bundled models that translate the other way round, so that languages can be swapped.

    They are added for bundled models only: folders and models of the Hub are served as they are.
    """
    bundled = [
        direction for folder in finding.bundled().values() for direction in finding.directions_of(folder)
    ]
    names = list(models)
    for model in models:
        direction = None if Path(model).is_dir() else find_direction(tuple(bundled), model)
        if direction is not None and direction[::-1] in bundled:
            names.append(direction_name(direction[::-1]))
    return list(dict.fromkeys(names))


def free_port(host: str, port: int) -> int:
    """`port`, or a free one for 0. Raises UsageError if a server cannot listen there."""
    if type(port) is not int or not 0 <= port <= 65_535:
        raise UsageError(f"port is {port!r}, expected a whole number from 0 to 65,535")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            return int(probe.getsockname()[1])
    except (OSError, UnicodeError) as error:  # a UnicodeError for a name that cannot be one of a machine
        raise _cannot_listen(host, port, error) from None


def _cannot_listen(host: str, port: int | None, error: Exception) -> UsageError:
    reason = getattr(error, "strerror", None) or error
    return UsageError(
        f"cannot listen on port {port} of {host} ({reason}), expected a free --port and an address of this "
        "machine as --host"
    )


def model_names(models: Sequence[str]) -> list[str]:
    """Names for users: the last part of a path, never the whole path; equal names are numbered."""
    names: list[str] = []
    for model in models:
        name = Path(model).name or Path(model).resolve().name
        if name in names:
            name = f"{name} ({sum(other.partition(' (')[0] == name for other in names) + 1})"
        names.append(name)
    return names
