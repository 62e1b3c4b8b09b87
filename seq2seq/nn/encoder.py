"""The reading half of the network: embedded source tokens in, one vector per token out.

Layers are stacked in one of five shapes, which differ in who reads in which direction:

    bidirectional   each layer both ways, the next one reads both (Schuster & Paliwal, 1997)
    forward         each layer ahead (Cho et al., 2014)
    backward        each layer from the end of the source (Sutskever et al., 2014)
    gnmt            both ways at the bottom, ahead above (Wu et al., 2016)
    alternating     two towers, one that begins ahead and one from the end, each turning around at every layer
                    (Zhou et al., 2016; BiDeep: Miceli Barone et al., 2017)
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from seq2seq.nn.attention import Encoded
from seq2seq.nn.cells import reverse
from seq2seq.nn.dropout import Dropout
from seq2seq.nn.recurrence import Recurrent, State

BuildCell = Callable[[int, int], Recurrent]
"""(input size, hidden size) -> a recurrent layer of `cells`."""


def read(
    cell: Recurrent, inputs: Tensor, lengths: Tensor, *, back: bool, want_state: bool
) -> tuple[Tensor, State]:
    """Outputs of `cell` at each source position, read from the end when `back`; its last state if wanted."""
    known = lengths if want_state else None  # outputs need no lengths: padding comes after the real steps
    outputs, state = cell(reverse(inputs, lengths) if back else inputs, lengths=known)
    return reverse(outputs, lengths) if back else outputs, state if want_state else ()


class BidirectionalLayer(nn.Module):
    """Two cells over the same inputs, one from each end, outputs side by side."""

    def __init__(self, build: BuildCell, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.ahead, self.back = build(input_size, hidden_size), build(input_size, hidden_size)
        self.output_size = 2 * hidden_size

    def forward(self, inputs: Tensor, lengths: Tensor, *, want_state: bool) -> tuple[Tensor, State]:
        ahead, one = read(self.ahead, inputs, lengths, back=False, want_state=want_state)
        back, other = read(self.back, inputs, lengths, back=True, want_state=want_state)
        return torch.cat([ahead, back], -1), side_by_side(one, other)


class DirectedLayer(nn.Module):
    """One cell that reads ahead, or from the end."""

    def __init__(self, build: BuildCell, input_size: int, hidden_size: int, *, back: bool) -> None:
        super().__init__()
        self.cell, self.backwards = build(input_size, hidden_size), back
        self.output_size = hidden_size

    def forward(self, inputs: Tensor, lengths: Tensor, *, want_state: bool) -> tuple[Tensor, State]:
        return read(self.cell, inputs, lengths, back=self.backwards, want_state=want_state)


class TowersLayer(nn.Module):
    """Layer `index` of two towers that never meet: the first reads ahead where `index` is even, the second
    where it is odd. At the bottom both read the embeddings, above each its own half of the layer below."""

    def __init__(self, build: BuildCell, input_size: int, hidden_size: int, *, index: int) -> None:
        super().__init__()
        self.index, self.output_size = index, 2 * hidden_size
        own = hidden_size if index else input_size
        self.first, self.second = build(own, hidden_size), build(own, hidden_size)

    def forward(self, inputs: Tensor, lengths: Tensor, *, want_state: bool) -> tuple[Tensor, State]:
        below = inputs.chunk(2, -1) if self.index else (inputs, inputs)
        turned = self.index % 2 == 1
        first, one = read(self.first, below[0], lengths, back=turned, want_state=want_state)
        second, other = read(self.second, below[1], lengths, back=not turned, want_state=want_state)
        return torch.cat([first, second], -1), side_by_side(one, other)


def side_by_side(one: State, other: State) -> State:
    """Two states of (1,B,H) tensors as one of (1,B,2H)."""
    return tuple(torch.cat(pair, -1) for pair in zip(one, other, strict=True))


def build_layer(shape: str, index: int, build: BuildCell, input_size: int, hidden_size: int) -> nn.Module:
    """Layer `index`, from 0, of an encoder of the named shape."""
    if shape == "alternating":
        return TowersLayer(build, input_size, hidden_size, index=index)
    if shape == "bidirectional" or (shape == "gnmt" and index == 0):
        return BidirectionalLayer(build, input_size, hidden_size)
    return DirectedLayer(build, input_size, hidden_size, back=shape == "backward")


class Encoder(nn.Module):
    """Stacked layers; each above the first adds its input to its output (He et al., 2016) where both are
    equally wide and `residual` says so."""

    def __init__(
        self,
        *,
        shape: str,
        build: BuildCell,
        input_size: int,
        hidden_size: int,
        layers: int,
        dropout: float,
        residual: bool,
        want_state: bool,
    ) -> None:
        super().__init__()
        self.layers, width = nn.ModuleList(), input_size
        for index in range(layers):
            layer = build_layer(shape, index, build, width, hidden_size)
            self.layers.append(layer)
            width = layer.output_size  # type: ignore[assignment]
        self.dropout = Dropout(dropout)
        self.residual, self.want_state = residual, want_state

    def forward(self, embedded: Tensor, lengths: Tensor) -> Encoded:
        """Encode `embedded` (B,S,E), whose row b has `lengths[b]` real tokens, at least one."""
        mask = torch.arange(embedded.shape[1], device=embedded.device) < lengths.unsqueeze(1)  # (B, S)
        outputs, state = self.layers[0](embedded, lengths, want_state=self.want_state)
        states = [state]
        for layer in self.layers[1:]:
            above, state = layer(self.dropout(outputs), lengths, want_state=self.want_state)
            states.append(state)
            outputs = outputs + above if self.residual and above.shape == outputs.shape else above
        return Encoded(self.dropout(outputs), mask, tuple(states) if self.want_state else ())
