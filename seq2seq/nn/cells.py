"""Recurrent cells. Each class is one layer in one direction:

    layer(inputs (B,T,I), state=None, lengths=None) -> outputs (B,T,H), state

`state` is always a tuple, `(h,)` or `(h, c)`, each (1,B,H), so callers need not know the kind of cell.
Without `lengths` all steps count, as in the decoder. With `lengths`, padding changes nothing, and the
returned state is that of the last real token of each row. `encoder` and `decoder` stack layers and join
directions.

To add a cell, write a class with its weights and `step`, add it to `CELLS`, and add its name to `Cell` in
`seq2seq.config.model`. The loop over time is in `recurrence`. Cells that torch has a kernel for use the
kernel, except with variational dropout or several cells per step.

In the equations W and b are weights and biases of the input, U and c those of the state, separate for each
gate; σ is the logistic function and ∗ the elementwise product.
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
from seq2seq.nn.recurrence import Recurrent, RecurrentWeights, State, init_recurrent_weights, last_outputs


def reverse(sequences: Tensor, lengths: Tensor) -> Tensor:
    """Reverse the first `lengths[b]` steps of each row b of `sequences` (B,T,I). Padding stays in place."""
    steps = torch.arange(sequences.shape[1], device=sequences.device)
    source_steps = lengths.unsqueeze(1) - 1 - steps  # (B, T), negative on padding
    index = torch.where(source_steps >= 0, source_steps, steps)
    return sequences.gather(1, index.unsqueeze(-1).expand_as(sequences))


def init_forget_bias(kernel: Any, hidden_size: int) -> None:
    """Set the bias of the forget gate, the second of four gates, to 1 (Józefowicz et al., 2015)."""
    with torch.no_grad():
        nn.init.ones_(kernel.bias_ih_l0[hidden_size : 2 * hidden_size])


class FusedCell(Recurrent):
    """Cells that torch has a `kernel` for, with G = `gates`.

    A cell with `input_size` 0 is a transition of another layer, which runs its steps: it has only weights.
    """

    def __init__(
        self, kernel: Callable[..., nn.RNNBase], gates: int, input_size: int, hidden_size: int
    ) -> None:
        super().__init__(hidden_size)
        if input_size:
            self.kernel = kernel(input_size, hidden_size, batch_first=True)
        else:
            self.kernel = RecurrentWeights(gates, 0, hidden_size, state_bias=True)
        init_recurrent_weights(self.kernel, hidden_size)

    def run_kernel(self, inputs: Tensor, state: State, lengths: Tensor | None) -> tuple[Tensor, State]:
        outputs, h = self.kernel(inputs, state[0])
        if lengths is not None:  # as in `run_steps`
            h = last_outputs(outputs, lengths).unsqueeze(0)
        return outputs, (h,)


class Elman(FusedCell):
    """Simple recurrent network (Elman, 1990): h_t = tanh(W x_t + b + U h_{t-1} + c)."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(nn.RNN, 1, input_size, hidden_size)

    def step(self, input_part: Tensor, state: State, masked_h: Tensor) -> State:
        return (torch.tanh(input_part + self.state_products(masked_h)),)


class ElmanReLU(FusedCell):
    """Simple recurrent network with ReLU (Le et al., 2015): h_t = max(0, W x_t + b + U h_{t-1} + c).

    U starts as the identity, so that without input the state stays as it is, and so does its gradient. With
    an orthogonal U, ReLU would set about half of the units to 0 at each step.
    """

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(partial(nn.RNN, nonlinearity="relu"), 1, input_size, hidden_size)
        if not self.kernel.weight_hh_l0.is_meta:
            nn.init.eye_(self.kernel.weight_hh_l0)

    def step(self, input_part: Tensor, state: State, masked_h: Tensor) -> State:
        return (torch.relu(input_part + self.state_products(masked_h)),)


