"""Random segmentations of text, drawn with a generator of Python.

SentencePiece samples too, but the seed of its generator includes the number of a thread, which differs from
process to process. Here the same text, generator and settings give the same pieces in every process.

Pieces never cross the start of a word (U+2581), so each word is drawn by itself.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from random import Random

from seq2seq.text.symbols import SPACE, SYMBOLS

_WORD = re.compile(f"{SPACE}[^{SPACE}]*|[^{SPACE}]+")
_UNKNOWN_PENALTY = 10.0  # SentencePiece's: a character without a piece scores so much below the worst piece
_CACHED_WORDS = 10_000  # about 30 MB
_LONGEST_CACHED = 40  # characters

_Arc = tuple[list[float], list[tuple[int, list[int]]]]
"""The ways to reach a place of a word: cumulative weights, and for each way the place where the last piece
starts and its ids."""


@dataclass
class SegmentationSampler:
    """Draws segmentations by the pieces of a vocabulary.

    `scores` and `ids` are those of the learned pieces: log probabilities of a unigram model, or with `bpe`
    the negative ranks of the merges. A character without a piece becomes its UTF-8 bytes.
    """

    scores: Mapping[str, float]
    ids: Mapping[str, int]
    bpe: bool
    _lattices: dict[tuple[str, float], list[_Arc]] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self._longest = max(map(len, self.scores))
        self._unknown = min(self.scores.values()) - _UNKNOWN_PENALTY

    def sample(self, text: str, *, alpha: float, random: Random) -> list[int]:
        """Ids of a random segmentation of `text`, in which U+2581 stands for a space.

        Unigram: a segmentation is drawn with a probability proportional to its own one to the power `alpha`
        (Kudo, 2018). BPE: each possible merge is left out with probability `alpha` at each step
        (BPE-dropout; Provilkov et al., 2020).
        """
        draw = self._merged if self.bpe else self._drawn
        return [number for word in _WORD.findall(text) for number in draw(word, alpha, random)]

    def _drawn(self, word: str, alpha: float, random: Random) -> list[int]:
        """Backward sampling through the lattice of `word`."""
        arcs, end, parts = self._lattice(word, alpha), len(word), list[list[int]]()
        while end:
            cumulative, ways = arcs[end - 1]
            pick = bisect_right(cumulative, random.random() * cumulative[-1])
            end, ids = ways[min(pick, len(ways) - 1)]
            parts.append(ids)
        return [number for ids in reversed(parts) for number in ids]

    def _lattice(self, word: str, alpha: float) -> list[_Arc]:
        """The ways to reach each place of `word` from the second on."""
        key = (word, alpha)
        if (cached := self._lattices.get(key)) is not None:
            return cached
        forward, arcs = [0.0], list[_Arc]()  # log of the summed weights of all ways to a place
        for end in range(1, len(word) + 1):
            ways, weights = list[tuple[int, list[int]]](), list[float]()
            for start in range(max(0, end - self._longest), end):
                piece = word[start:end]
                if piece in self.scores or start == end - 1:
                    ways.append((start, self._ids_of(piece)))
                    weights.append(forward[start] + alpha * self.scores.get(piece, self._unknown))
            highest = max(weights)
            cumulative = list(accumulate(math.exp(weight - highest) for weight in weights))
            forward.append(highest + math.log(cumulative[-1]))
            arcs.append((cumulative, ways))
        if len(word) <= _LONGEST_CACHED:
            if len(self._lattices) >= _CACHED_WORDS:
                self._lattices.clear()
            self._lattices[key] = arcs
        return arcs

    def _merged(self, word: str, alpha: float, random: Random) -> list[int]:
        """BPE with dropout: the best of the merges that are not left out, until all of them are."""
        pieces = list(word)
        while True:
            merges = [
                (-self.scores[merged], place)
                for place, (left, right) in enumerate(pairwise(pieces))
                if (merged := left + right) in self.scores and random.random() >= alpha
            ]
            if not merges:
                return [number for piece in pieces for number in self._ids_of(piece)]
            place = min(merges)[1]
            pieces[place : place + 2] = [pieces[place] + pieces[place + 1]]

    def _ids_of(self, piece: str) -> list[int]:
        """The id of a piece, or those of the bytes of a character that has none."""
        number = self.ids.get(piece)
        return [number] if number is not None else [len(SYMBOLS) + byte for byte in piece.encode()]
