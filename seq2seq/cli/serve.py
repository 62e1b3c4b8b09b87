"""`seq2seq serve`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import tyro

from seq2seq.bundle.finding import DEFAULT
from seq2seq.cli.messages import say
from seq2seq.cli.options import EngineName
from seq2seq.devices import use_threads


@dataclass(frozen=True)
class Serve:
    """Serve the web page on this machine."""

    model: Annotated[tuple[str, ...], tyro.conf.UseAppendAction] = ()
    """A model or run directory, or the name of a bundled model. Repeat the option for several models;
    default: the bundled model."""
    host: str = "127.0.0.1"
    """Address to listen on. 0.0.0.0 lets other machines use the page."""
    port: int = 7860
    """Port to listen on, 0 to 65,535. 0: any free port."""
    device: str = "auto"
    """Where to compute: auto (a GPU if there is one), cpu, cuda."""
    threads: int = 0
    """CPU threads; 0: as many as torch chooses."""
    engine: EngineName = "auto"
    """What computes, as for `translate`: auto, torch, onnx or onnx-float32."""

    def run(self) -> int:
        """Serve until a signal; returns the exit code."""
        from seq2seq.webui import serve

        use_threads(self.threads)
        models = self.model or (DEFAULT,)
        serve(models, host=self.host, port=self.port, device=self.device, engine=self.engine, say=say)
        return 0
