"""Two systems, their references, and sacreBLEU's own command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

REFERENCES = [
    "Der Hund bellte die ganze Nacht.",
    "Wir fahren morgen mit dem Zug nach Wien.",
    "Das ist nicht das, was ich gemeint habe.",
    "Er las die Zeitung, ohne ein Wort zu sagen.",
    "Am Ende waren alle zufrieden.",
]
GOOD = [
    "Der Hund bellte die ganze Nacht.",
    "Morgen fahren wir mit dem Zug nach Wien.",
    "Das ist nicht, was ich gemeint habe.",
    "Er las die Zeitung, ohne ein Wort zu sagen.",
    "Am Ende waren alle glücklich.",
]
POOR = [
    "Der Hund hat die Nacht gebellt.",
    "Wir fahren morgen nach Wien.",
    "Das meinte ich nicht.",
    "Er las in der Zeitung und sagte nichts.",
    "Am Ende waren alle zufrieden.",
]


def sacrebleu_command(folder: Path, *arguments: str, systems: list[list[str]]) -> list[dict[str, object]]:
    """What sacreBLEU's command prints as JSON for some systems."""
    for name, lines in zip(("reference", "a", "b"), [REFERENCES, *systems], strict=False):
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    files = ["reference", "-i", *("a", "b")[: len(systems)]]
    command = [sys.executable, "-m", "sacrebleu", *files, "--format", "json", "-w", "6", *arguments]
    environment = {name: value for name, value in os.environ.items() if name != "SACREBLEU_SEED"}
    output = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    return list(json.loads(output.stdout))
