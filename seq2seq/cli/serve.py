"""`seq2seq serve`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import tyro

from seq2seq.bundle.finding import DEFAULT
from seq2seq.devices import use_threads


@dataclass(frozen=True)
class Serve:
    """Serve the page on this machine."""

    model: Annotated[tuple[str, ...], tyro.conf.UseAppendAction] = ()
    """A model or run directory, or a bundled model's name; repeat the option for several."""
    host: str = "127.0.0.1"
    """Address to listen on."""
    port: int = 7860
    """Port to listen on."""
    threads: int = 0
    """CPU threads; 0: as many as torch finds."""

    def run(self) -> int:
        """Serve until a signal; returns the exit code."""
        from seq2seq.webui import serve

        use_threads(self.threads)
        serve(self.model or (DEFAULT,), host=self.host, port=self.port)
        return 0
