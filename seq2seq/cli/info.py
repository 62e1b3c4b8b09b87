"""`seq2seq info`."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from seq2seq.bundle.finding import DEFAULT


@dataclass(frozen=True)
class Info:
    """Show the directions of a model, how its weights are stored, and a table of its layers with their shapes
    and parameters."""

    model: str = DEFAULT
    """A model directory, a run, or a direction that is bundled, such as en-fr."""
    json: bool = False
    """Print one JSON object: directions, sizes, settings, scores, layers, and how the weights are stored."""

    def run(self) -> int:
        """Print; returns the exit code."""
        from seq2seq.bundle.finding import locate
        from seq2seq.bundle.weights import stored_type
        from seq2seq.nn import summary
        from seq2seq.translator import Translator

        translator = Translator.from_pretrained(self.model, engine="torch")
        path = locate(self.model).directory / "model.safetensors"
        number_type, size = stored_type(path), path.stat().st_size
        rows = summary.layers(translator.model)
        if self.json:
            info = dict(translator.info)
            info["model"] = asdict(info["model"])
            del info["card"]
            info |= {
                "stored": {"type": number_type, "bytes": size},
                "layers": [asdict(row) for row in rows],
            }
            print(json.dumps(info, ensure_ascii=False, indent=2))
        else:
            directions = translator.directions or [("", "")]
            arrows = ", ".join(f"{source or '?'} → {target or '?'}" for source, target in directions)
            print(f"{translator.name}: {arrows}\n\n{summary.table(rows)}\n")
            print(f"weights on disk: {number_type}, {size / 1e6:.1f} MB")
        return 0
