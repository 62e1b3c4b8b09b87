"""`seq2seq translate`."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field

from seq2seq.bundle.finding import DEFAULT
from seq2seq.cli.options import DecodingOverrides, Overrides, load_translator
from seq2seq.errors import UsageError


@dataclass(frozen=True)
class Translate:
    """Translate stdin to stdout: one line out for each line in, in order."""

    model: str = DEFAULT
    """A model directory, a run, or a direction that is bundled, such as en-fr."""
    to: str = ""
    """Language to translate into, for models with several. Default: the first."""
    scores: bool = False
    """Print score ⇥ text. Default: text."""
    json: bool = False
    """Print one JSON object per line: text, scores, confidence, tokens, words, alignment, alternatives."""
    buffer: int = 1000
    """Lines that are read before they are translated. 1: for interactive use."""
    device: str = "cpu"
    """Where to compute: cpu, cuda, cuda:N, or auto (a GPU if there is one)."""
    threads: int = 0
    """CPU threads. 0: torch's choice, one per core."""
    decoding: Overrides = field(default_factory=DecodingOverrides)

    def run(self) -> int:
        """Translate; returns the exit code."""
        from seq2seq.cli.output_forms import show
        from seq2seq.text.plain_lines import read_lines, write_lines

        if self.buffer < 1:
            raise UsageError(f"--buffer is {self.buffer}, expected 1 or more")
        if sys.stdin is None:
            raise UsageError("stdin is closed, expected the text to translate")
        n_best = self.decoding.n_best or 1
        translator = load_translator(self.model, self.decoding, device=self.device, threads=self.threads)
        translations = translator.translate_lines(
            read_lines(sys.stdin.buffer), buffer=self.buffer, target_language=self.to or None, n_best=n_best
        )
        form = "json" if self.json else "n-best" if n_best > 1 else "scores" if self.scores else "text"
        shown = (show(number, one, form=form) for number, one in enumerate(translations))
        write_lines(shown, sys.stdout.buffer, buffer=self.buffer)
        return 0
