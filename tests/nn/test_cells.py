"""Cells agree with their published equations, computed for each row and token in plain tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args, get_type_hints

import pytest
import torch
from torch import Tensor, nn

from seq2seq.config import ModelConfig
from seq2seq.errors import UsageError
from seq2seq.nn.cells import CELLS, Recurrent, State, build_cell, reverse
from seq2seq.nn.recurrence import DropoutMasks, last_outputs

TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-10}
FUSED = ["rnn", "rnn_relu", "gru", "lstm"]
H = 4
LENGTHS = torch.tensor([6, 1, 4])


# The equations, for one row: x (I,), or None in a cell without inputs, h and c (H,). `masked_h` is h after
# dropout, for matrix products. The gates of the weights are in the order of torch's kernels.


def of(weights: Tensor, gate: int) -> Tensor:
    """The rows of one gate."""
    return weights[gate * H : (gate + 1) * H]


def wx(kernel: Any, gate: int, x: Tensor | None) -> Tensor:
    return torch.zeros_like(of(kernel.bias_ih_l0, gate)) if x is None else of(kernel.weight_ih_l0, gate) @ x


def uh(kernel: Any, gate: int, h: Tensor) -> Tensor:
    return of(kernel.weight_hh_l0, gate) @ h


def biases(kernel: Any, gate: int) -> Tensor:
    return of(kernel.bias_ih_l0, gate) + of(kernel.bias_hh_l0, gate)


def normal(*parts: Tensor) -> tuple[Tensor, ...]:
    """Layer normalisation of all parts together, without gains."""
    joined = torch.cat(parts)
    mean = joined.sum() / len(joined)
    variance = ((joined - mean) ** 2).sum() / len(joined)
    return tuple((part - mean) / (variance + 1e-5) ** 0.5 for part in parts)


def rnn(cell: Any, x: Tensor | None, state: State, masked_h: Tensor) -> State:
    """Elman (1990)."""
    k = cell.kernel
    return (torch.tanh(wx(k, 0, x) + uh(k, 0, masked_h) + biases(k, 0)),)


def rnn_relu(cell: Any, x: Tensor | None, state: State, masked_h: Tensor) -> State:
    """Le et al. (2015)."""
    k = cell.kernel
    return ((wx(k, 0, x) + uh(k, 0, masked_h) + biases(k, 0)).clamp(min=0),)


def gru(cell: Any, x: Tensor | None, state: State, masked_h: Tensor) -> State:
    """Cho et al. (2014), reset after the product."""
    (h,), k = state, cell.kernel
    r = torch.sigmoid(wx(k, 0, x) + uh(k, 0, masked_h) + biases(k, 0))
    z = torch.sigmoid(wx(k, 1, x) + uh(k, 1, masked_h) + biases(k, 1))
    past = uh(k, 2, masked_h) + of(k.bias_hh_l0, 2)
    candidate = torch.tanh(wx(k, 2, x) + of(k.bias_ih_l0, 2) + r * past)
    return ((1 - z) * candidate + z * h,)


def gru_reset_before(cell: Any, x: Tensor | None, state: State, masked_h: Tensor) -> State:
    """Cho et al. (2014), reset before the product, as in textbooks."""
    (h,), k = state, cell.kernel
    r = torch.sigmoid(wx(k, 0, x) + uh(k, 0, masked_h) + of(k.bias_ih_l0, 0))
    z = torch.sigmoid(wx(k, 1, x) + uh(k, 1, masked_h) + of(k.bias_ih_l0, 1))
    candidate = torch.tanh(wx(k, 2, x) + k.weight_hh_candidate @ (r * masked_h) + of(k.bias_ih_l0, 2))
    return ((1 - z) * h + z * candidate,)


def lstm(cell: Any, x: Tensor | None, state: State, masked_h: Tensor) -> State:
    """Hochreiter & Schmidhuber (1997) with forget gate."""
    (_, c), k = state, cell.kernel
    i, f, candidate, o = (wx(k, gate, x) + uh(k, gate, masked_h) + biases(k, gate) for gate in range(4))
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(candidate)
    return torch.sigmoid(o) * torch.tanh(c), c


def layernorm_lstm(cell: Any, x: Tensor | None, state: State, masked_h: Tensor) -> State:
    """Ba et al. (2016), supplement."""
    (_, c), k = state, cell.kernel
    past = normal(*(uh(k, gate, masked_h) for gate in range(4)))
    sums = [of(k.bias_ih_l0, gate) + of(cell.norm_past.weight, gate) * past[gate] for gate in range(4)]
    if x is not None:
        given = normal(*(wx(k, gate, x) for gate in range(4)))
        sums = [sums[gate] + of(cell.norm_given.weight, gate) * given[gate] for gate in range(4)]
    i, f, candidate, o = sums
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(candidate)
    (even,) = normal(c)
    return torch.sigmoid(o) * torch.tanh(cell.norm_state.weight * even + cell.norm_state.bias), c


def layernorm_gru(cell: Any, x: Tensor | None, state: State, masked_h: Tensor) -> State:
    """Ba et al. (2016), supplement."""
    (h,), k = state, cell.kernel
    past_r, past_z = normal(uh(k, 0, masked_h), uh(k, 1, masked_h))
    (past,) = normal(uh(k, 2, masked_h))
    r = of(k.bias_ih_l0, 0) + of(cell.norm_past_gates.weight, 0) * past_r
    z = of(k.bias_ih_l0, 1) + of(cell.norm_past_gates.weight, 1) * past_z
    candidate = of(k.bias_ih_l0, 2)
    if x is not None:
        given_r, given_z = normal(wx(k, 0, x), wx(k, 1, x))
        (given,) = normal(wx(k, 2, x))
        gates, own = cell.norm_given
        r, z = r + of(gates.weight, 0) * given_r, z + of(gates.weight, 1) * given_z
        candidate = candidate + own.weight * given
    r, z = torch.sigmoid(r), torch.sigmoid(z)
    candidate = torch.tanh(candidate + r * (cell.norm_past.weight * past + cell.norm_past.bias))
    return ((1 - z) * h + z * candidate,)


def ssru(cell: Any, x: Tensor | None, state: State, masked_h: Tensor) -> State:
    """Kim et al. (2019)."""
    (c,) = state
    f = torch.sigmoid(cell.forget.weight @ x + cell.forget.bias)
    return (f * c + (1 - f) * (cell.value.weight @ x),)


STEPS: dict[str, tuple[Callable[..., State], int]] = {
    "rnn": (rnn, 1),
    "rnn_relu": (rnn_relu, 1),
    "gru": (gru, 1),
    "gru_reset_before": (gru_reset_before, 1),
    "lstm": (lstm, 2),
    "layernorm_lstm": (layernorm_lstm, 2),
    "layernorm_gru": (layernorm_gru, 1),
    "ssru": (ssru, 1),
}
KINDS = list(STEPS)
VARIANTS = [  # kind, cells a step, variational dropout
    *((kind, 1, 0.0) for kind in KINDS),
    *((kind, 3, 0.4) for kind in KINDS if kind != "ssru"),
    *((kind, 1, 0.4) for kind in ("gru", "lstm", "ssru")),
    ("gru", 2, 0.0),
]


def reference(
    kind: str, layer: Any, rows: list[Tensor], start: State, masks: DropoutMasks | None
) -> tuple[list[Tensor], list[State]]:
    """Outputs and last state of each row (T_b, I)."""
    step, _ = STEPS[kind]
    cells = [layer, *layer.transitions]
    outputs, states = [], []
    for index, row in enumerate(rows):
        state = tuple(part[0, index] for part in start)
        hidden = []
        for token in row:
            x: Tensor | None = token if masks is None else token * masks.inputs[index, 0]
            for level, cell in enumerate(cells):
                masked_h = state[0] if masks is None else state[0] * masks.states[level][index]
                state, x = step(cell, x, state, masked_h), None
            hidden.append(state[0].clamp(min=0) if kind == "ssru" else state[0])
        outputs.append(torch.stack(hidden))
        states.append(state)
    return outputs, states


def make(kind: str, dtype: torch.dtype = torch.float64, depth: int = 1, dropout: float = 0.0) -> Recurrent:
    torch.manual_seed(3)
    layer = build_cell(kind, 5, H, depth=depth, variational_dropout=dropout).to(dtype)
    for parameter in layer.parameters():
        nn.init.normal_(parameter, std=0.5)  # biases and gains too, so that the test sees each of them
    return layer


def initial_state(layer: Recurrent, rows: int, dtype: torch.dtype = torch.float64) -> State:
    return tuple(torch.randn(1, rows, H, dtype=dtype).requires_grad_() for _ in range(layer.state_tensors))


def close(actual: Tensor, expected: Tensor, tolerance: float) -> None:
    torch.testing.assert_close(actual, expected, atol=tolerance, rtol=0)


def test_every_cell_has_a_reference() -> None:
    assert set(STEPS) == set(CELLS)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("direction", ["forward", "backward"])
@pytest.mark.parametrize(("kind", "depth", "dropout"), VARIANTS)
def test_a_padded_batch_equals_the_equations_of_each_row(
    kind: str, depth: int, dropout: float, direction: str, dtype: torch.dtype
) -> None:
    """Outputs, states and all gradients."""
    layer = make(kind, dtype, depth, dropout)
    inputs = torch.randn(3, 6, 5, dtype=dtype, requires_grad=True)
    start, masks = initial_state(layer, 3, dtype), layer.draw_masks(inputs)
    backward = direction == "backward"
    outputs, state = layer(reverse(inputs, LENGTHS) if backward else inputs, start, LENGTHS, masks)
    outputs = reverse(outputs, LENGTHS) if backward else outputs
    rows = [row[:length] for row, length in zip(inputs, LENGTHS.tolist(), strict=True)]
    rows = [row.flip(0) for row in rows] if backward else rows
    expected, states = reference(kind, layer, rows, start, masks)
    expected = [row.flip(0) for row in expected] if backward else expected
    assert len(state) == layer.state_tensors == STEPS[kind][1]
    for index, length in enumerate(LENGTHS.tolist()):
        close(outputs[index, :length], expected[index], TOLERANCE[dtype])
        for part, wanted in zip(state, states[index], strict=True):
            close(part[0, index], wanted, TOLERANCE[dtype])

    watched = [inputs, *start, *layer.parameters()]
    weights = [torch.randn(length, H, dtype=dtype) for length in LENGTHS.tolist()]
    actual_sum = sum((outputs[b, : len(w)] * w).sum() for b, w in enumerate(weights))
    actual_sum = actual_sum + sum(part.sum() for part in state)
    expected_sum = sum((row * w).sum() for row, w in zip(expected, weights, strict=True))
    expected_sum = expected_sum + sum(part.sum() for row in states for part in row)
    for gradient, wanted in zip(
        torch.autograd.grad(actual_sum, watched), torch.autograd.grad(expected_sum, watched), strict=True
    ):
        torch.testing.assert_close(gradient, wanted, atol=10 * TOLERANCE[dtype], rtol=TOLERANCE[dtype])


@pytest.mark.parametrize(("kind", "depth", "dropout"), VARIANTS)
def test_padding_changes_nothing(kind: str, depth: int, dropout: float) -> None:
    layer, lengths = make(kind, depth=depth, dropout=dropout), torch.tensor([3, 5])
    inputs = torch.randn(2, 5, 5, dtype=torch.float64)
    other = inputs.clone()
    other[0, 3:] = 1e3
    masks = layer.draw_masks(inputs)
    one, one_state = layer(inputs, None, lengths, masks)
    two, two_state = layer(other, None, lengths, masks)
    assert torch.equal(one[0, :3], two[0, :3]) and torch.equal(one[1], two[1])
    assert all(torch.equal(a, b) for a, b in zip(one_state, two_state, strict=True))


@pytest.mark.parametrize(("kind", "depth", "dropout"), VARIANTS)
def test_single_steps_equal_one_call(kind: str, depth: int, dropout: float) -> None:
    """T calls with one step each, with the state and masks passed on, equal one call with T steps."""
    layer = make(kind, depth=depth, dropout=dropout)
    inputs = torch.randn(2, 4, 5, dtype=torch.float64)
    masks = layer.draw_masks(inputs)
    whole, final = layer(inputs, masks=masks)
    state = None
    for step in range(4):
        output, state = layer(inputs[:, step : step + 1], state, masks=masks)
        close(output[:, 0], whole[:, step], 1e-12)
    assert state is not None
    for one, other in zip(state, final, strict=True):
        assert one.shape == (1, 2, H)
        close(one, other, 1e-12)


@pytest.mark.parametrize(("kind", "depth", "dropout"), VARIANTS)
def test_gradients_equal_finite_differences(kind: str, depth: int, dropout: float) -> None:
    layer = make(kind, depth=depth, dropout=dropout)
    inputs = torch.randn(2, 3, 5, dtype=torch.float64, requires_grad=True)
    masks, names = layer.draw_masks(inputs), [name for name, _ in layer.named_parameters()]

    def outputs_of(inputs: Tensor, *values: Tensor) -> tuple[Tensor, ...]:
        start, parameters = (
            values[: layer.state_tensors],
            dict(zip(names, values[layer.state_tensors :], strict=True)),
        )
        call = {"state": start, "masks": masks, "lengths": torch.tensor([3, 2])}
        outputs, state = torch.func.functional_call(layer, parameters, (inputs,), call)
        return outputs[0], outputs[1, :2], *state

    values = (inputs, *initial_state(layer, 2), *layer.parameters())
    assert torch.autograd.gradcheck(outputs_of, values, fast_mode=True)


def test_reverse_and_last_outputs_leave_padding_in_place() -> None:
    rows = torch.tensor([[1, 2, 3, 0], [4, 5, 6, 7], [8, 0, 0, 0]]).unsqueeze(-1)
    reversed_rows = reverse(rows, torch.tensor([3, 4, 1])).squeeze(-1)
    assert reversed_rows.tolist() == [[3, 2, 1, 0], [7, 6, 5, 4], [8, 0, 0, 0]]
    assert last_outputs(rows, torch.tensor([3, 4, 1])).squeeze(-1).tolist() == [3, 7, 8]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "ssru"])
def test_recurrent_weights_are_orthogonal_at_the_start(kind: str) -> None:
    torch.manual_seed(0)
    layer = build_cell(kind, 6, 8, depth=2)
    recurrent = [value for name, value in layer.named_parameters() if "weight_hh" in name]
    assert {len(weight) // 8 for weight in recurrent} <= {1, 2, 3, 4}
    for gate in torch.cat(recurrent).split(8):
        close(gate @ gate.T, torch.eye(8), 1e-5)
        assert torch.equal(gate, torch.eye(8)) == (kind == "rnn_relu")


def test_biases_start_at_0_and_that_of_the_forget_gate_at_1() -> None:
    for kind in KINDS:
        for name, value in build_cell(kind, 6, 3).named_parameters():
            if "bias" in name:
                lstm = kind in ("lstm", "layernorm_lstm") and name == "kernel.bias_ih_l0"
                expected = [0.0] * 3 + [1.0] * 3 + [0.0] * 6 if lstm else [float(kind == "ssru")] * len(value)
                assert value.tolist() == expected, (kind, name)


@pytest.mark.parametrize(("kind", "kernel"), [("gru", nn.GRU), ("lstm", nn.LSTM)])
def test_weights_of_a_seed_are_those_of_earlier_versions(kind: str, kernel: Any) -> None:
    """Names, values and the number of random draws are as in existing models and runs."""
    torch.manual_seed(7)
    expected = kernel(6, 4, batch_first=True)
    for gate in expected.weight_ih_l0.data.split(4):
        nn.init.xavier_uniform_(gate)
    for gate in expected.weight_hh_l0.data.split(4):
        nn.init.orthogonal_(gate)
    after = torch.rand(1)
    torch.manual_seed(7)
    state = build_cell(kind, 6, 4).state_dict()
    assert torch.equal(torch.rand(1), after)
    assert list(state) == [
        f"kernel.{name}" for name in ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    ]
    assert torch.equal(state["kernel.weight_ih_l0"], expected.weight_ih_l0)
    assert torch.equal(state["kernel.weight_hh_l0"], expected.weight_hh_l0)


def test_a_new_relu_network_keeps_its_state_without_input() -> None:
    """The effect of the identity matrix (Le et al., 2015), also with several cells per step."""
    layer, start = build_cell("rnn_relu", 3, 4, depth=3), torch.rand(1, 2, 4)
    outputs, (final,) = layer(torch.zeros(2, 20, 3), (start,))
    close(outputs, start.transpose(0, 1).expand(2, 20, 4), 0)
    close(final, start, 0)


# The two GRUs.


def pair() -> tuple[Any, Any, Tensor]:
    """A GRU of each form with the same W and U, and inputs. b of the second is b + c of the first."""
    after, before = make("gru"), make("gru_reset_before")
    one, other = after.kernel, before.kernel
    with torch.no_grad():
        other.weight_ih_l0.copy_(one.weight_ih_l0)
        other.weight_hh_l0.copy_(one.weight_hh_l0[: 2 * H])
        other.weight_hh_candidate.copy_(one.weight_hh_l0[2 * H :])
        other.bias_ih_l0.copy_(one.bias_ih_l0 + one.bias_hh_l0)
    return after, before, torch.randn(2, 5, 5, dtype=torch.float64)


@torch.no_grad()
def negate_update(kernel: Any) -> None:
    """1 − σ(a) = σ(−a)."""
    for weights in (kernel.weight_ih_l0, kernel.weight_hh_l0, kernel.bias_ih_l0):
        weights[H : 2 * H] *= -1


def largest_difference(one: Any, other: Any, inputs: Tensor) -> float:
    return float((one(inputs)[0] - other(inputs)[0]).detach().abs().max())


def test_the_two_grus_differ_with_equal_weights() -> None:
    after, before, inputs = pair()
    assert largest_difference(after, before, inputs) > 0.1
    negate_update(before.kernel)
    assert largest_difference(after, before, inputs) > 0.01  # now only the position of the reset gate differs


@pytest.mark.parametrize("case", ["diagonal", "zero", "equal units", "constant"])
def test_conditions_that_convert_one_gru_to_the_other(case: str) -> None:
    """Each conversion needs its last step: without it the outputs differ."""
    after, before, inputs = pair()
    one, other = after.kernel, before.kernel
    negate_update(other)
    candidate = slice(2 * H, 3 * H)
    with torch.no_grad():
        if case == "constant":
            one.weight_ih_l0[:H] = one.weight_hh_l0[:H] = other.weight_ih_l0[:H] = other.weight_hh_l0[:H] = 0
            r = torch.sigmoid(other.bias_ih_l0[:H])
            assert largest_difference(after, before, inputs) > 0.01
            other.weight_hh_candidate.copy_(r[:, None] * one.weight_hh_l0[candidate] / r)
            other.bias_ih_l0[candidate] = one.bias_ih_l0[candidate] + r * one.bias_hh_l0[candidate]
        else:
            one.bias_ih_l0[candidate] += one.bias_hh_l0[candidate]
            one.bias_hh_l0[candidate] = 0
            assert largest_difference(after, before, inputs) > 0.01
        if case == "equal units":
            for weights in (one.weight_ih_l0, one.weight_hh_l0, one.bias_ih_l0, one.bias_hh_l0):
                weights[:H] = weights[0].clone()
            other.weight_ih_l0[:H], other.weight_hh_l0[:H] = one.weight_ih_l0[:H], one.weight_hh_l0[:H]
            other.bias_ih_l0[:H] = one.bias_ih_l0[:H] + one.bias_hh_l0[:H]
        if case in ("diagonal", "zero"):
            one.weight_hh_l0[candidate] *= torch.eye(H) * (case == "diagonal")
            other.weight_hh_candidate.copy_(one.weight_hh_l0[candidate])
    assert largest_difference(after, before, inputs) < 1e-12


# Variational dropout.


def test_masks_have_mean_1_and_differ_by_row_and_cell() -> None:
    """The values are 0 and 1/(1 − p). A mask is for all steps of a row."""
    layer = build_cell("gru", 50, 40, depth=2, variational_dropout=0.2)
    masks = layer.draw_masks(torch.randn(300, 7, 50))
    assert masks is not None
    assert masks.inputs.shape == (300, 1, 50) and [m.shape for m in masks.states] == [(300, 40)] * 2
    for mask in (masks.inputs[:, 0], *masks.states):
        assert set(mask.unique().tolist()) == {0.0, 1.25}
        assert abs(float(mask.mean()) - 1) < 0.03  # 5 standard errors: 0.5 / sqrt(12000) * 5 = 0.023
        assert len(mask.unique(dim=0)) == 300
    assert not torch.equal(*masks.states)


@pytest.mark.parametrize("kind", KINDS)
def test_forward_draws_masks_for_each_row(kind: str) -> None:
    layer = make(kind, dropout=0.5)
    inputs = torch.randn(1, 6, 5, dtype=torch.float64).expand(8, 6, 5)
    torch.manual_seed(1)
    masks = layer.draw_masks(inputs)
    torch.manual_seed(1)
    outputs, _ = layer(inputs)
    assert torch.equal(outputs, layer(inputs, masks=masks)[0])
    assert len(outputs.flatten(1).unique(dim=0)) > 4  # equal rows, different masks
    assert layer.eval().draw_masks(inputs) is None


@pytest.mark.parametrize("kind", FUSED)
def test_the_kernel_is_used_without_dropout(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With dropout 0 or outside training, torch's own layer is called. It gives the same outputs."""
    layer, plain = make(kind, dropout=0.3).eval(), make(kind)
    inputs = torch.randn(3, 6, 5, dtype=torch.float64)
    start = initial_state(layer, 3)
    expected, state = layer.run_steps(inputs, start, LENGTHS, None)
    monkeypatch.delattr(Recurrent, "run_steps")
    for one in (layer, plain):
        outputs, final = one(inputs, start, LENGTHS)
        real = torch.arange(6) < LENGTHS.unsqueeze(1)
        close(outputs[real], expected[real], 1e-12)
        assert all(torch.allclose(a, b, rtol=0, atol=1e-12) for a, b in zip(final, state, strict=True))
        whole = one.kernel(inputs, start if layer.state_tensors == 2 else start[0])[0]
        assert torch.equal(one(inputs, start)[0], whole)


