"""A constraint: a translation prefers the words that were shown before (Arivazhagan et al., 2020).

    p'(y) = (1 - weight) p(y) + weight [y = next token of what was shown]

as long as the hypothesis is a beginning of it; behind that, p' = p.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor


@dataclass(frozen=True)
class Following:
    """Biases hypotheses towards tokens that were shown, until they differ from them.

    Log probabilities of such hypotheses contain the bias.

    Attributes:
        shown: tokens for each source, without EOS; none for no bias.
        weight: 0 (no bias) up to, without, 1.
    """

    shown: tuple[tuple[int, ...], ...]
    weight: float

    def select(self, sentences: Sequence[int]) -> Following:
        """The constraint for a batch of these sentences."""
        return replace(self, shown=tuple(self.shown[sentence] for sentence in sentences))

    def apply(self, logits: Tensor, prefixes: Tensor, sentences: Tensor, candidates: Tensor | None) -> Tensor:
        """Mix the distribution with the next token that was shown."""
        length = prefixes.shape[-1]
        for row, number in enumerate(sentences.tolist()):
            shown = self.shown[number]
            if length >= len(shown) or not self.weight:
                continue
            column = _column(shown[length], candidates)
            for k, tokens in enumerate(prefixes[row].tolist()):
                if column is not None and tuple(tokens) == shown[:length]:
                    self._mix(logits[row, k], column)
        return logits

    def _mix(self, scores: Tensor, column: int) -> None:
        """Mix the distribution of `scores` (V,) with certainty for one column, in place."""
        bias = scores.logsumexp(-1) + math.log(self.weight)
        scores += math.log1p(-self.weight)
        scores[column] = torch.logaddexp(scores[column], bias)


def _column(token: int, candidates: Tensor | None) -> int | None:
    """The column of `token`; None if it is not in the shortlist `candidates`."""
    if candidates is None:
        return token
    columns = (candidates == token).nonzero()
    return int(columns[0]) if len(columns) else None
