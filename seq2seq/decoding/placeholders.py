"""A constraint: a translation has the placeholders of its source, each once, and no others."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from seq2seq.decoding.choices import columns_of

_UNFINISHED = 1e4
"""What the end costs before all placeholders are there: no model's opinion outweighs it. The end must stay
possible, because it is forced at the length limit."""


@dataclass(frozen=True)
class Placeholders:
    """Each hypothesis takes every placeholder of its source once before it ends, in any order.

    Attributes:
        sources: token ids of each source.
        ids: of all placeholders.
        eos: the token that ends a hypothesis.
    """

    sources: Sequence[Sequence[int]]
    ids: tuple[int, ...]
    eos: int

    def select(self, sentences: Sequence[int]) -> Placeholders:
        """The constraint for a batch of these sentences."""
        sources = [self.sources[sentence] for sentence in sentences]
        return Placeholders(sources, self.ids, self.eos)

    @cached_property
    def wanted(self) -> Tensor:
        """Which placeholders each source has (B,P)."""
        return torch.tensor([[number in source for number in self.ids] for source in map(set, self.sources)])

    def apply(self, logits: Tensor, prefixes: Tensor, sentences: Tensor, candidates: Tensor | None) -> Tensor:
        """Forbid placeholders that are not left, and the end while some are."""
        columns, ending = columns_of((*self.ids, self.eos), candidates)
        if len(columns) <= len(self.ids):
            raise ValueError("candidates lack a placeholder, expected all of them")
        columns, numbers = columns[:-1], torch.tensor(self.ids, device=logits.device)
        used = (prefixes.unsqueeze(-1) == numbers).any(2)  # (B,K,P)
        left = self.wanted.to(logits.device)[sentences].unsqueeze(1) & ~used
        logits[..., columns] = logits[..., columns].masked_fill(~left, -math.inf)
        logits[..., ending] -= _UNFINISHED * left.any(-1)
        return logits


def is_complete(source: Sequence[int], target: Sequence[int], ids: Sequence[int]) -> bool:
    """Whether `target` has the same placeholders as `source`, each once. `ids` are all placeholders."""
    wanted = set(ids)
    return sorted(filter(wanted.__contains__, target)) == sorted(filter(wanted.__contains__, source))