# Several cells per step, sizes, devices and number types.


@pytest.mark.parametrize(
    ("kind", "first", "above"),
    [  # I = 5, H = 4, by hand: G H (I + H) and biases, then G H H and biases
        ("rnn", 36 + 8, 16 + 8),
        ("rnn_relu", 36 + 8, 16 + 8),
        ("gru", 108 + 24, 48 + 24),
        ("gru_reset_before", 108 + 12, 48 + 12),
        ("lstm", 144 + 32, 64 + 32),
        ("layernorm_lstm", 144 + 16 + 16 + 16 + 8, 64 + 16 + 16 + 8),
        ("layernorm_gru", 108 + 12 + 12 + 12 + 4, 48 + 12 + 12 + 4),
        ("ssru", 40 + 4, 0),
    ],
)
def test_number_of_weights(kind: str, first: int, above: int) -> None:
    for depth in [1, 2, 4] if kind != "ssru" else [1]:
        layer = build_cell(kind, 5, 4, depth=depth)
        assert sum(value.numel() for value in layer.parameters()) == first + (depth - 1) * above


@pytest.mark.parametrize(("kind", "depth", "dropout"), VARIANTS)
def test_the_meta_device_has_the_same_names_and_shapes(kind: str, depth: int, dropout: float) -> None:
    """And no random number is drawn."""
    torch.manual_seed(0)
    with torch.device("meta"):
        empty = build_cell(kind, 5, 4, depth=depth, variational_dropout=dropout)
    drawn = torch.rand(1)
    torch.manual_seed(0)
    assert torch.equal(drawn, torch.rand(1))
    full = build_cell(kind, 5, 4, depth=depth)
    assert {k: v.shape for k, v in empty.state_dict().items()} == {
        k: v.shape for k, v in full.state_dict().items()
    }
    assert all(value.is_meta for value in empty.state_dict().values())


