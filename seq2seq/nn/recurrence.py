"""What all recurrent layers share: the loop over time steps, weight names, initialisation and variational
dropout.

`cells` has one class per kind of cell, each with its equations. Every layer has this interface, where `state`
is a tuple of (1,B,H) tensors, h first:

    layer(inputs (B,T,I), state=None, lengths=None) -> outputs (B,T,H), state
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor, nn

State: TypeAlias = tuple[Tensor, ...]
"""The state of a layer: `(h,)` or `(h, c)`, each (1,B,H)."""


def last_outputs(outputs: Tensor, lengths: Tensor) -> Tensor:
    """The output at the last real step of each row: (B,T,H) -> (B,H)."""
    return outputs[torch.arange(len(outputs), device=outputs.device), lengths - 1]


@dataclass(frozen=True)
class DropoutMasks:
    """Masks of variational dropout, the same at all time steps of a sequence (Gal & Ghahramani, 2016).

    Each value is 0 or 1/(1 − p). `inputs` (B,1,I) is for the inputs; `states` has one mask (B,H) for each
    cell of a time step, for the h that the cell reads.
    """

    inputs: Tensor
    states: tuple[Tensor, ...]


class Recurrent(nn.Module):
    """A recurrent layer in one direction, without its equations. A subclass adds its weights and `step`.

    A time step may have several cells of the same kind (deep transition: Pascanu et al., 2014; Miceli Barone
    et al., 2017). The first cell reads the input and the state, the others (`transitions`) only the state.

    The loop over time is plain Python; the input products of all steps are computed before it. It is slower
    than torch's kernel of the same size. Scripting the loop, and a backward pass that sums the gradients of
    the weights in one product, each gained at most a few per cent, so neither is used.
    """

    state_tensors: ClassVar[int] = 1  # number of tensors in a state; the first is h
    kernel: Any  # the weights: a layer of torch's, or `RecurrentWeights` with the same names

    def __init__(self, hidden_size: int) -> None:
        super().__init__()
        self.hidden_size = hidden_size
        self.variational_dropout = 0.0
        self.transitions = nn.ModuleList()

    def input_products(self, inputs: Tensor | None) -> Tensor:
        """The part of all gates that does not depend on the state: W x + b, (B,T,I) -> (B,T,G·H).

        Without inputs: b (G·H,).
        """
        bias = self.kernel.bias_ih_l0
        return bias if inputs is None else F.linear(inputs, self.kernel.weight_ih_l0, bias)

    def state_products(self, h: Tensor) -> Tensor:
        """The part of all gates that depends on the state: U h + c, (B,H) -> (B,G·H)."""
        return F.linear(h, self.kernel.weight_hh_l0, self.kernel.bias_hh_l0)

    def step(self, input_part: Tensor, state: State, masked_h: Tensor) -> State:
        """The state after one step, a tuple of (B,H) tensors.

        `input_part` is this step's part of `input_products`. `masked_h` is h after variational dropout; it
        takes the place of h in matrix products.
        """
        raise NotImplementedError

    def output_of(self, h: Tensor) -> Tensor:
        """The outputs, given the first tensor of the state: same shape."""
        return h

    def draw_masks(self, inputs: Tensor) -> DropoutMasks | None:
        """New dropout masks for the rows of `inputs` (B,T,I); None if nothing is dropped.

        Callers that pass a sequence in several calls must draw once and pass the same masks to every call.
        """
        if not (self.training and self.variational_dropout):
            return None
        rows, _, width = inputs.shape
        shapes = [(rows, 1, width), *[(rows, self.hidden_size)] * (1 + len(self.transitions))]
        first, *others = (F.dropout(inputs.new_ones(shape), self.variational_dropout) for shape in shapes)
        return DropoutMasks(first, tuple(others))

    def forward(
        self,
        inputs: Tensor,
        state: State | None = None,
        lengths: Tensor | None = None,
        masks: DropoutMasks | None = None,
    ) -> tuple[Tensor, State]:
        """Outputs (B,T,H) for `inputs` (B,T,I), and the state after the last step.

        `state` defaults to zeros. With `lengths` (B,), the state is that of the last real step of each row.
        `masks` defaults to new ones while training.
        """
        if masks is None:
            masks = self.draw_masks(inputs)
        if state is None:
            state = (inputs.new_zeros(1, len(inputs), self.hidden_size),) * self.state_tensors
        if masks is None and not len(self.transitions):
            return self.run_kernel(inputs, state, lengths)
        return self.run_steps(inputs, state, lengths, masks)

    def run_kernel(self, inputs: Tensor, state: State, lengths: Tensor | None) -> tuple[Tensor, State]:
        """All steps in the fastest way, for one cell per step and no masks: by torch's kernel if there is
        one."""
        return self.run_steps(inputs, state, lengths, None)

    def run_steps(
        self, inputs: Tensor, state: State, lengths: Tensor | None, masks: DropoutMasks | None
    ) -> tuple[Tensor, State]:
        """All steps, one after the other. The input products of all steps are computed first."""
        products = self.input_products(inputs if masks is None else inputs * masks.inputs)  # (B, T, G·H)
        cells: list[Any] = [self, *self.transitions]
        biases = [cell.input_products(None) for cell in cells[1:]]
        current: State = tuple(part.squeeze(0) for part in state)
        history = []
        for gates in products.unbind(1):
            for index, (cell, input_part) in enumerate(zip(cells, (gates, *biases), strict=True)):
                h = current[0]
                current = cell.step(input_part, current, h if masks is None else h * masks.states[index])
            history.append(current)
        outputs = self.output_of(torch.stack([parts[0] for parts in history], 1))
        if lengths is not None:  # padding comes after the real steps, so it did not change their states
            current = tuple(
                last_outputs(torch.stack(parts, 1), lengths) for parts in zip(*history, strict=True)
            )
        return outputs, tuple(part.unsqueeze(0) for part in current)


class RecurrentWeights(nn.Module):
    """W (G·H,I), U (G·H,H) and biases (G·H), under the names that torch's kernels use.

    A cell that reads only the state has `input_size` 0 and no W. `state_gates` is the number of gates in U,
    if it is not G. `state_bias` adds c, the bias of the state's product, for cells where it is not the same
    as b.
    """

    def __init__(
        self,
        gates: int,
        input_size: int,
        hidden_size: int,
        *,
        state_gates: int = 0,
        state_bias: bool = False,
    ) -> None:
        super().__init__()
        rows, state_rows = gates * hidden_size, (state_gates or gates) * hidden_size
        self.weight_ih_l0 = nn.Parameter(torch.empty(rows, input_size)) if input_size else None
        self.weight_hh_l0 = nn.Parameter(torch.empty(state_rows, hidden_size))
        self.bias_ih_l0 = nn.Parameter(torch.empty(rows))
        self.bias_hh_l0 = nn.Parameter(torch.empty(state_rows)) if state_bias else None


def init_recurrent_weights(kernel: nn.Module, hidden_size: int) -> None:
    """Set Glorot input weights, orthogonal recurrent weights for each gate (Saxe et al., 2014), zero
    biases."""
    for name, parameter in kernel.named_parameters():
        if parameter.is_meta:  # no storage
            continue
        if "bias" in name:
            nn.init.zeros_(parameter)
            continue
        for gate in torch.split(parameter.data, hidden_size):
            nn.init.orthogonal_(gate) if "weight_hh" in name else nn.init.xavier_uniform_(gate)
