"""The forms in which `translate` prints a translation."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Sequence
from typing import Literal

from seq2seq.text.plain_lines import one_line
from seq2seq.translation import Translation, Word

Form = Literal["text", "scores", "n-best", "json", "alignment"]


def format_translation(number: int, source: str, translation: Translation, *, form: Form) -> str:
    """The output for input line `number` (from 0) with the text `source`, with its line ends.

    "text": the translation. "scores": score ⇥ text. "n-best": number ⇥ score ⇥ text, one line for each
    hypothesis. "json": one JSON object. "alignment": text ⇥ word alignment. Scores have six decimals.
    """
    if form == "json":
        return json.dumps(translation.to_dict(), ensure_ascii=False) + "\n"
    if form == "n-best":
        hypotheses = [translation, *translation.alternatives]
        return "".join(f"{number}\t{h.score:.6f}\t{one_line(h.text)}\n" for h in hypotheses)
    score = f"{translation.score:.6f}\t" if form == "scores" else ""
    links = f"\t{pharaoh(source, translation)}" if form == "alignment" else ""
    return f"{score}{one_line(translation.text)}{links}\n"


def pharaoh(source: str, translation: Translation) -> str:
    """The word alignment in the format of Pharaoh (Koehn, 2004): "0-0 1-2", source word and target word.

    Words are what white space separates, counted from 0, so they are those that other programs see.
    """
    sides = (source, translation.source_words), (translation.text, translation.words)
    sources, targets = (_numbers(text, words) for text, words in sides)
    pairs = {(s, t) for one, other in translation.alignment for s in sources[one] for t in targets[other]}
    return " ".join(f"{s}-{t}" for s, t in sorted(pairs))


def _numbers(text: str, words: Sequence[Word]) -> list[range]:
    """For each of `words`, the numbers of the runs between white space in `text` that it covers."""
    starts = [match.start() for match in re.finditer(r"\S+", text)]
    return [range(max(bisect_right(starts, w.start) - 1, 0), bisect_right(starts, w.end - 1)) for w in words]