class GRU(FusedCell):
    """Gated recurrent unit (Cho et al., 2014) with the reset gate after the matrix product, as in cuDNN:

        r_t = σ(W_r x_t + b_r + U_r h_{t-1} + c_r)          reset
        z_t = σ(W_z x_t + b_z + U_z h_{t-1} + c_z)          update: share of the old state that is kept
        ĥ_t = tanh(W x_t + b + r_t ∗ (U h_{t-1} + c))       candidate
        h_t = (1 − z_t) ∗ ĥ_t + z_t ∗ h_{t-1}

    The textbook form, `GRUResetBefore`, resets before the product, U (r ∗ h), and its z is the weight of the
    candidate.
    """

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(nn.GRU, 3, input_size, hidden_size)

    def step(self, input_part: Tensor, state: State, masked_h: Tensor) -> State:
        (h,) = state
        sizes = [2 * self.hidden_size, self.hidden_size]
        gates, candidate = input_part.split(sizes, -1)
        state_gates, state_candidate = self.state_products(masked_h).split(sizes, -1)
        r, z = torch.sigmoid(gates + state_gates).chunk(2, -1)
        candidate = torch.tanh(candidate + r * state_candidate)
        return (candidate + z * (h - candidate),)


class GRUResetBefore(Recurrent):
    """Gated recurrent unit with the reset gate before the matrix product, the textbook form (Cho et al.,
    2014; Chung et al., 2014):

        r_t = σ(W_r x_t + U_r h_{t-1} + b_r)            reset
        z_t = σ(W_z x_t + U_z h_{t-1} + b_z)            update: share of the candidate in the new state
        ĥ_t = tanh(W x_t + U (r_t ∗ h_{t-1}) + b)       candidate
        h_t = (1 − z_t) ∗ h_{t-1} + z_t ∗ ĥ_t

    There are two differences from `GRU`:

    - z is 1 − z of `GRU`. Negating W_z, U_z and b_z converts one into the other.
    - r is applied before U. U (r ∗ h) equals r ∗ (U h + c) only if c = 0 and no U_ij connects units with
      different r: a diagonal U, U = 0, or an r with equal units (W_r, U_r and b_r with equal rows). If r is
      constant (W_r = U_r = 0), any U and c can be converted: U_ij here is r_i U_ij / r_j there, and b
      includes r ∗ c. Trained weights meet none of these conditions, so they cannot be converted.
    """

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(hidden_size)
        self.kernel = RecurrentWeights(3, input_size, hidden_size, state_gates=2)
        self.kernel.weight_hh_candidate = nn.Parameter(torch.empty(hidden_size, hidden_size))
        init_recurrent_weights(self.kernel, hidden_size)

    def step(self, input_part: Tensor, state: State, masked_h: Tensor) -> State:
        (h,) = state
        gates, candidate = input_part.split([2 * self.hidden_size, self.hidden_size], -1)
        r, z = torch.sigmoid(gates + self.state_products(masked_h)).chunk(2, -1)
        candidate = torch.tanh(candidate + F.linear(r * masked_h, self.kernel.weight_hh_candidate))
        return (h + z * (candidate - h),)


