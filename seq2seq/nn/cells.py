"""Recurrent layers under one interface: one layer, one direction, a state that is always a tuple.

    layer(inputs (B,T,I), state=None, lengths=None) -> outputs (B,T,H), state

`state` is `(h,)` or `(h, c)`, each (1,B,H), so nobody asks which cell it is. Without `lengths` nothing is
masked, which is the decoder's case. With them, padding changes nothing, and the state returned is that of the
last real token of each row. Stacking and joining directions is left to `encoder` and `decoder`.

A kind is a class with its weights and `step`, its equations; `recurrence` walks them over time. Kinds that
torch has a kernel for leave time to the kernel, unless states are dropped or a step has several cells.
In the equations W and b are weights and biases of the input, U and c those of the state, each gate with its
own; σ is the logistic function and ∗ the product unit by unit.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from seq2seq.errors import UsageError
from seq2seq.nn.recurrence import Recurrent, State, Weights, initialise, last


def reverse(sequences: Tensor, lengths: Tensor) -> Tensor:
    """Turn the first `lengths[b]` steps of each row of `sequences` (B,T,I) around; padding stays where it
    is."""
    steps = torch.arange(sequences.shape[1], device=sequences.device)
    back = lengths.unsqueeze(1) - 1 - steps  # (B, T), negative on padding
    index = torch.where(back >= 0, back, steps)
    return sequences.gather(1, index.unsqueeze(-1).expand_as(sequences))


def remember(kernel: Any, hidden_size: int) -> None:
    """Start the forget gate, the second of four, with bias 1 (Józefowicz et al., 2015)."""
    with torch.no_grad():
        nn.init.ones_(kernel.bias_ih_l0[hidden_size : 2 * hidden_size])


class Fused(Recurrent):
    """Kinds whose time loop torch has a `kernel` for, with G = `gates`. A cell without inputs is stepped by
    the first of its layer, and has the weights alone."""

    def __init__(
        self, kernel: Callable[..., nn.RNNBase], gates: int, input_size: int, hidden_size: int
    ) -> None:
        super().__init__(hidden_size)
        if input_size:
            self.kernel = kernel(input_size, hidden_size, batch_first=True)
        else:
            self.kernel = Weights(gates, 0, hidden_size, both=True)
        initialise(self.kernel, hidden_size)

    def run(self, inputs: Tensor, state: State, lengths: Tensor | None) -> tuple[Tensor, State]:
        outputs, h = self.kernel(inputs, state[0])
        if lengths is not None:  # as in `walk`
            h = last(outputs, lengths).unsqueeze(0)
        return outputs, (h,)


class Elman(Fused):
    """Simple recurrent network (Elman, 1990): h_t = tanh(W x_t + b + U h_{t-1} + c)."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(nn.RNN, 1, input_size, hidden_size)

    def step(self, given: Tensor, state: State, kept: Tensor) -> State:
        return (torch.tanh(given + self.past(kept)),)


class ElmanReLU(Fused):
    """Simple recurrent network with ReLU (Le et al., 2015): h_t = max(0, W x_t + b + U h_{t-1} + c).

    U starts as the identity: a state without input is carried on as it is, and so is its gradient. With an
    orthogonal U, ReLU would set about half of the units to 0 at every step.
    """

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(partial(nn.RNN, nonlinearity="relu"), 1, input_size, hidden_size)
        if not self.kernel.weight_hh_l0.is_meta:
            nn.init.eye_(self.kernel.weight_hh_l0)

    def step(self, given: Tensor, state: State, kept: Tensor) -> State:
        return (torch.relu(given + self.past(kept)),)


class GRU(Fused):
    """Gated recurrent unit (Cho et al., 2014) with the reset gate after the product, as cuDNN has it:

        r_t = σ(W_r x_t + b_r + U_r h_{t-1} + c_r)          reset
        z_t = σ(W_z x_t + b_z + U_z h_{t-1} + c_z)          update: how much of the old state stays
        ĥ_t = tanh(W x_t + b + r_t ∗ (U h_{t-1} + c))       candidate
        h_t = (1 − z_t) ∗ ĥ_t + z_t ∗ h_{t-1}

    The textbook form, `GRUResetBefore`, resets before the product, U (r ∗ h), and its z weighs the candidate.
    """

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(nn.GRU, 3, input_size, hidden_size)

    def step(self, given: Tensor, state: State, kept: Tensor) -> State:
        (h,) = state
        sizes = [2 * self.hidden_size, self.hidden_size]
        gates, candidate = given.split(sizes, -1)
        past_gates, past = self.past(kept).split(sizes, -1)
        r, z = torch.sigmoid(gates + past_gates).chunk(2, -1)
        candidate = torch.tanh(candidate + r * past)
        return (candidate + z * (h - candidate),)


