"""A constraint: tokens that a hypothesis already has become less likely."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class RepetitionPenalty:
    """Divides the logits of tokens that a hypothesis already has by `penalty` (Keskar et al., 2019).

    Negative logits are multiplied instead: dividing would raise them. EOS is in no prefix, and so never
    affected. The log probabilities of hypotheses include the penalty: search could not act on it otherwise.
    """

    penalty: float

    def select(self, sentences: Sequence[int]) -> RepetitionPenalty:
        """The same rule holds for every sentence."""
        return self

    def apply(self, logits: Tensor, prefixes: Tensor, sentences: Tensor, candidates: Tensor | None) -> Tensor:
        """Change the logits of the tokens in `prefixes`."""
        if not prefixes.shape[-1]:
            return logits
        columns = prefixes if candidates is None else _columns(prefixes, candidates)
        used = torch.zeros(*logits.shape[:-1], logits.shape[-1] + 1, dtype=torch.bool, device=logits.device)
        used = used.scatter_(-1, columns, True)[..., :-1]  # the last column is for tokens without one
        penalised = torch.where(logits > 0, logits / self.penalty, logits * self.penalty)
        return torch.where(used, penalised, logits)


def _columns(prefixes: Tensor, candidates: Tensor) -> Tensor:
    """The column of each token of `prefixes` (B,K,t) in the shortlist `candidates` (V,); V if it has none."""
    size = int(max(prefixes.max(), candidates.max())) + 1
    columns = torch.full((size,), len(candidates), dtype=torch.int64, device=prefixes.device)
    columns[candidates] = torch.arange(len(candidates), device=prefixes.device)
    return columns[prefixes]