@pytest.mark.parametrize(("kind", "depth", "dropout"), VARIANTS)
def test_autocast_gives_outputs_and_gradients(kind: str, depth: int, dropout: float) -> None:
    """Outputs are as exact as bfloat16, gradients have the type of the weights."""
    layer = make(kind, torch.float32, depth, dropout)
    inputs, lengths = torch.randn(3, 6, 5), torch.tensor([6, 4, 5])
    start, masks = initial_state(layer, 3, torch.float32), layer.draw_masks(inputs)
    exact, _ = layer(inputs, start, lengths, masks)
    with torch.autocast("cpu", torch.bfloat16):
        outputs, state = layer(inputs, start, lengths, masks)
        again, _ = layer(inputs, state, None, masks)
    real = torch.arange(6) < lengths.unsqueeze(1)
    torch.testing.assert_close(outputs[real].float(), exact[real], atol=0.1, rtol=0.05)
    again.float().sum().backward()
    for name, value in layer.named_parameters():
        assert value.grad is not None and value.grad.isfinite().all(), name
        assert value.grad.dtype == torch.float32 and value.grad.abs().sum() > 0, name


@pytest.mark.parametrize(
    ("kind", "settings", "complaint"),
    [
        ("grru", {}, "model.cell is 'grru', expected one of gru, lstm, rnn, rnn_relu"),
        ("gru", {"depth": 0}, "model.cell_depth is 0, expected a whole number from 1"),
        ("ssru", {"depth": 2}, "model.cell_depth is 2, expected 1 with model.cell = 'ssru'"),
        (
            "gru",
            {"variational_dropout": 1.0},
            r"variational_dropout is 1.0, expected .* at least 0 and below 1",
        ),
        ("gru", {"variational_dropout": -0.1}, "variational_dropout is -0.1"),
        ("gru", {"variational_dropout": float("nan")}, "variational_dropout is nan"),
    ],
)
def test_wrong_arguments_are_refused(kind: str, settings: dict[str, Any], complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        build_cell(kind, 2, 2, **settings)


def test_the_choices_of_the_setting_are_the_cells() -> None:
    assert set(get_args(get_type_hints(ModelConfig)["cell"])) == set(CELLS)
