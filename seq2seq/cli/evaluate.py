"""`seq2seq evaluate`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from seq2seq.bundle.finding import DEFAULT
from seq2seq.cli.options import load_translator


@dataclass(frozen=True)
class Evaluate:
    """Score a model on a test set: BLEU, chrF and TER as one JSON object on stdout."""

    test: tuple[str, ...]
    """Test data: one path, two paths of aligned text, or hf:NAME[:CONFIG]."""
    model: str = DEFAULT
    """A model or run directory, or a bundled model's name."""
    columns: tuple[str, str] | None = None
    """Names of the source and target columns."""
    split: str = "test"
    """Split of a Hugging Face data set."""
    output: Path | None = None
    """Write the translations to this file as well, one a line."""
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
        """Evaluate; returns the exit code."""
        from seq2seq.evaluation.scoring import evaluate
        from seq2seq.evaluation.test_sets import read_test
        from seq2seq.files import write_text
        from seq2seq.text.plain_lines import one_line

        translator = load_translator(self)
        languages = (translator.source_language, translator.target_language)
        pairs = read_test(self.test, languages=languages, columns=self.columns, split=self.split)
        result = evaluate(translator, pairs)
        if self.output is not None:
            write_text(self.output, "".join(one_line(text) + "\n" for text in result.translations))
        print(json.dumps(result.to_dict(), ensure_ascii=False, indent=2))
        return 0
