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
    auth: str = ""
    """USER:PASSWORD that the page and all routes ask for, or a file with one such pair a line (other users of
    this machine can read the command line, but not that file). Default: everyone may use it."""
    max_chars: int = 5000
    """Longest text of a request in characters, 1 to 1,000,000."""
    queue: int = 32
    """Requests that are answered or wait at the same time; more of them are told that the server is busy."""
    concurrency: int = 2
    """Batches of sentences that are computed at the same time, 1 to 64. More of them help only on machines
    with many cores."""
    root_path: str = ""
    """Path or URL at which a reverse proxy shows the page, such as /translate."""
    mcp: tyro.conf.FlagCreatePairsOff[bool] = False
    """Add the tool `translate` for assistants that speak the Model Context Protocol, at /mcp."""
    allow_training: tyro.conf.FlagCreatePairsOff[bool] = False
    """Let users of other machines send files and train models, too. From this machine they always may."""
    runs: str = ""
    """Folder for the trainings that the page starts. They go on when the server ends, and the next server
    with this folder shows them. Default: the environment variable SEQ2SEQ_RUNS; without both the trainings
    are deleted with the server."""

    def run(self) -> int:
        """Serve until a signal; returns the exit code."""
        from seq2seq.serving.limits import Limits
        from seq2seq.webui import serve

        limits = Limits(
            characters=self.max_chars,
            queue=self.queue,
            concurrency=self.concurrency,
            training=self.allow_training,
        )
        use_threads(self.threads)
        serve(
            self.model or (DEFAULT,),
            host=self.host,
            port=self.port,
            device=self.device,
            engine=self.engine,
            limits=limits,
            auth=self.auth,
            root_path=self.root_path,
            mcp=self.mcp,
            runs=self.runs,
            say=say,
        )
        return 0
