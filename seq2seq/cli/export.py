"""`seq2seq export`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path


@dataclass(frozen=True)
class Export:
    """Copy a model into a directory of its own, by default with float16 weights."""

    model: str
    """A model directory, a run, or a direction that is bundled, such as en-fr."""
    out: Path
    """The new model directory."""
    half: bool = True
    """Store weights in float16, at half the size."""
    facts: Path | None = None
    """A TOML file with licence, attribution, data and limits of the model. They are stored in metrics.json,
    and the model card is written from it."""

    def run(self) -> int:
        """Export; returns the exit code."""
        from seq2seq.bundle import finding, model_directory
        from seq2seq.bundle.facts import read_facts
        from seq2seq.bundle.record import check_replacing, with_facts

        facts = read_facts(self.facts) if self.facts is not None else None
        bundle = model_directory.load(finding.locate(self.model).directory)
        if facts is not None:
            bundle = replace(bundle, metrics=with_facts(bundle.metrics, facts), card="")
        check_replacing(self.out, bundle.metrics)
        model_directory.save(self.out, bundle, half=self.half)
        print(self.out)
        return 0
