"""Recurrent layers under one interface: one layer, one direction, a state that is always a tuple.

    layer(inputs (B,T,I), state=None, lengths=None) -> outputs (B,T,H), state

`state` is `(h,)` or `(h, c)`, each (1,B,H), so nobody asks which cell it is. Without `lengths` nothing is
masked, which is the decoder's case. With them, padding changes nothing, and the state returned is that of the
last real token of each row. Stacking and joining directions is left to `encoder` and `decoder`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from seq2seq.config import UsageError

State: TypeAlias = tuple[Tensor, ...]


def reverse(sequences: Tensor, lengths: Tensor) -> Tensor:
    """Turn the first `lengths[b]` steps of each row of `sequences` (B,T,I) around; padding stays where it
    is."""
    steps = torch.arange(sequences.shape[1], device=sequences.device)
    back = lengths.unsqueeze(1) - 1 - steps  # (B, T), negative on padding
    index = torch.where(back >= 0, back, steps)
    return sequences.gather(1, index.unsqueeze(-1).expand_as(sequences))


def last(outputs: Tensor, lengths: Tensor) -> Tensor:
    """The output of each row's last real step: (B,T,H) -> (B,H)."""
    return outputs[torch.arange(len(outputs), device=outputs.device), lengths - 1]


class GRU(nn.Module):
    """Gated recurrent unit (Cho et al., 2014) with the reset gate after the product, as cuDNN has it:

        r_t = σ(W_r x_t + b_r + U_r h_{t-1} + c_r)          reset
        z_t = σ(W_z x_t + b_z + U_z h_{t-1} + c_z)          update: how much of the old state stays
        ĥ_t = tanh(W x_t + b + r_t ∗ (U h_{t-1} + c))       candidate
        h_t = (1 − z_t) ∗ ĥ_t + z_t ∗ h_{t-1}

    The textbook form resets before the product, U (r ∗ h), and its z weighs the candidate.
    """

    states = 1

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.kernel = nn.GRU(input_size, hidden_size, batch_first=True)
        initialise(self.kernel)

    def forward(
        self, inputs: Tensor, state: State | None = None, lengths: Tensor | None = None
    ) -> tuple[Tensor, State]:
        outputs, hidden = self.kernel(inputs, None if state is None else state[0])
        if lengths is not None:  # padding follows the real steps, so their outputs never saw it
            hidden = last(outputs, lengths).unsqueeze(0)
        return outputs, (hidden,)


class LSTM(nn.Module):
    """Long short-term memory (Hochreiter & Schmidhuber, 1997; forget gate: Gers et al., 2000):

        f_t, i_t, o_t = σ(W x_t + U h_{t-1} + b)    forget, input and output gate, each with its own W, U, b
        Ĉ_t = tanh(W x_t + U h_{t-1} + b)           candidate
        C_t = f_t ∗ C_{t-1} + i_t ∗ Ĉ_t
        h_t = o_t ∗ tanh(C_t)

    The forget gate's bias starts at 1 (Józefowicz et al., 2015).
    """

    states = 2

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.kernel = nn.LSTM(input_size, hidden_size, batch_first=True)
        initialise(self.kernel)
        with torch.no_grad():
            nn.init.ones_(self.kernel.get_parameter("bias_ih_l0")[hidden_size : 2 * hidden_size])

    def forward(
        self, inputs: Tensor, state: State | None = None, lengths: Tensor | None = None
    ) -> tuple[Tensor, State]:
        given = None if state is None else (state[0], state[1])
        if lengths is None:
            outputs, final = self.kernel(inputs, given)
            return outputs, tuple(final)
        # C of the last real step is in no output, so rows are packed; `outputs_only` is the faster way
        # without it.
        packed = pack_padded_sequence(inputs, lengths.cpu(), batch_first=True, enforce_sorted=False)
        outputs, final = self.kernel(packed, given)
        padded, _ = pad_packed_sequence(outputs, batch_first=True, total_length=inputs.shape[1])
        return padded, tuple(final)


def initialise(kernel: nn.RNNBase) -> None:
    """Glorot input weights, orthogonal recurrent weights gate by gate (Saxe et al., 2014), zero biases."""
    for name, parameter in kernel.named_parameters():
        if parameter.is_meta:  # a network of sizes alone has nothing to fill
            continue
        if "bias" in name:
            nn.init.zeros_(parameter)
            continue
        for gate in torch.split(parameter.data, kernel.hidden_size):
            nn.init.orthogonal_(gate) if "weight_hh" in name else nn.init.xavier_uniform_(gate)


CELLS: dict[str, Callable[[int, int], GRU | LSTM]] = {"gru": GRU, "lstm": LSTM}


def build_cell(kind: str, input_size: int, hidden_size: int, *, depth: int = 1, variational_dropout: float = 0.0) -> GRU | LSTM:
    """A layer of the named kind, I = `input_size` and H = `hidden_size` units wide."""
    if kind not in CELLS:
        raise UsageError(f"model.cell is {kind!r}, expected one of {', '.join(CELLS)}")
    return CELLS[kind](input_size, hidden_size)
