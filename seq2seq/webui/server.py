"""Starting, serving and stopping the page."""

from __future__ import annotations

import os
import re
import signal
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from starlette.middleware import Middleware

from seq2seq import files
from seq2seq.bundle import finding
from seq2seq.bundle.directions import direction_name, find_direction
from seq2seq.devices import find_device
from seq2seq.engines.choosing import EngineName
from seq2seq.errors import UsageError
from seq2seq.gateway.authentication import Authentication, Users, read_users
from seq2seq.gateway.running import AdmissionGate
from seq2seq.serving.limits import Limits
from seq2seq.translator import Translator
from seq2seq.webui.guard import Guard, exception_handlers
from seq2seq.webui.page import Page, build_page, launch_style

FINISH_SECONDS = 5.0  # time that running requests have to finish after a signal
STOP_SECONDS = 3.5  # time after that in which they are told that they do not finish
CLOSE_SECONDS = 1  # time after that until their connections are cut
RUNS = "SEQ2SEQ_RUNS"  # the environment variable with the folder of trainings
START_SECONDS = 0.2  # time after which a request that was let in is counted as running


@dataclass
class PageServer:
    """A page that is being served, until it is closed."""

    page: Page
    url: str
    gate: AdmissionGate = field(default_factory=AdmissionGate)

    def drain(self, finish: float = FINISH_SECONDS, stop: float = STOP_SECONDS) -> bool:
        """Refuse new requests and wait for the running ones. False if some still run at the end.

        They have `finish` seconds. Those that need more end with an error after their present batch of
        sentences, within `stop` seconds.
        """
        self.gate.closed = True
        time.sleep(START_SECONDS)
        if self._is_idle(finish):
            return True
        self.page.service.stop()
        return self._is_idle(stop)

    def _is_idle(self, seconds: float) -> bool:
        """Whether no request runs any more, at the latest after `seconds`."""
        end = time.monotonic() + seconds
        while self.gate.running and time.monotonic() < end:
            time.sleep(0.02)
        return self.gate.running == 0

    def close(self) -> None:
        """Stop serving. Requests that still run are cut after a second."""
        if self.page.server is not None:
            self.page.server.config.timeout_graceful_shutdown = CLOSE_SECONDS
        self.page.close(verbose=False)


def start(
    page: Page,
    *,
    host: str = "127.0.0.1",
    port: int | None = None,
    root_path: str = "",
    users: Users | None = None,
) -> PageServer:
    """Serve a page; returns at once. Without `port` the first free one from 7860 is used.

    With `users` only they may use it. `root_path` is the path at which a proxy shows the page. Raises
    UsageError if the server cannot listen there.
    """
    characters = page.service.limits.characters
    middleware = [Middleware(Guard, gate=page.gate, characters=characters), *page.middleware]
    if users:
        middleware.insert(1, Middleware(Authentication, users=users))
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
            mcp_server=False,  # mcp.py has its own, which needs no further package
            root_path=root_path,
            app_kwargs={
                "openapi_url": None,
                "docs_url": None,
                "redoc_url": None,
                "routes": page.routes,
                "middleware": middleware,
                "exception_handlers": exception_handlers(page.service.metrics.count_busy),
            },
            **launch_style(),
        )
    except OSError as error:
        raise _cannot_listen(host, port, error) from None
    return PageServer(page, url, page.gate)


def serve(
    models: Sequence[str],
    *,
    host: str,
    port: int,
    device: str,
    engine: EngineName = "auto",
    limits: Limits | None = None,
    auth: str = "",
    root_path: str = "",
    mcp: bool = False,
    runs: str = "",
    say: Callable[[str], None],
) -> None:
    """Load the models and serve them until SIGINT or SIGTERM; see `seq2seq.webui.serve`."""
    users = read_users(auth)
    check_root_path(root_path)
    port = free_port(host, port)
    find_device(device)
    trainings = runs_folder(runs)
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
    page = build_page(translators, limits=limits, with_mcp=mcp, runs=trainings)
    server = start(page, host=host, port=port, root_path=root_path, users=users)
    say(f"serving {', '.join(translators)} at {server.url} (stop with Ctrl-C)")
    stop.wait()
    say("stopping")
    server.drain()
    server.close()


def runs_folder(runs: str) -> Path | None:
    """The folder of trainings: `runs`, else that of the environment variable `RUNS`, else None. It is made.

    Raises RunError if it cannot be made.
    """
    name = runs or os.environ.get(RUNS)
    if not name:
        return None
    with files.writing(Path(name)):
        Path(name).mkdir(parents=True, exist_ok=True)
    return Path(name)


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


def check_root_path(root_path: str) -> None:
    """Raise UsageError if `root_path` is neither "" nor a path or URL that gradio can put before its own."""
    is_url = root_path.startswith(("http://", "https://"))
    if root_path and (root_path.endswith("/") or not (is_url or re.fullmatch(r"(/[\w.~-]+)+", root_path))):
        raise UsageError(
            f"root_path is {root_path!r}, expected a path such as /translate or a URL, without / at its end"
        )


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
