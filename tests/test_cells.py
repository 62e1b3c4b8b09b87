"""Cells against their published equations, token by token in plain tensors."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from seq2seq.cells import CELLS, GRU, LSTM, build_cell, last, reverse
from seq2seq.config import UsageError

State = tuple[Tensor, ...]
TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-10}


def gru_step(layer: GRU, x: Tensor, state: State) -> State:
    """Cho et al. (2014), reset after the product."""
    (h,) = state
    weights = layer.kernel
    given = x @ weights.weight_ih_l0.T + weights.bias_ih_l0
    past = h @ weights.weight_hh_l0.T + weights.bias_hh_l0
    size = h.shape[-1]
    r = torch.sigmoid(given[:, :size] + past[:, :size])
    z = torch.sigmoid(given[:, size : 2 * size] + past[:, size : 2 * size])
    candidate = torch.tanh(given[:, 2 * size :] + r * past[:, 2 * size :])
    return ((1 - z) * candidate + z * h,)


def lstm_step(layer: LSTM, x: Tensor, state: State) -> State:
    """Hochreiter & Schmidhuber (1997) with forget gate."""
    h, c = state
    weights = layer.kernel
    size = h.shape[-1]
    sums = x @ weights.weight_ih_l0.T + weights.bias_ih_l0 + h @ weights.weight_hh_l0.T + weights.bias_hh_l0
    i, f, o = (torch.sigmoid(sums[:, part * size : (part + 1) * size]) for part in (0, 1, 3))
    candidate = torch.tanh(sums[:, 2 * size : 3 * size])
    c = f * c + i * candidate
    return o * torch.tanh(c), c


STEPS: dict[str, tuple[Callable[..., State], int]] = {"gru": (gru_step, 1), "lstm": (lstm_step, 2)}


def reference(kind: str, layer: GRU | LSTM, rows: list[Tensor]) -> tuple[list[Tensor], list[State]]:
    """Outputs and last states of each row (T_b, I), one row at a time."""
    step, parts = STEPS[kind]
    outputs, states = [], []
    for row in rows:
        state: State = tuple(row.new_zeros(1, layer.kernel.hidden_size) for _ in range(parts))
        hidden = []
        for x in row:
            state = step(layer, x.unsqueeze(0), state)
            hidden.append(state[0][0])
        outputs.append(torch.stack(hidden))
        states.append(state)
    return outputs, states


@pytest.fixture(params=["gru", "lstm"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def make(kind: str, dtype: torch.dtype) -> GRU | LSTM:
    torch.manual_seed(3)
    layer = build_cell(kind, 5, 4).to(dtype)
    for parameter in layer.parameters():
        torch.nn.init.normal_(parameter, std=0.5)  # biases too, so that a misplaced one shows
    return layer


def test_every_cell_has_a_reference() -> None:
    assert set(STEPS) == set(CELLS)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("direction", ["ahead", "back"])
def test_equations_ragged(kind: str, dtype: torch.dtype, direction: str) -> None:
    """Outputs, states and gradients of a padded batch are those of each row alone, by the equations."""
    layer = make(kind, dtype)
    lengths = torch.tensor([6, 1, 4])
    inputs = torch.randn(3, 6, 5, dtype=dtype, requires_grad=True)
    given = inputs if direction == "ahead" else reverse(inputs, lengths)
    outputs, state = layer(given, lengths=lengths)
    if direction == "back":
        outputs = reverse(outputs, lengths)
    rows = [row[:length] for row, length in zip(inputs, lengths.tolist(), strict=True)]
    expected, states = reference(kind, layer, rows if direction == "ahead" else [row.flip(0) for row in rows])
    if direction == "back":
        expected = [row.flip(0) for row in expected]
    tolerance = TOLERANCE[dtype]
    assert len(state) == STEPS[kind][1]
    for index, length in enumerate(lengths.tolist()):
        torch.testing.assert_close(outputs[index, :length], expected[index], atol=tolerance, rtol=0)
        for found, wanted in zip(state, states[index], strict=True):
            torch.testing.assert_close(found[0, index], wanted[0], atol=tolerance, rtol=0)

    weights = [torch.randn(length, 4, dtype=dtype) for length in lengths.tolist()]
    watched = [inputs, *layer.parameters()]
    mine = sum((outputs[b, : len(w)] * w).sum() for b, w in enumerate(weights))
    theirs = sum((row * w).sum() for row, w in zip(expected, weights, strict=True))
    for found, wanted in zip(
        torch.autograd.grad(mine, watched), torch.autograd.grad(theirs, watched), strict=True
    ):
        torch.testing.assert_close(found, wanted, atol=10 * tolerance, rtol=tolerance)


def test_padding_changes_nothing(kind: str) -> None:
    layer, lengths = make(kind, torch.float64), torch.tensor([3, 5])
    inputs = torch.randn(2, 5, 5, dtype=torch.float64)
    other = inputs.clone()
    other[0, 3:] = 1e3
    one, one_state = layer(inputs, lengths=lengths)
    two, two_state = layer(other, lengths=lengths)
    assert torch.equal(one[0, :3], two[0, :3]) and torch.equal(one[1], two[1])
    assert all(torch.equal(a, b) for a, b in zip(one_state, two_state, strict=True))


def test_steps_equal_the_whole(kind: str) -> None:
    """T calls of one step, state handed on, are one call of T steps."""
    layer = make(kind, torch.float64)
    inputs = torch.randn(2, 4, 5, dtype=torch.float64)
    whole, final = layer(inputs)
    state = None
    for step in range(4):
        output, state = layer(inputs[:, step : step + 1], state)
        torch.testing.assert_close(output[:, 0], whole[:, step], atol=1e-12, rtol=0)
    assert state is not None
    for one, other in zip(state, final, strict=True):
        assert one.shape == (1, 2, 4)
        torch.testing.assert_close(one, other, atol=1e-12, rtol=0)


def test_reverse_by_hand() -> None:
    rows = torch.tensor([[1, 2, 3, 0], [4, 5, 6, 7], [8, 0, 0, 0]]).unsqueeze(-1)
    turned = reverse(rows, torch.tensor([3, 4, 1])).squeeze(-1)
    assert turned.tolist() == [[3, 2, 1, 0], [7, 6, 5, 4], [8, 0, 0, 0]]
    assert last(rows, torch.tensor([3, 4, 1])).squeeze(-1).tolist() == [3, 7, 8]


def test_initial_weights() -> None:
    torch.manual_seed(0)
    layer = build_cell("lstm", 6, 8)
    assert isinstance(layer, LSTM)
    assert layer.kernel.get_parameter("bias_ih_l0")[8:16].tolist() == [1.0] * 8  # forget gate
    recurrent = layer.kernel.get_parameter("weight_hh_l0")
    for gate in recurrent.split(8):
        torch.testing.assert_close(gate @ gate.T, torch.eye(8), atol=1e-5, rtol=0)


def test_unknown_cell() -> None:
    with pytest.raises(UsageError, match="'grru', expected one of gru, lstm"):
        build_cell("grru", 2, 2)
