"""Starting, serving and stopping the page."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import gradio as gr
import torch
from starlette.middleware import Middleware

from seq2seq.errors import UsageError
from seq2seq.translator import Translator
from seq2seq.webui.guard import EXCEPTION_HANDLERS, Door, Guard
from seq2seq.webui.page import build_page, looks

DRAIN = 10.0  # seconds that running calls have to end after a signal
GRACE = 0.2  # seconds in which a call that was just let in begins to be answered


@dataclass
class Site:
    """A page on the network, until it is closed."""

    page: gr.Blocks
    url: str
    door: Door = field(default_factory=Door)

    def drain(self, seconds: float = DRAIN) -> bool:
        """Let no more calls in and wait for those inside; False when some were still there at the end."""
        self.door.closed = True
        end = time.monotonic() + seconds
        time.sleep(GRACE)
        while self.door.streams and time.monotonic() < end:
            time.sleep(0.02)
        return self.door.streams == 0

    def close(self) -> None:
        """Stop serving."""
        self.page.close(verbose=False)


def start(
    page: gr.Blocks, *, host: str = "127.0.0.1", port: int | None = None, open_browser: bool = False
) -> Site:
    """Put a page on the network; returns at once. Without `port` it is the first free one from 7860."""
    door = Door()
    try:
        _, url, _ = page.launch(
            server_name=host,
            server_port=port,
            share=False,  # not None: an environment variable could then open a tunnel
            inbrowser=open_browser,
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
                "middleware": [Middleware(Guard, door=door)],
                "exception_handlers": EXCEPTION_HANDLERS,
            },
            **looks(),
        )
    except OSError as error:
        raise UsageError(
            f"port {port} of {host} cannot be listened on: choose another --port ({error})"
        ) from None
    return Site(page, url, door)


def serve(
    models: Sequence[str],
    *,
    host: str = "127.0.0.1",
    port: int = 7860,
    threads: int | None = None,
    open_browser: bool = False,
) -> None:
    """Load the models and serve them until SIGINT or SIGTERM; a second signal ends at once."""
    os.environ.setdefault(
        "GRADIO_ANALYTICS_CACHE_FREQUENCY", "1000"
    )  # statistics that nobody sees: 5 ms a call
    if threads is not None:
        torch.set_num_threads(threads)
    translators = dict(zip(_names(models), map(Translator.from_pretrained, models), strict=True))
    stop = threading.Event()

    def note(number: int, frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, note)
    site = start(build_page(translators), host=host, port=port, open_browser=open_browser)
    print(f"serving {', '.join(translators)} at {site.url} (stop with Ctrl-C)", file=sys.stderr, flush=True)
    stop.wait()
    print("stopping", file=sys.stderr, flush=True)
    site.drain()
    site.close()


def _names(models: Sequence[str]) -> list[str]:
    """Names for users to see: a folder's last part, never its path; numbered where two are the same."""
    names: list[str] = []
    for model in models:
        name = Path(model).name or Path(model).resolve().name
        if name in names:
            name = f"{name} ({sum(other.partition(' (')[0] == name for other in names) + 1})"
        names.append(name)
    return names
