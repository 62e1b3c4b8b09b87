"""The reading half of the network: embedded source tokens in, one vector per token out."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from seq2seq.attention import Encoded
from seq2seq.cells import State, build_cell, reverse


class BidirectionalLayer(nn.Module):
    """Two layers over the same inputs, one from each end, outputs side by side (Schuster & Paliwal, 1997)."""

    def __init__(self, cell: str, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.ahead = build_cell(cell, input_size, hidden_size)
        self.back = build_cell(cell, input_size, hidden_size)

    def forward(self, inputs: Tensor, lengths: Tensor, *, want_state: bool) -> tuple[Tensor, State]:
        known = lengths if want_state else None  # outputs need no lengths: padding comes after the real steps
        ahead, ahead_state = self.ahead(inputs, lengths=known)
        back, back_state = self.back(reverse(inputs, lengths), lengths=known)
        outputs = torch.cat([ahead, reverse(back, lengths)], -1)
        if not want_state:
            return outputs, ()
        return outputs, tuple(torch.cat(pair, -1) for pair in zip(ahead_state, back_state, strict=True))


class Encoder(nn.Module):
    """Bidirectional layers; each above the first adds its input to its output (He et al., 2016)."""

    def __init__(
        self, *, cell: str, input_size: int, hidden_size: int, layers: int, dropout: float, want_state: bool
    ) -> None:
        super().__init__()
        sizes = [input_size] + [2 * hidden_size] * (layers - 1)
        self.layers = nn.ModuleList(BidirectionalLayer(cell, size, hidden_size) for size in sizes)
        self.dropout = nn.Dropout(dropout)
        self.want_state = want_state

    def forward(self, embedded: Tensor, lengths: Tensor) -> Encoded:
        """Encode `embedded` (B,S,E), whose row b has `lengths[b]` real tokens, at least one."""
        mask = torch.arange(embedded.shape[1], device=embedded.device) < lengths.unsqueeze(1)  # (B, S)
        outputs, state = self.layers[0](embedded, lengths, want_state=self.want_state)
        for layer in self.layers[1:]:
            above, state = layer(self.dropout(outputs), lengths, want_state=self.want_state)
            outputs = outputs + above
        return Encoded(self.dropout(outputs), mask, state)
