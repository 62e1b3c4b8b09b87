"""`seq2seq info`."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from seq2seq.bundle.finding import DEFAULT


@dataclass(frozen=True)
class Info:
    """Show the directions of a model, and a table of its layers with their shapes and parameters."""

    model: str = DEFAULT
    """A model directory, a run, or a direction that is bundled, such as en-fr."""
    json: bool = False
    """Print one JSON object: directions, sizes, settings, scores, layers."""

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
            directions = translator.directions or [("", "")]
            arrows = ", ".join(f"{source or '?'} → {target or '?'}" for source, target in directions)
            print(f"{translator.name}: {arrows}\n\n{summary.table(rows)}")
        return 0
