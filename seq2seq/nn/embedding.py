"""Token vectors."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from seq2seq.nn.dropout import Dropout


class Embedding(nn.Module):
    """Token vectors (V,E), with dropout of units and of whole tokens (Gal & Ghahramani, 2016).

    `dropout` is the probability of dropping a unit, `word_dropout` that of zeroing the vector of a token.
    Vectors are multiplied by √E, so that their units have variance 1 at the start.
    """

    def __init__(
        self, vocab_size: int, size: int, *, dropout: float = 0.0, word_dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.table = nn.Embedding(vocab_size, size)
        self.dropout = Dropout(dropout)
        self.word_dropout = word_dropout
        nn.init.normal_(self.table.weight, std=size**-0.5)

    def forward(self, tokens: Tensor) -> Tensor:
        """Vectors (B,T,E) of the token ids `tokens` (B,T)."""
        vectors = self.dropout(self.table(tokens) * self.table.embedding_dim**0.5)
        if self.training and self.word_dropout:
            keep = torch.rand(tokens.shape, device=tokens.device) >= self.word_dropout
            vectors = vectors * keep.unsqueeze(-1) / (1 - self.word_dropout)
        return vectors
