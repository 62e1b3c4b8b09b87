"""What all recurrent layers share: the walk over time, the names of weights and where they start, and dropout
with one mask a sequence. The kinds themselves, each by its equations, stand in `cells`.

The interface, in which `state` is a tuple of (1,B,H) tensors, h first:

    layer(inputs (B,T,I), state=None, lengths=None) -> outputs (B,T,H), state
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor, nn

State: TypeAlias = tuple[Tensor, ...]


def last(outputs: Tensor, lengths: Tensor) -> Tensor:
    """The output of each row's last real step: (B,T,H) -> (B,H)."""
    return outputs[torch.arange(len(outputs), device=outputs.device), lengths - 1]


@dataclass(frozen=True)
class Masks:
    """What variational dropout keeps of each sequence, the same at all its steps (Gal & Ghahramani, 2016): 0
    or 1/(1 − p) per unit of the inputs (B,1,I) and, for each cell of a step, of the h that it reads (B,H)."""

    inputs: Tensor
    states: tuple[Tensor, ...]


class Recurrent(nn.Module):
    """The walk over time that all kinds share; a kind adds its weights and `step`.

    A step may have several cells (deep transition: Pascanu et al., 2014; Miceli Barone et al., 2017): the
    first reads the input, the `transitions` above it, of the same kind, nothing but the state.

    The loop is plain Python with the input products taken out of it. With 80 rows of 512 units a kind costs
    up to 1.5 times torch's kernel of as many gates on a CPU; scripting the loop saved 1 to 3 % of that, and a
    backward pass of our own that sums the weights' gradients in one product 3 to 5 %: too little to stay.
    """

    states: ClassVar[int] = 1  # tensors in a state; the first is h, which products read
    kernel: Any  # the weights: a layer of torch's, or `Weights` under the same names

    def __init__(self, hidden_size: int) -> None:
        super().__init__()
        self.hidden_size = hidden_size
        self.variational_dropout = 0.0
        self.transitions = nn.ModuleList()

    def read(self, inputs: Tensor | None) -> Tensor:
        """The part of all gates that needs no state: W x + b (B,T,G·H); b alone (G·H) for want of inputs."""
        bias = self.kernel.bias_ih_l0
        return bias if inputs is None else F.linear(inputs, self.kernel.weight_ih_l0, bias)

    def past(self, h: Tensor) -> Tensor:
        """The part of all gates that needs the state: U h + c, (B,H) -> (B,G·H)."""
        return F.linear(h, self.kernel.weight_hh_l0, self.kernel.bias_hh_l0)

    def step(self, given: Tensor, state: State, kept: Tensor) -> State:
        """The state after a step, each tensor (B,H). `given` is the step's part of `read`; `kept` is h for
        products, where variational dropout has been at work."""
        raise NotImplementedError

    def emit(self, h: Tensor) -> Tensor:
        """The outputs (B,T,H), from the first tensor of the state after each step."""
        return h

    def draw(self, inputs: Tensor) -> Masks | None:
        """New masks for the rows of `inputs` (B,T,I), or None where nothing is dropped. Who calls a layer
        once per step in training draws once per sequence, and hands the masks to every call."""
        if not (self.training and self.variational_dropout):
            return None
        rows, _, width = inputs.shape
        shapes = [(rows, 1, width), *[(rows, self.hidden_size)] * (1 + len(self.transitions))]
        first, *others = (F.dropout(inputs.new_ones(shape), self.variational_dropout) for shape in shapes)
        return Masks(first, tuple(others))

    def forward(
        self,
        inputs: Tensor,
        state: State | None = None,
        lengths: Tensor | None = None,
        masks: Masks | None = None,
    ) -> tuple[Tensor, State]:
        if masks is None:
            masks = self.draw(inputs)
        if state is None:
            state = (inputs.new_zeros(1, len(inputs), self.hidden_size),) * self.states
        if masks is None and not len(self.transitions):
            return self.run(inputs, state, lengths)
        return self.walk(inputs, state, lengths, masks)

    def run(self, inputs: Tensor, state: State, lengths: Tensor | None) -> tuple[Tensor, State]:
        """The quickest way through all steps, for one cell a step and without masks."""
        return self.walk(inputs, state, lengths, None)

    def walk(
        self, inputs: Tensor, state: State, lengths: Tensor | None, masks: Masks | None
    ) -> tuple[Tensor, State]:
        """All steps, one after the other; the input products of all at once before."""
        given = self.read(inputs if masks is None else inputs * masks.inputs)  # (B, T, G·H)
        cells: list[Any] = [self, *self.transitions]
        biases = [cell.read(None) for cell in cells[1:]]
        now: State = tuple(part.squeeze(0) for part in state)
        history = []
        for gates in given.unbind(1):
            for index, (cell, own) in enumerate(zip(cells, (gates, *biases), strict=True)):
                now = cell.step(own, now, now[0] if masks is None else now[0] * masks.states[index])
            history.append(now)
        outputs = self.emit(torch.stack([step[0] for step in history], 1))
        if lengths is not None:  # padding follows the real steps, so their states never saw it
            now = tuple(last(torch.stack(parts, 1), lengths) for parts in zip(*history, strict=True))
        return outputs, tuple(part.unsqueeze(0) for part in now)


class Weights(nn.Module):
    """W (G·H,I), U (G·H,H) and biases (G·H) under the names that torch's kernels give them. A cell above
    another has no inputs, I = 0, and no W. `recurrent` is U's number of gates where it is not G; the state's
    own bias c is there with `both`, for cells in which it is not b in other words."""

    def __init__(
        self, gates: int, input_size: int, hidden_size: int, *, recurrent: int = 0, both: bool = False
    ) -> None:
        super().__init__()
        wide, past = gates * hidden_size, (recurrent or gates) * hidden_size
        self.weight_ih_l0 = nn.Parameter(torch.empty(wide, input_size)) if input_size else None
        self.weight_hh_l0 = nn.Parameter(torch.empty(past, hidden_size))
        self.bias_ih_l0 = nn.Parameter(torch.empty(wide))
        self.bias_hh_l0 = nn.Parameter(torch.empty(past)) if both else None


def initialise(kernel: nn.Module, hidden_size: int) -> None:
    """Glorot input weights, orthogonal recurrent weights gate by gate (Saxe et al., 2014), zero biases."""
    for name, parameter in kernel.named_parameters():
        if parameter.is_meta:  # a network of sizes alone has nothing to fill
            continue
        if "bias" in name:
            nn.init.zeros_(parameter)
            continue
        for gate in torch.split(parameter.data, hidden_size):
            nn.init.orthogonal_(gate) if "weight_hh" in name else nn.init.xavier_uniform_(gate)
