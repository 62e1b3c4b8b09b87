"""The four forms in which `translate` prints a translation."""

from __future__ import annotations

import json

from seq2seq.text.plain_lines import one_line
from seq2seq.translation import Translation


def show(number: int, translation: Translation, *, form: str) -> str:
    """What is printed for line `number` (from 0): "text", "scores" (score ⇥ text), "n-best" (number ⇥ score ⇥
    text, a line for each hypothesis) or "json" (an object)."""
    if form == "json":
        return json.dumps(translation.to_dict(), ensure_ascii=False) + "\n"
    if form == "n-best":
        found = [translation, *translation.alternatives]
        return "".join(f"{number}\t{t.score:.6f}\t{one_line(t.text)}\n" for t in found)
    score = f"{translation.score:.6f}\t" if form == "scores" else ""
    return f"{score}{one_line(translation.text)}\n"
