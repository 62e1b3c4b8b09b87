"""`seq2seq translate`."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from seq2seq.bundle.finding import DEFAULT
from seq2seq.cli.options import load_translator
from seq2seq.errors import UsageError


@dataclass(frozen=True)
class Translate:
    """Translate stdin to stdout, a line for a line."""

    model: str = DEFAULT
    """A model or run directory, or a bundled model's name."""
    scores: bool = False
    """Print score ⇥ text."""
    n_best: int = 1
    """Above 1: print line number from 0 ⇥ score ⇥ text, up to that many lines a line."""
    json: bool = False
    """Print an object a line: text, score, log_prob, confidence, tokens, words, alignment, alternatives."""
    buffer: int = 1000
    """Lines read before the first is translated; 1 for interactive use."""
    beam_size: int | None = None
    """Hypotheses kept a sentence; default: the model's."""
    length_penalty: float | None = None
    """Default: the model's."""
    batch_size: int = 64
    """Sentences translated at once."""
    device: str = "cpu"
    """Where to compute: cpu, cuda, auto."""
    threads: int = 0
    """CPU threads; 0: as many as torch finds."""

    def run(self) -> int:
        """Translate; returns the exit code."""
        from seq2seq.cli.output_forms import show
        from seq2seq.text.plain_lines import read_lines, write_lines

        if self.buffer < 1:
            raise UsageError(f"--buffer is {self.buffer}, expected 1 or more")
        translator = load_translator(self)
        found = translator.translate_lines(
            read_lines(sys.stdin.buffer),
            buffer=self.buffer,
            n_best=self.n_best,
            beam_size=max(self.n_best, translator.decoding.beam_size),
        )
        form = "json" if self.json else "n-best" if self.n_best > 1 else "scores" if self.scores else "text"
        shown = (show(number, translation, form=form) for number, translation in enumerate(found))
        write_lines(shown, sys.stdout.buffer, buffer=self.buffer)
        return 0
