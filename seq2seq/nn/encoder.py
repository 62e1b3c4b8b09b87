"""The encoder: embedded source tokens in, one vector per token out.

There are five shapes of layer stacks. They differ in the direction in which the layers read:

    bidirectional   each layer in both directions; the next layer reads both (Schuster & Paliwal, 1997)
    forward         each layer forward (Cho et al., 2014)
    backward        each layer from the end of the source (Sutskever et al., 2014)
    gnmt            the first layer in both directions, the others forward (Wu et al., 2016)
    alternating     two separate stacks, one starting forward and one backward; each changes its direction at
                    every layer (Zhou et al., 2016; BiDeep: Miceli Barone et al., 2017)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from seq2seq.nn.cells import reverse
from seq2seq.nn.dropout import Dropout
from seq2seq.nn.recurrence import Recurrent, State

BuildCell = Callable[[int, int], Recurrent]
"""(input size, hidden size) -> a recurrent layer of `cells`."""


@dataclass(frozen=True)
class EncoderOutput:
    """What the encoder returns.

    `outputs` (B,S,M); `mask` (B,S), true on real tokens; `states`, the last state of each layer, lowest
    first, with both directions concatenated: tuples of (1,B,M) tensors. `states` is `()` if it was not
    requested.
    """

    outputs: Tensor
    mask: Tensor
    states: tuple[State, ...]


def run_direction(
    cell: Recurrent, inputs: Tensor, lengths: Tensor, *, backward: bool, return_state: bool
) -> tuple[Tensor, State]:
    """Outputs of `cell` (B,S,H) in source order, and its last state if requested, else `()`."""
    # Outputs need no lengths: padding comes after the real steps.
    known_lengths = lengths if return_state else None
    outputs, state = cell(reverse(inputs, lengths) if backward else inputs, lengths=known_lengths)
    return reverse(outputs, lengths) if backward else outputs, state if return_state else ()


class BidirectionalLayer(nn.Module):
    """Two cells over the same inputs, one in each direction. Their outputs are concatenated."""

    def __init__(self, build: BuildCell, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.ahead, self.back = build(input_size, hidden_size), build(input_size, hidden_size)
        self.output_size = 2 * hidden_size

    def forward(self, inputs: Tensor, lengths: Tensor, *, return_state: bool) -> tuple[Tensor, State]:
        ahead, ahead_state = run_direction(
            self.ahead, inputs, lengths, backward=False, return_state=return_state
        )
        back, back_state = run_direction(self.back, inputs, lengths, backward=True, return_state=return_state)
        return torch.cat([ahead, back], -1), concatenate_states(ahead_state, back_state)


class DirectedLayer(nn.Module):
    """One cell that reads forward, or from the end if `backward`."""

    def __init__(self, build: BuildCell, input_size: int, hidden_size: int, *, backward: bool) -> None:
        super().__init__()
        self.cell, self.backward = build(input_size, hidden_size), backward
        self.output_size = hidden_size

    def forward(self, inputs: Tensor, lengths: Tensor, *, return_state: bool) -> tuple[Tensor, State]:
        return run_direction(self.cell, inputs, lengths, backward=self.backward, return_state=return_state)


class AlternatingLayer(nn.Module):
    """Layer `index` of two separate stacks.

    The first stack reads forward where `index` is even, the second where it is odd. At `index` 0 both read
    the embeddings; above, each reads its own half of the layer below.
    """

    def __init__(self, build: BuildCell, input_size: int, hidden_size: int, *, index: int) -> None:
        super().__init__()
        self.index, self.output_size = index, 2 * hidden_size
        own_size = hidden_size if index else input_size
        self.first, self.second = build(own_size, hidden_size), build(own_size, hidden_size)

    def forward(self, inputs: Tensor, lengths: Tensor, *, return_state: bool) -> tuple[Tensor, State]:
        below = inputs.chunk(2, -1) if self.index else (inputs, inputs)
        odd = self.index % 2 == 1
        first, first_state = run_direction(
            self.first, below[0], lengths, backward=odd, return_state=return_state
        )
        second, second_state = run_direction(
            self.second, below[1], lengths, backward=not odd, return_state=return_state
        )
        return torch.cat([first, second], -1), concatenate_states(first_state, second_state)


def concatenate_states(first: State, second: State) -> State:
    """Two states of (1,B,H) tensors as one state of (1,B,2H) tensors."""
    return tuple(torch.cat(parts, -1) for parts in zip(first, second, strict=True))


def build_layer(shape: str, index: int, build: BuildCell, input_size: int, hidden_size: int) -> nn.Module:
    """Layer `index`, counted from 0, of an encoder of the given shape."""
    if shape == "alternating":
        return AlternatingLayer(build, input_size, hidden_size, index=index)
    if shape == "bidirectional" or (shape == "gnmt" and index == 0):
        return BidirectionalLayer(build, input_size, hidden_size)
    return DirectedLayer(build, input_size, hidden_size, backward=shape == "backward")


class Encoder(nn.Module):
    """A stack of recurrent layers.

    With `residual`, each layer above the first adds its input to its output (He et al., 2016), if both have
    the same width. `return_states` says whether the last states are computed as well.
    """

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
        return_states: bool,
    ) -> None:
        super().__init__()
        self.layers, width = nn.ModuleList(), input_size
        for index in range(layers):
            layer = build_layer(shape, index, build, width, hidden_size)
            self.layers.append(layer)
            width = layer.output_size  # type: ignore[assignment]
        self.dropout = Dropout(dropout)
        self.residual, self.return_states = residual, return_states

    def forward(self, embedded: Tensor, lengths: Tensor) -> EncoderOutput:
        """Encode `embedded` (B,S,E). Row b has `lengths[b]` real tokens, at least one."""
        mask = torch.arange(embedded.shape[1], device=embedded.device) < lengths.unsqueeze(1)  # (B, S)
        outputs, state = self.layers[0](embedded, lengths, return_state=self.return_states)
        states = [state]
        for layer in self.layers[1:]:
            above, state = layer(self.dropout(outputs), lengths, return_state=self.return_states)
            states.append(state)
            outputs = outputs + above if self.residual and above.shape == outputs.shape else above
        return EncoderOutput(self.dropout(outputs), mask, tuple(states) if self.return_states else ())
