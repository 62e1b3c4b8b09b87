"""A search while it runs: how much of the translation is certain already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import takewhile

from seq2seq.decoding.hypotheses import Array, Hypothesis


@dataclass(frozen=True)
class Growing:
    """A translation that is being searched.

    Attributes:
        tokens: those of the likeliest hypothesis that has not ended.
        agreed: so many of them stand at the start of every hypothesis that may still be chosen.
        found: at the end the hypotheses, best first; `tokens` are those of the first.
    """

    tokens: tuple[int, ...]
    agreed: int
    found: tuple[Hypothesis, ...] = ()


@dataclass
class Agreement:
    """What the hypotheses of one sentence have in common.

    Attributes:
        most: so many of the hypotheses that have ended, those with the best scores, may be chosen.
        ended: their scores and tokens, best first.
    """

    most: int
    ended: list[tuple[float, tuple[int, ...]]] = field(default_factory=list)

    def add(self, score: float, tokens: tuple[int, ...]) -> None:
        """Count a hypothesis that has ended. Of equal scores the first counts more, as in the search."""
        self.ended = sorted([*self.ended, (score, tokens)], key=lambda one: -one[0])[: self.most]

    def of(self, live: Array) -> Growing:
        """The state of a search with the hypotheses `live` (K,t) besides those that have ended, likeliest
        first."""
        tokens = [tuple(one) for one in live.tolist()]
        columns = zip(*tokens, *(ended for _, ended in self.ended), strict=False)  # as long as the shortest
        return Growing(tokens[0], sum(1 for _ in takewhile(lambda column: len(set(column)) == 1, columns)))


def grown(found: Sequence[Hypothesis]) -> Growing:
    """The end of a search."""
    return Growing(found[0].tokens, len(found[0].tokens), tuple(found))
