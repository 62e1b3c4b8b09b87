"""A constraint: a translation has at least so many tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from seq2seq.decoding.choices import columns_of
from seq2seq.text.tokenizer import Tokenizer

TOO_SHORT = 1e4
"""What the end costs before: no model's opinion outweighs it. The end stays possible, for the case that other
rules forbid every token."""


@dataclass(frozen=True)
class MinLength:
    """Hypotheses do not end before they have `least` tokens.

    Attributes:
        least: fewest tokens of each source's translation, EOS not counted.
        eos: the token that ends a hypothesis.
    """

    least: tuple[int, ...]
    eos: int = Tokenizer.eos_id

    def select(self, sentences: Sequence[int]) -> MinLength:
        """The constraint for a batch of these sentences."""
        return MinLength(tuple(self.least[sentence] for sentence in sentences), self.eos)

    def apply(self, logits: Tensor, prefixes: Tensor, sentences: Tensor, candidates: Tensor | None) -> Tensor:
        """Lower the logit of EOS in sentences whose hypotheses are too short."""
        length = prefixes.shape[-1]
        if length >= max(self.least, default=0):
            return logits
        _, ending = columns_of((self.eos,), candidates)
        short = torch.tensor(self.least, device=logits.device)[sentences] > length  # (B,)
        logits[..., ending] -= TOO_SHORT * short.unsqueeze(1)
        return logits
