"""The BLEU to expect from a training: interpolated between trainings of our own (`runs.toml`), and rough.

BLEU depends on the kind of text and on the languages more than on anything else, which is why a band is
given. Its width is a choice, not fitted to anything.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import pairwise

BAND = (0.7, 1.25)
"""The band around the interpolated BLEU, as factors."""
_FASTEST_GROWTH = 4.0  # BLEU for each doubling of the passes or the pairs beyond the table's first rows
_EARLY = 60_000  # pairs read, repeated ones each time: after fewer, a training of any corpus has hardly begun


@dataclass(frozen=True)
class Run:
    """A training of ours: a row of `runs.toml`."""

    corpus: str
    pairs: int
    epochs: float
    minutes: float
    bleu: float
    source: str


@dataclass(frozen=True)
class Expectation:
    """A band of BLEU, and the trainings it is interpolated from."""

    low: float
    high: float
    near: tuple[str, ...]

    def __str__(self) -> str:
        if self.low < 1:
            return f"BLEU below {max(math.ceil(self.high), 1)}"
        return f"BLEU {self.low:.0f} to {self.high:.0f}"


@cache
def runs() -> tuple[Run, ...]:
    """The trainings of `runs.toml`."""
    text = (resources.files("seq2seq.planning") / "runs.toml").read_text(encoding="utf-8")
    return tuple(Run(**row) for row in tomllib.loads(text)["run"])


def expected_bleu(pairs: int, epochs: float, *, table: Sequence[Run] | None = None) -> Expectation:
    """The BLEU to expect after `epochs` passes over `pairs` training pairs.

    Each corpus of the table gives a value for `epochs`; between the corpora the value follows the logarithm
    of the number of pairs. Nothing is extrapolated upwards. A training that has read few pairs is not
    expected to be better than that of another corpus was after as many.
    """
    table = table or runs()
    corpora: dict[str, list[Run]] = {}
    for run in table:
        corpora.setdefault(run.corpus, []).append(run)
    points = sorted(
        (rows[0].pairs, _interpolated([(row.epochs, row.bleu) for row in rows], epochs), corpus)
        for corpus, rows in corpora.items()
    )
    value = _interpolated([(number, bleu) for number, bleu, _ in points], pairs)
    if pairs * epochs < _EARLY:
        value = min(value, _early(table, pairs * epochs))
    below = [corpus for number, _, corpus in points if number <= pairs][-1:]
    above = [corpus for number, _, corpus in points if number >= pairs][:1]
    return Expectation(value * BAND[0], min(value * BAND[1], 100.0), tuple(dict.fromkeys(below + above)))


def _early(table: Sequence[Run], read: float) -> float:
    """The BLEU of the corpus with the earliest validation after so many pairs; without one, no limit."""
    early = [run for run in table if run.epochs < 1]
    if not early:
        return 100.0
    corpus = min(early, key=lambda run: run.epochs).corpus
    return _interpolated([(run.pairs * run.epochs, run.bleu) for run in table if run.corpus == corpus], read)


def _interpolated(points: Sequence[tuple[float, float]], at: float) -> float:
    """The value at `at` between points (position, value) along the logarithm of their positions.

    Above the last point it is that point's; below the first it falls by `_FASTEST_GROWTH` for each halving.
    """
    points = sorted(points)
    at = max(at, 1e-6)
    if at <= points[0][0]:
        return max(points[0][1] - _FASTEST_GROWTH * math.log2(points[0][0] / at), 0.0)
    for (low, first), (high, second) in pairwise(points):
        if at <= high:
            share = (math.log(at) - math.log(low)) / (math.log(high) - math.log(low))
            return first + share * (second - first)
    return points[-1][1]