class LSTM(FusedCell):
    """Long short-term memory (Hochreiter & Schmidhuber, 1997; forget gate: Gers et al., 2000):

        f_t, i_t, o_t = σ(W x_t + b + U h_{t-1} + c)    forget, input and output gate
        Ĉ_t = tanh(W x_t + b + U h_{t-1} + c)           candidate
        C_t = f_t ∗ C_{t-1} + i_t ∗ Ĉ_t
        h_t = o_t ∗ tanh(C_t)

    The bias c is not the state C. The forget gate's b starts at 1 (Józefowicz et al., 2015).
    """

    state_tensors = 2

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(nn.LSTM, 4, input_size, hidden_size)
        init_forget_bias(self.kernel, hidden_size)

    def run_kernel(self, inputs: Tensor, state: State, lengths: Tensor | None) -> tuple[Tensor, State]:
        if inputs.is_cpu and inputs.shape[1] == 1 and isinstance(self.kernel, nn.LSTM):
            # torch's kernel rearranges its weights in every call, which takes about as long as one step
            return self.run_steps(inputs, state, lengths, None)
        if lengths is None:
            outputs, final = self.kernel(inputs, state)
            return outputs, tuple(final)
        # Packing is slower, but the outputs do not contain C of the last real step.
        packed = pack_padded_sequence(inputs, lengths.cpu(), batch_first=True, enforce_sorted=False)
        outputs, final = self.kernel(packed, state)
        padded, _ = pad_packed_sequence(outputs, batch_first=True, total_length=inputs.shape[1])
        return padded, tuple(final)

    def step(self, input_part: Tensor, state: State, masked_h: Tensor) -> State:
        i, f, candidate, o = (input_part + self.state_products(masked_h)).chunk(4, -1)
        c = torch.sigmoid(f) * state[1] + torch.sigmoid(i) * torch.tanh(candidate)
        return torch.sigmoid(o) * torch.tanh(c), c


class LayerNormLSTM(Recurrent):
    """LSTM with layer normalisation, as in the supplement of Ba et al. (2016):

        [i_t; f_t; Ĉ_t; o_t] = α¹ ∗ LN(W x_t) + α² ∗ LN(U h_{t-1}) + b      each LN over all four, 4 H
        C_t = σ(f_t) ∗ C_{t-1} + σ(i_t) ∗ tanh(Ĉ_t)
        h_t = σ(o_t) ∗ tanh(α³ ∗ LN(C_t) + β³)

    LN(v) = (v − mean v) / sqrt(var v + 1e-5) over all units of v. The gains α start at 1. The C that goes to
    the next step is not normalised. b is the sum of the paper's three biases in the first line; its part for
    the forget gate starts at 1.
    """

    state_tensors = 2

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(hidden_size)
        self.kernel = RecurrentWeights(4, input_size, hidden_size)
        init_recurrent_weights(self.kernel, hidden_size)
        init_forget_bias(self.kernel, hidden_size)
        self.norm_given = nn.LayerNorm(4 * hidden_size, bias=False) if input_size else nn.Identity()
        self.norm_past = nn.LayerNorm(4 * hidden_size, bias=False)
        self.norm_state = nn.LayerNorm(hidden_size)

    def input_products(self, inputs: Tensor | None) -> Tensor:
        bias = self.kernel.bias_ih_l0
        return bias if inputs is None else self.norm_given(F.linear(inputs, self.kernel.weight_ih_l0)) + bias

    def step(self, input_part: Tensor, state: State, masked_h: Tensor) -> State:
        i, f, candidate, o = (input_part + self.norm_past(self.state_products(masked_h))).chunk(4, -1)
        c = torch.sigmoid(f) * state[1] + torch.sigmoid(i) * torch.tanh(candidate)
        return torch.sigmoid(o) * torch.tanh(self.norm_state(c)), c


