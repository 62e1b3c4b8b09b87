"""`seq2seq translate`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from seq2seq.bundle.finding import DEFAULT
from seq2seq.cli.messages import say
from seq2seq.cli.options import DecodingOverrides, Overrides, load_translator
from seq2seq.errors import UsageError

if TYPE_CHECKING:
    from seq2seq.cli.output_forms import Form
    from seq2seq.translation import Translation

MOST_NOTES = 10
"""So many lines that were kept as they are get a message each."""


@dataclass(frozen=True)
class Translate:
    """Translate stdin to stdout: one line out for each line in, in order.

    With --n-best above 1, the output is line number (from 0) ⇥ score ⇥ text, one line for each translation.
    """

    model: str = DEFAULT
    """A model directory, a run, or a direction that is bundled, such as en-fr."""
    target_lang: str = ""
    """Language to translate into, for models with several. Default: the model's first."""
    scores: bool = False
    """Print score ⇥ text instead of text."""
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
        from seq2seq.cli.output_forms import format_translation
        from seq2seq.text.plain_lines import read_lines, write_lines

        if self.buffer < 1:
            raise UsageError(f"--buffer is {self.buffer}, expected 1 or more")
        source, output = sys.stdin.buffer, sys.stdout.buffer
        translator = load_translator(self.model, self.decoding, device=self.device, threads=self.threads)
        if sys.stdin.isatty():
            say("reading lines from the terminal; end with Ctrl-D")
        translations = translator.translate_lines(
            read_lines(source), buffer=self.buffer, target_language=self.target_lang or None
        )
        lines = (
            format_translation(number, translation, form=self._form())
            for number, translation in enumerate(_with_notes(translations))
        )
        write_lines(lines, output, buffer=self.buffer)
        return 0

    def _form(self) -> Form:
        """The form of the output. More lines than in the input only if --n-best is given."""
        if self.json:
            return "json"
        if self.decoding.n_best is not None and self.decoding.n_best > 1:
            return "n-best"
        return "scores" if self.scores else "text"


def _with_notes(translations: Iterator[Translation]) -> Iterator[Translation]:
    """`translations`; stderr says why lines were kept as they are, for the first `MOST_NOTES` of them."""
    notes = 0
    for number, translation in enumerate(translations, start=1):
        if translation.note:
            notes += 1
            if notes <= MOST_NOTES:
                say(f"line {number}: kept as it is, because {translation.note}")
        yield translation
    if notes > MOST_NOTES:
        say(f"{notes - MOST_NOTES} more lines were kept as they are")
