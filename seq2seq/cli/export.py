"""`seq2seq export`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Export:
    """Copy a model into a directory of its own, with float16 weights unless told otherwise."""

    model: str
    """A model or run directory, or a bundled model's name."""
    out: Path
    """The new model directory."""
    half: bool = True
    """Store weights in float16, at half the size."""

    def run(self) -> int:
        """Export; returns the exit code."""
        from seq2seq.translator import Translator

        Translator.from_pretrained(self.model).save_pretrained(self.out, half=self.half)
        print(self.out)
        return 0
