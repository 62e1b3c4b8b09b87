"""The bridge: the decoder's first state, computed from the encoder's output."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from seq2seq.nn.encoder import EncoderOutput
from seq2seq.nn.recurrence import State


class Bridge(nn.Module):
    """The first state of each decoder layer.

    - `zero`: zeros.
    - `last`: the last state of the encoder layer of the same number (Sutskever et al., 2014).
    - otherwise tanh(W x + b), where x is: the mean of the encoder's outputs (`mean`; Nematus: Sennrich et
    al.,
      2017); the last state of its top layer (`projected`); or of the top layer's backward direction, which
      ends on the first token (`backward`; Bahdanau et al., 2015).
    """

    def __init__(
        self, kind: str, *, memory_size: int, hidden_size: int, layers: int, state_tensors: int
    ) -> None:
        super().__init__()
        self.kind, self.layers = kind, layers
        self.state_tensors, self.hidden_size = state_tensors, hidden_size
        width = memory_size // 2 if kind == "backward" else memory_size
        projects = kind not in ("zero", "last")
        self.project = nn.Linear(width, layers * state_tensors * hidden_size) if projects else None

    def forward(self, encoded: EncoderOutput) -> tuple[State, ...]:
        """A state for each decoder layer, each a tuple of (1,B,H) tensors."""
        if self.kind == "last":
            return encoded.states
        rows = len(encoded.outputs)
        if self.project is None:
            flat = encoded.outputs.new_zeros(rows, self.layers * self.state_tensors * self.hidden_size)
        else:
            flat = torch.tanh(self.project(self._source_vector(encoded)))
        parts = flat.view(rows, self.layers, self.state_tensors, 1, self.hidden_size).permute(1, 2, 3, 0, 4)
        return tuple(tuple(part.contiguous() for part in layer) for layer in parts)

    def _source_vector(self, encoded: EncoderOutput) -> Tensor:
        """x of the equation: (B,M), or (B,M/2) for `backward`."""
        if self.kind == "mean":
            mask = encoded.mask.unsqueeze(-1)
            return (encoded.outputs * mask).sum(1) / mask.sum(1)
        top = encoded.states[-1][0][0]
        return top if self.kind == "projected" else top.chunk(2, -1)[1]
