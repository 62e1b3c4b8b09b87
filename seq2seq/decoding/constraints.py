"""What may change the scores of a step: one class per kind, applied before search chooses.

A constraint works row by row, so that batches change no answer. It sets logits to -inf; the log-normaliser
stays that of the network, so log probabilities remain those of the network.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, Self

from torch import Tensor


class Constraint(Protocol):
    """A rule about the next token of each hypothesis."""

    def select(self, sentences: Sequence[int]) -> Self:
        """The same constraint for a batch that consists of `sentences`, numbered from 0 in this order."""

    def apply(self, logits: Tensor, prefixes: Tensor, sentences: Tensor, candidates: Tensor | None) -> Tensor:
        """The changed `logits` (B,K,V), which may be the same tensor.

        `prefixes` (B,K,t) are the tokens of each hypothesis so far, without BOS; `sentences` (B,) the numbers
        of the sentences in the batch; `candidates` (V,) the token of each column if a shortlist is used.
        """


@dataclass(frozen=True)
class NoRepeatNgrams:
    """No run of `size` tokens occurs twice in a hypothesis (Paulus et al., 2018)."""

    size: int

    def select(self, sentences: Sequence[int]) -> NoRepeatNgrams:
        """It is the same for every sentence."""
        return self

    def apply(self, logits: Tensor, prefixes: Tensor, sentences: Tensor, candidates: Tensor | None) -> Tensor:
        """Set the tokens that would repeat a run of `size` tokens to -inf."""
        if prefixes.shape[-1] < self.size:
            return logits
        columns = None if candidates is None else {int(t): c for c, t in enumerate(candidates.tolist())}
        for row, hypotheses in enumerate(prefixes.tolist()):
            for k, tokens in enumerate(hypotheses):
                for token in self._repeated(tokens):
                    column = token if columns is None else columns.get(token)
                    if column is not None:
                        logits[row, k, column] = -math.inf
        return logits

    def _repeated(self, tokens: list[int]) -> set[int]:
        """Tokens that followed the last `size` - 1 tokens earlier in the hypothesis."""
        last = len(tokens) - self.size + 1
        context = tokens[last:]
        starts = (start for start in range(last) if tokens[start : start + self.size - 1] == context)
        return {tokens[start + self.size - 1] for start in starts}
