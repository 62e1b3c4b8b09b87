"""Weights laid out for the products of decoding on a CPU, which have few rows.

For a beam of five hypotheses, a general matrix product spends most of its time on reordering the weights.
oneDNN can keep them reordered; a row's result then also depends less on the number of rows. Training keeps
the plain layout, because its weights change.
"""

from __future__ import annotations

import copy
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from seq2seq.nn.dropout import Dropout

Module = TypeVar("Module", bound=nn.Module)


def prepack(model: Module) -> Module:
    """A copy of `model` for float32 inference on a CPU with reordered weights; it shares the other weights.

    The copy does not follow later changes of the weights. Returns `model` itself if it is on another device,
    has another precision, or this build of torch lacks the operation.
    """
    first = next(model.parameters(), None)
    if first is None or first.device.type != "cpu" or first.dtype != torch.float32 or not _available():
        return model
    copied = copy.deepcopy(model, {id(weight): weight for weight in model.parameters()})
    for module in list(copied.modules()):
        for name, child in module.named_children():
            if type(child) in KINDS:
                setattr(module, name, KINDS[type(child)](child))
    return copied.eval()


def _available() -> bool:
    """Whether this build of torch has the operation. It belongs to torch.compile and is not public API."""
    try:
        one = torch.ones(1, 1)
        return bool(_linear(one, _reorder(one), None) == 1)
    except (AttributeError, RuntimeError):
        return False


def _reorder(weight: Tensor) -> Tensor:
    return torch.ops.mkldnn._reorder_linear_weight(weight.detach().contiguous(), None)


def _linear(inputs: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    return torch.ops.mkldnn._linear_pointwise(inputs, weight, bias, "none", [], "")


class PackedLinear(nn.Module):
    """x Wᵀ + b, as nn.Linear."""

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self.weight, self.bias = _reorder(linear.weight), linear.bias

    def forward(self, inputs: Tensor) -> Tensor:
        return _linear(inputs, self.weight, self.bias)


class PackedRecurrence(nn.Module):
    """A layer of nn.RNNBase: single steps with reordered weights, longer sequences with torch's kernel."""

    def __init__(self, kernel: nn.RNNBase) -> None:
        super().__init__()
        self.kernel, self.hidden_size = kernel, kernel.hidden_size
        for name, weight in kernel.named_parameters():  # for cells that use the weights directly
            self.register_parameter(name, weight)
        weights = dict(kernel.named_parameters())
        self.input_weight = _reorder(weights["weight_ih_l0"])
        self.state_weight = _reorder(weights["weight_hh_l0"])
        self.input_bias, self.state_bias = weights["bias_ih_l0"].detach(), weights["bias_hh_l0"].detach()

    def forward(self, inputs: Any, state: Any = None) -> tuple[Any, Any]:
        """inputs (B,T,I), state in torch's form -> outputs (B,T,H), state."""
        if state is None or not isinstance(inputs, Tensor) or inputs.shape[1] != 1:
            return self.kernel(inputs, state)
        return self.step(_linear(inputs[:, 0], self.input_weight, self.input_bias), state)

    def step(self, input_part: Tensor, state: Any) -> tuple[Tensor, Any]:
        """W x + b of the input (B,G·H), state -> output (B,1,H), state."""
        raise NotImplementedError


class PackedGRU(PackedRecurrence):
    """One step of nn.GRU."""

    def step(self, input_part: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        old = state[0]
        state_part = _linear(old, self.state_weight, self.state_bias)
        width = 2 * self.hidden_size
        reset, update = (input_part[:, :width] + state_part[:, :width]).sigmoid_().chunk(2, 1)
        candidate = torch.addcmul(input_part[:, width:], reset, state_part[:, width:]).tanh_()
        new = torch.lerp(candidate, old, update)
        return new.unsqueeze(1), new.unsqueeze(0)


class PackedLSTM(PackedRecurrence):
    """One step of nn.LSTM."""

    def step(self, input_part: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        hidden, cell = state[0][0], state[1][0]
        sums = input_part.add_(_linear(hidden, self.state_weight, self.state_bias))
        input_gate, forget_gate, candidate, output_gate = sums.chunk(4, 1)
        cell = torch.addcmul(forget_gate.sigmoid() * cell, input_gate.sigmoid(), candidate.tanh())
        new = output_gate.sigmoid() * cell.tanh()
        return new.unsqueeze(1), (new.unsqueeze(0), cell.unsqueeze(0))


def _no_dropout(dropout: Dropout) -> nn.Module:
    """Replaces dropout, which does nothing in inference but costs a call."""
    return nn.Identity()


KINDS: dict[type[nn.Module], Any] = {
    nn.Linear: PackedLinear,
    nn.GRU: PackedGRU,
    nn.LSTM: PackedLSTM,
    Dropout: _no_dropout,
}
