"""`seq2seq info`."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from seq2seq.bundle.finding import DEFAULT


@dataclass(frozen=True)
class Info:
    """Show what a model is: languages, and a table of its layers with their shapes and parameters."""

    model: str = DEFAULT
    """A model or run directory, or a bundled model's name."""
    json: bool = False
    """Print one object: languages, sizes, settings, scores, layers."""

    def run(self) -> int:
        """Print; returns the exit code."""
        from seq2seq.nn import summary
        from seq2seq.translator import Translator

        translator = Translator.from_pretrained(self.model)
        rows = summary.layers(translator.model)
        if self.json:
            info = dict(translator.info)
            info["model"] = asdict(info["model"])
            del info["card"]
            print(json.dumps(info | {"layers": [asdict(row) for row in rows]}, ensure_ascii=False, indent=2))
        else:
            source, target = translator.source_language or "?", translator.target_language or "?"
            print(f"{translator.name}: {source} → {target}\n\n{summary.table(rows)}")
        return 0