class LayerNormGRU(Recurrent):
    """GRU with layer normalisation, as in the supplement of Ba et al. (2016); LN and α as in `LayerNormLSTM`:

        [r_t; z_t] = σ(α¹ ∗ LN(W_rz x_t) + α² ∗ LN(U_rz h_{t-1}) + b_rz)        each LN over both gates, 2 H
        ĥ_t = tanh(α³ ∗ LN(W x_t) + b + r_t ∗ (α⁴ ∗ LN(U h_{t-1}) + c))         each LN over H
        h_t = (1 − z_t) ∗ h_{t-1} + z_t ∗ ĥ_t

    The reset gate comes after the product, as in `GRU`; z is the weight of the candidate, as in
    `GRUResetBefore`. b_rz is the sum of the paper's two biases in the first line.
    """

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(hidden_size)
        self.kernel = RecurrentWeights(3, input_size, hidden_size)
        init_recurrent_weights(self.kernel, hidden_size)
        self.sizes = [2 * hidden_size, hidden_size]
        if input_size:
            self.norm_given = nn.ModuleList(nn.LayerNorm(size, bias=False) for size in self.sizes)
        self.norm_past_gates = nn.LayerNorm(2 * hidden_size, bias=False)
        self.norm_past = nn.LayerNorm(hidden_size)

    def input_products(self, inputs: Tensor | None) -> Tensor:
        if inputs is None:
            return self.kernel.bias_ih_l0
        parts = F.linear(inputs, self.kernel.weight_ih_l0).split(self.sizes, -1)
        normal = [norm(part) for norm, part in zip(self.norm_given, parts, strict=True)]
        return torch.cat(normal, -1) + self.kernel.bias_ih_l0

    def step(self, input_part: Tensor, state: State, masked_h: Tensor) -> State:
        (h,) = state
        gates, candidate = input_part.split(self.sizes, -1)
        state_gates, state_candidate = self.state_products(masked_h).split(self.sizes, -1)
        r, z = torch.sigmoid(gates + self.norm_past_gates(state_gates)).chunk(2, -1)
        candidate = torch.tanh(candidate + r * self.norm_past(state_candidate))
        return (h + z * (candidate - h),)


class SSRU(Recurrent):
    """Simpler simple recurrent unit (Kim et al., 2019, after Lei et al., 2018), a light cell for CPUs. Its
    matrix products do not depend on the state, so those of all steps are computed at once.

        f_t = σ(W_f x_t + b_f)                      forget gate; its bias starts at 1
        c_t = f_t ∗ c_{t-1} + (1 − f_t) ∗ W x_t     the state
        h_t = max(0, c_t)                           the output

    Variational dropout drops inputs only: a mask on the state would be applied again at each step.
    """

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(hidden_size)
        self.forget = nn.Linear(input_size, hidden_size)
        self.value = nn.Linear(input_size, hidden_size, bias=False)
        nn.init.xavier_uniform_(self.forget.weight)
        nn.init.ones_(self.forget.bias)
        nn.init.xavier_uniform_(self.value.weight)

    def input_products(self, inputs: Tensor | None) -> Tensor:
        assert inputs is not None, "ssru has no transitions"
        return torch.cat([torch.sigmoid(self.forget(inputs)), self.value(inputs)], -1)

    def step(self, input_part: Tensor, state: State, masked_h: Tensor) -> State:
        f, value = input_part.chunk(2, -1)
        return (value + f * (state[0] - value),)

    def output_of(self, h: Tensor) -> Tensor:
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
    """A layer of the given kind (a key of `CELLS`) with I = `input_size` and H = `hidden_size`.

    `depth` is the number of cells per time step (see `Recurrent`). `variational_dropout` is the probability
    of dropping a unit of the inputs, and of the state in matrix products, while training (see
    `DropoutMasks`). Raises UsageError for an unknown kind, a depth below 1 or that the kind does not
    support, and a probability that is not at least 0 and below 1.
    """
    if kind not in CELLS:
        raise UsageError(f"model.cell is {kind!r}, expected one of {', '.join(CELLS)}")
    if depth < 1:
        raise UsageError(f"model.cell_depth is {depth}, expected a whole number from 1")
    if depth > 1 and kind == "ssru":
        raise UsageError(
            f"model.cell_depth is {depth}, expected 1 with model.cell = 'ssru': its gates do not read the "
            "state, so a cell without inputs would be the same for every state"
        )
    if not 0 <= variational_dropout < 1:
        raise UsageError(
            f"model.variational_dropout is {variational_dropout}, expected a number of at least 0 and below 1"
        )
    layer = CELLS[kind](input_size, hidden_size)
    layer.variational_dropout = variational_dropout
    layer.transitions.extend(CELLS[kind](0, hidden_size) for _ in range(depth - 1))
    return layer