class GRUResetBefore(Recurrent):
    """Gated recurrent unit with the reset gate before the product, the textbook form (Cho et al., 2014;
    Chung et al., 2014):

        r_t = σ(W_r x_t + U_r h_{t-1} + b_r)            reset
        z_t = σ(W_z x_t + U_z h_{t-1} + b_z)            update: how much of the candidate comes in
        ĥ_t = tanh(W x_t + U (r_t ∗ h_{t-1}) + b)       candidate
        h_t = (1 − z_t) ∗ h_{t-1} + z_t ∗ ĥ_t

    `GRU` differs twice. In the meaning of z: negating W_z, U_z and b_z turns z into 1 − z, so this always
    converts. In the place of r: U (r ∗ h) is r ∗ (U h + c) where c = 0 and no U_ij joins units of different
    r, that is for a diagonal U, or U = 0, or an r of equal units (one row of W_r, U_r and b_r, repeated). And
    an r that never changes (W_r = U_r = 0) converts any U and c: U_ij here is r_i U_ij / r_j there, and b
    takes up r ∗ c. Weights as training leaves them are none of these.
    """

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(hidden_size)
        self.kernel = Weights(3, input_size, hidden_size, recurrent=2)
        self.kernel.weight_hh_candidate = nn.Parameter(torch.empty(hidden_size, hidden_size))
        initialise(self.kernel, hidden_size)

    def step(self, given: Tensor, state: State, kept: Tensor) -> State:
        (h,) = state
        gates, candidate = given.split([2 * self.hidden_size, self.hidden_size], -1)
        r, z = torch.sigmoid(gates + self.past(kept)).chunk(2, -1)
        candidate = torch.tanh(candidate + F.linear(r * kept, self.kernel.weight_hh_candidate))
        return (h + z * (candidate - h),)


class LSTM(Fused):
    """Long short-term memory (Hochreiter & Schmidhuber, 1997; forget gate: Gers et al., 2000):

        f_t, i_t, o_t = σ(W x_t + b + U h_{t-1} + c)    forget, input and output gate
        Ĉ_t = tanh(W x_t + b + U h_{t-1} + c)           candidate
        C_t = f_t ∗ C_{t-1} + i_t ∗ Ĉ_t
        h_t = o_t ∗ tanh(C_t)

    c is not C. The forget gate's b starts at 1 (Józefowicz et al., 2015).
    """

    states = 2

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(nn.LSTM, 4, input_size, hidden_size)
        remember(self.kernel, hidden_size)

    def run(self, inputs: Tensor, state: State, lengths: Tensor | None) -> tuple[Tensor, State]:
        if inputs.is_cpu and inputs.shape[1] == 1 and isinstance(self.kernel, nn.LSTM):
            # torch's kernel lays its weights out anew in every call: 5 rows of 512 take 1.4 ms, here 0.7
            return self.walk(inputs, state, lengths, None)
        if lengths is None:
            outputs, final = self.kernel(inputs, state)
            return outputs, tuple(final)
        # C of the last real step is in no output, so rows are packed: slower, and only done for the state
        packed = pack_padded_sequence(inputs, lengths.cpu(), batch_first=True, enforce_sorted=False)
        outputs, final = self.kernel(packed, state)
        padded, _ = pad_packed_sequence(outputs, batch_first=True, total_length=inputs.shape[1])
        return padded, tuple(final)

    def step(self, given: Tensor, state: State, kept: Tensor) -> State:
        i, f, candidate, o = (given + self.past(kept)).chunk(4, -1)
        c = torch.sigmoid(f) * state[1] + torch.sigmoid(i) * torch.tanh(candidate)
        return torch.sigmoid(o) * torch.tanh(c), c


class LayerNormLSTM(Recurrent):
    """LSTM with layer normalisation as in the supplement of Ba et al. (2016), LN(v) being (v − mean v) /
    sqrt(var v + 1e-5) over all units of v, and α gains that start at 1:

        [i_t; f_t; Ĉ_t; o_t] = α¹ ∗ LN(W x_t) + α² ∗ LN(U h_{t-1}) + b      each LN over all four, 4 H
        C_t = σ(f_t) ∗ C_{t-1} + σ(i_t) ∗ tanh(Ĉ_t)
        h_t = σ(o_t) ∗ tanh(α³ ∗ LN(C_t) + β³)

    The C handed on is not normalised. b is the paper's three biases of the first line in one; its forget
    part starts at 1.
    """

    states = 2

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(hidden_size)
        self.kernel = Weights(4, input_size, hidden_size)
        initialise(self.kernel, hidden_size)
        remember(self.kernel, hidden_size)
        self.norm_given = nn.LayerNorm(4 * hidden_size, bias=False) if input_size else nn.Identity()
        self.norm_past = nn.LayerNorm(4 * hidden_size, bias=False)
        self.norm_state = nn.LayerNorm(hidden_size)

    def read(self, inputs: Tensor | None) -> Tensor:
        bias = self.kernel.bias_ih_l0
        return bias if inputs is None else self.norm_given(F.linear(inputs, self.kernel.weight_ih_l0)) + bias

    def step(self, given: Tensor, state: State, kept: Tensor) -> State:
        i, f, candidate, o = (given + self.norm_past(self.past(kept))).chunk(4, -1)
        c = torch.sigmoid(f) * state[1] + torch.sigmoid(i) * torch.tanh(candidate)
        return torch.sigmoid(o) * torch.tanh(self.norm_state(c)), c


