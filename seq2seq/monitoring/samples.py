"""Sample translations: the same few sentences at each validation, so that progress can be read."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from unicodedata import combining, east_asian_width

from seq2seq.pairs import SentencePair

NUMBER = 3
"""So many sentences are shown."""
WIDEST = 120
"""Lines are never wider than this, however wide the terminal is."""


@dataclass(frozen=True)
class Sample:
    """A validation sentence, its reference, and its translation now."""

    source: str
    reference: str
    translation: str

    def to_dict(self) -> dict[str, str]:
        """Plain values for the log."""
        return {"source": self.source, "reference": self.reference, "translation": self.translation}


def choose(pairs: Sequence[SentencePair], number: int = NUMBER) -> list[int]:
    """The positions of `number` pairs: a rather short, a middling and a rather long one, the same each time.

    Fewer if there are not so many different source sentences.
    """
    positions = {pair.source: position for position, pair in reversed(list(enumerate(pairs)))}
    order = sorted(positions.values(), key=lambda position: (len(pairs[position].source), position))
    shares = [(part + 1) / (number + 1) for part in range(number)]
    return list(dict.fromkeys(order[int(share * len(order))] for share in shares)) if order else []


def samples(
    pairs: Sequence[SentencePair], translations: Sequence[str], number: int = NUMBER
) -> tuple[Sample, ...]:
    """The chosen ones of `pairs`, up to `number`, with their translations."""
    return tuple(
        Sample(pairs[place].source, pairs[place].target, translations[place])
        for place in choose(pairs, number)
    )


def lines(shown: Sequence[Sample], width: int = 0) -> list[str]:
    """Three lines for each sample, cut to `width` columns; 0: those of the terminal."""
    width = width or min(shutil.get_terminal_size((100, 24)).columns - 1, WIDEST)
    return [
        cut(f"  {name:<9}  {text}", width)
        for sample in shown
        for name, text in (
            ("source", sample.source),
            ("reference", sample.reference),
            ("now", sample.translation or "(nothing)"),
        )
    ]


def cut(text: str, width: int) -> str:
    """`text` on one line of at most `width` columns, with "…" where something is left out.

    Wide characters, such as Chinese ones, take two columns, combining marks none.
    """
    text = " ".join(part for part in text.split("\n") if part)
    text = "".join(letter if letter.isprintable() else " " for letter in text)
    columns, kept = 0, 0
    for letter in text:
        columns += 0 if combining(letter) else 2 if east_asian_width(letter) in "WF" else 1
        if columns <= width - 1:
            kept += 1
    return text if columns <= width else text[:kept] + "…"
