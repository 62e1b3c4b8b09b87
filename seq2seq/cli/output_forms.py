"""The forms in which `translate` prints a translation."""

from __future__ import annotations

import json
from typing import Literal

from seq2seq.text.plain_lines import one_line
from seq2seq.translation import Translation

Form = Literal["text", "scores", "n-best", "json"]


def format_translation(number: int, translation: Translation, *, form: Form) -> str:
    """The output for input line `number` (from 0), with its line ends.

    "text": the translation. "scores": score ⇥ text. "n-best": number ⇥ score ⇥ text, one line for each
    hypothesis. "json": one JSON object. Scores have six decimals.
    """
    if form == "json":
        return json.dumps(translation.to_dict(), ensure_ascii=False) + "\n"
    if form == "n-best":
        hypotheses = [translation, *translation.alternatives]
        return "".join(f"{number}\t{h.score:.6f}\t{one_line(h.text)}\n" for h in hypotheses)
    score = f"{translation.score:.6f}\t" if form == "scores" else ""
    return f"{score}{one_line(translation.text)}\n"
