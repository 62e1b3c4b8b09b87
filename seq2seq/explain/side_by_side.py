"""The same sentence under two models."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from seq2seq.errors import UsageError
from seq2seq.explain.attention_map import AttentionMap, attention
from seq2seq.explain.heat_maps import HeatMap, draw_heat_maps
from seq2seq.explain.one_sentence import Sentence
from seq2seq.explain.result import Explanation
from seq2seq.explain.words_apart import words_apart

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Side:
    """One model's translation.

    Attributes:
        name: of the model.
        network: such as "LSTM, additive attention, 11.1 million weights".
        sentence: with the translation, its score and confidence.
        differs: numbers of the words of the translation that the other one does not have at this place.
        attention: None without attention.
    """

    name: str
    network: str
    sentence: Sentence
    differs: tuple[int, ...]
    attention: AttentionMap | None


@dataclass(frozen=True)
class SideBySide(Explanation):
    """Two translations of one text."""

    sides: tuple[Side, Side]

    def figure(self) -> Figure:
        """For each side its attention, or the confidence of its words if it has none."""
        maps = []
        for side in self.sides:
            title = f"{side.name}: {side.network}"
            if side.attention is not None:
                maps.append(side.attention.heat_map(title))
                continue
            words = side.sentence.translation.words
            sure = np.array([[word.confidence or 0.0 for word in words]])
            maps.append(HeatMap(f"{title} (no attention)", ["confidence"], [w.text for w in words], sure))
        return draw_heat_maps(maps)

    def table(self) -> tuple[Sequence[str], Iterable[Sequence[object]]]:
        """A row for each word of each translation."""
        rows = (
            (side.name, number, word.text, word.confidence or 0.0, number in side.differs)
            for side in self.sides
            for number, word in enumerate(side.sentence.translation.words)
        )
        return ("model", "number", "word", "confidence", "differs"), rows


def compare(first: Sentence, second: Sentence) -> SideBySide:
    """Two models side by side: `explain.sentence` of the same text with each of them.

    Raises UsageError if the texts differ.
    """
    if first.text != second.text:
        raise UsageError(f"texts are {first.text[:40]!r} and {second.text[:40]!r}, expected the same")
    left, right = words_apart(first.translation, second.translation)
    return SideBySide((_side(first, left), _side(second, right)))


def _side(sentence: Sentence, differs: tuple[int, ...]) -> Side:
    translator = sentence.translator
    config, weights = translator.model.config, translator.info["parameters"]
    kind = "no" if config.attention == "none" else config.attention.replace("_", " ")
    network = (
        f"{config.cell.upper().replace('_', ' ')}, {kind} attention, {weights / 1e6:.1f} million weights"
    )
    shown = None if sentence.translation.attention is None else attention(sentence)
    return Side(translator.name or "model", network, sentence, differs, shown)