class LayerNormGRU(Recurrent):
    """GRU with layer normalisation as in the supplement of Ba et al. (2016), LN and α as in `LayerNormLSTM`:

        [r_t; z_t] = σ(α¹ ∗ LN(W_rz x_t) + α² ∗ LN(U_rz h_{t-1}) + b_rz)        each LN over both gates, 2 H
        ĥ_t = tanh(α³ ∗ LN(W x_t) + b + r_t ∗ (α⁴ ∗ LN(U h_{t-1}) + c))         each LN over H
        h_t = (1 − z_t) ∗ h_{t-1} + z_t ∗ ĥ_t

    The reset comes after the product, as in `GRU`; z weighs the candidate, as in `GRUResetBefore`. The
    paper's two biases of the first line are one.
    """

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(hidden_size)
        self.kernel = Weights(3, input_size, hidden_size)
        initialise(self.kernel, hidden_size)
        self.sizes = [2 * hidden_size, hidden_size]
        if input_size:
            self.norm_given = nn.ModuleList(nn.LayerNorm(size, bias=False) for size in self.sizes)
        self.norm_past_gates = nn.LayerNorm(2 * hidden_size, bias=False)
        self.norm_past = nn.LayerNorm(hidden_size)

    def read(self, inputs: Tensor | None) -> Tensor:
        if inputs is None:
            return self.kernel.bias_ih_l0
        parts = F.linear(inputs, self.kernel.weight_ih_l0).split(self.sizes, -1)
        normal = [norm(part) for norm, part in zip(self.norm_given, parts, strict=True)]
        return torch.cat(normal, -1) + self.kernel.bias_ih_l0

    def step(self, given: Tensor, state: State, kept: Tensor) -> State:
        (h,) = state
        gates, candidate = given.split(self.sizes, -1)
        past_gates, past = self.past(kept).split(self.sizes, -1)
        r, z = torch.sigmoid(gates + self.norm_past_gates(past_gates)).chunk(2, -1)
        candidate = torch.tanh(candidate + r * self.norm_past(past))
        return (h + z * (candidate - h),)


class SSRU(Recurrent):
    """Simpler simple recurrent unit (Kim et al., 2019, after Lei et al., 2018), a light cell for CPUs: its
    products read no state, so those of all steps are one.

        f_t = σ(W_f x_t + b_f)                      forget gate, whose bias starts at 1
        c_t = f_t ∗ c_{t-1} + (1 − f_t) ∗ W x_t     the state
        h_t = max(0, c_t)                           the output

    Variational dropout finds inputs alone to drop: a mask on the carried c would be applied anew each step.
    """

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(hidden_size)
        self.forget = nn.Linear(input_size, hidden_size)
        self.value = nn.Linear(input_size, hidden_size, bias=False)
        nn.init.xavier_uniform_(self.forget.weight)
        nn.init.ones_(self.forget.bias)
        nn.init.xavier_uniform_(self.value.weight)

    def read(self, inputs: Tensor | None) -> Tensor:
        assert inputs is not None, "no transitions"
        return torch.cat([torch.sigmoid(self.forget(inputs)), self.value(inputs)], -1)

    def step(self, given: Tensor, state: State, kept: Tensor) -> State:
        f, value = given.chunk(2, -1)
        return (value + f * (state[0] - value),)

    def emit(self, h: Tensor) -> Tensor:
        return torch.relu(h)


CELLS: dict[str, Callable[[int, int], Recurrent]] = {
    "gru": GRU,
    "lstm": LSTM,
    "rnn": Elman,
    "rnn_relu": ElmanReLU,
    "gru_reset_before": GRUResetBefore,
    "layernorm_gru": LayerNormGRU,
    "layernorm_lstm": LayerNormLSTM,
    "ssru": SSRU,
}


def build_cell(
    kind: str, input_size: int, hidden_size: int, *, depth: int = 1, variational_dropout: float = 0.0
) -> Recurrent:
    """A layer of the named kind, I = `input_size` and H = `hidden_size` units wide.

    `depth` is the number of cells in a step (see `Recurrent`), `variational_dropout` the probability p with
    which training drops a unit of the inputs, and of the state where a product reads it (see `Masks`).
    """
    if kind not in CELLS:
        raise UsageError(f"model.cell is {kind!r}, expected one of {', '.join(CELLS)}")
    if depth < 1:
        raise UsageError(f"model.cell_depth is {depth}, expected 1 or more cells a step")
    if depth > 1 and kind == "ssru":
        raise UsageError(
            f"model.cell_depth is {depth}, but no gate of ssru reads the state: a cell without inputs would "
            "do the same to every state; expected 1, or another model.cell"
        )
    if not 0 <= variational_dropout < 1:
        raise UsageError(
            f"model.variational_dropout is {variational_dropout}, expected a probability from 0 to below 1"
        )
    layer = CELLS[kind](input_size, hidden_size)
    layer.variational_dropout = variational_dropout
    layer.transitions.extend(CELLS[kind](0, hidden_size) for _ in range(depth - 1))
    return layer
