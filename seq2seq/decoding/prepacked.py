"""Weights laid out for the few rows of decoding on a CPU: the same numbers, sooner.

A beam of five is a product of five rows, for which the general routine spends its time on rearranging the
weights. oneDNN can keep them rearranged: products of 5 rows take 0.4 to 0.6 of the time (192 × 6,000: 131 µs
against 305; 704 × 960: 83 against 176, one thread), and a row's result depends less on how many rows there
are. Training keeps the plain layout, because its weights change.
"""

from __future__ import annotations

import copy
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from seq2seq.nn.dropout import Dropout

Module = TypeVar("Module", bound=nn.Module)


def packed(model: Module) -> Module:
    """A twin of `model` for inference in float32 on a CPU, whose products are packed; it shares the weights.

    Weights changed later are not seen by it. Where torch lacks the operation, the model itself.
    """
    first = next(model.parameters(), None)
    if first is None or first.device.type != "cpu" or first.dtype != torch.float32 or not _available():
        return model
    twin = copy.deepcopy(model, {id(weight): weight for weight in model.parameters()})
    for module in list(twin.modules()):
        for name, child in module.named_children():
            if type(child) in KINDS:
                setattr(module, name, KINDS[type(child)](child))
    return twin.eval()


def _available() -> bool:
    """Whether this build of torch has the operation, which is its compiler's and not a public one."""
    try:
        one = torch.ones(1, 1)
        return bool(_product(one, _arranged(one), None) == 1)
    except (AttributeError, RuntimeError):
        return False


def _arranged(weight: Tensor) -> Tensor:
    return torch.ops.mkldnn._reorder_linear_weight(weight.detach().contiguous(), None)


def _product(inputs: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    return torch.ops.mkldnn._linear_pointwise(inputs, weight, bias, "none", [], "")


class PackedLinear(nn.Module):
    """x Wᵀ + b, as nn.Linear."""

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self.packed, self.bias = _arranged(linear.weight), linear.bias

    def forward(self, inputs: Tensor) -> Tensor:
        return _product(inputs, self.packed, self.bias)


class PackedRecurrence(nn.Module):
    """A layer of nn.RNNBase: single steps by packed products, longer sequences by torch's own kernel."""

    def __init__(self, kernel: nn.RNNBase) -> None:
        super().__init__()
        self.kernel, self.hidden_size = kernel, kernel.hidden_size
        for name, weight in kernel.named_parameters():  # for cells that walk the weights themselves
            self.register_parameter(name, weight)
        weights = dict(kernel.named_parameters())
        self.given, self.past = _arranged(weights["weight_ih_l0"]), _arranged(weights["weight_hh_l0"])
        self.given_bias, self.past_bias = weights["bias_ih_l0"].detach(), weights["bias_hh_l0"].detach()

    def forward(self, inputs: Any, state: Any = None) -> tuple[Any, Any]:
        """inputs (B,T,I), state as torch has it -> outputs (B,T,H), state."""
        if state is None or not isinstance(inputs, Tensor) or inputs.shape[1] != 1:
            return self.kernel(inputs, state)
        return self.step(_product(inputs[:, 0], self.given, self.given_bias), state)

    def step(self, given: Tensor, state: Any) -> tuple[Tensor, Any]:
        raise NotImplementedError


class PackedGRU(PackedRecurrence):
    """One step of nn.GRU."""

    def step(self, given: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        old = state[0]
        past = _product(old, self.past, self.past_bias)
        width = 2 * self.hidden_size
        reset, update = (given[:, :width] + past[:, :width]).sigmoid_().chunk(2, 1)
        candidate = torch.addcmul(given[:, width:], reset, past[:, width:]).tanh_()
        new = torch.lerp(candidate, old, update)
        return new.unsqueeze(1), new.unsqueeze(0)


class PackedLSTM(PackedRecurrence):
    """One step of nn.LSTM."""

    def step(self, given: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        hidden, cell = state[0][0], state[1][0]
        sums = given.add_(_product(hidden, self.past, self.past_bias))
        inward, forget, candidate, outward = sums.chunk(4, 1)
        cell = torch.addcmul(forget.sigmoid() * cell, inward.sigmoid(), candidate.tanh())
        new = outward.sigmoid() * cell.tanh()
        return new.unsqueeze(1), (new.unsqueeze(0), cell.unsqueeze(0))


def nothing(dropout: Dropout) -> nn.Module:
    """In place of dropout, whose call costs 6 µs for leaving things as they are."""
    return nn.Identity()


KINDS: dict[type[nn.Module], Any] = {
    nn.Linear: PackedLinear,
    nn.GRU: PackedGRU,
    nn.LSTM: PackedLSTM,
    Dropout: nothing,
}
