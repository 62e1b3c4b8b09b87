"""Attention by words: how much each word of the translation read of each word of the source."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from seq2seq.errors import UsageError
from seq2seq.explain.heat_maps import HeatMap, draw_heat_maps
from seq2seq.explain.one_sentence import Sentence, Unit
from seq2seq.explain.result import Explanation
from seq2seq.translation import Word

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class AttentionMap(Explanation):
    """Attention of a translation. It is what the network read, and no word alignment (Jain & Wallace, 2019).

    Attributes:
        sources, targets: the words of both sides with the end: W and V of them.
        weights: (V,W) the share of attention of each target word; rows sum to 1 (to at most 1 for `local`
            attention). Summed over the pieces of a source word, averaged over those of a target word.
        pieces: (T,S) the weights of the pieces.
    """

    sources: tuple[Unit, ...]
    targets: tuple[Unit, ...]
    weights: Array
    pieces: Array

    def heat_map(self, title: str = "attention") -> HeatMap:
        """The map: a row for each target word, a column for each source word."""
        return HeatMap(title, texts(self.targets), texts(self.sources), self.weights)

    def figure(self) -> Figure:
        """The heat map."""
        note = "Each row: the shares of the source words that were read to write this word."
        return draw_heat_maps([self.heat_map()], note=note)

    def table(self) -> tuple[Sequence[str], Iterable[Sequence[object]]]:
        """A row for each pair of words."""
        rows = (
            (target.text, source.text, float(self.weights[v, w]))
            for v, target in enumerate(self.targets)
            for w, source in enumerate(self.sources)
        )
        return ("target", "source", "attention"), rows


def attention(sentence: Sentence) -> AttentionMap:
    """The attention of `sentence`, as its translator's engine computed it.

    Raises UsageError for a model without attention.
    """
    pieces = sentence.translation.attention
    if pieces is None:
        raise UsageError(f"{sentence.translator.name or 'the model'} has no attention to show")
    weights = by_words(pieces, sentence.sources, sentence.targets)
    sizes = np.array([len(unit.pieces) for unit in sentence.targets])
    return AttentionMap(sentence.sources, sentence.targets, weights / sizes[:, None], pieces)


def by_words(pieces: Array, sources: Sequence[Unit], targets: Sequence[Unit]) -> Array:
    """Sums over the pieces of words: (T,S) to (target words, source words), float64."""
    columns = np.stack([pieces[:, u.pieces.start : u.pieces.stop].sum(1, dtype=float) for u in sources], 1)
    return np.stack([columns[u.pieces.start : u.pieces.stop].sum(0) for u in targets])


def texts(units: Sequence[Unit | Word]) -> list[str]:
    """The texts of units or words."""
    return [unit.text for unit in units]
