"""Dropout: how much goes, what stays, and that nobody else's dice are thrown."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from seq2seq.nn.dropout import Dropout, mask


@pytest.mark.parametrize("p", [0.1, 0.3, 0.5, 0.9])
def test_units_go_with_that_probability(p: float) -> None:
    """Within five standard deviations of a binomial; the rest keeps the mean."""
    torch.manual_seed(1)
    number = 200_001  # no multiple of the four units of a draw
    found = Dropout(p).train()(torch.ones(number))
    dropped = int((found == 0).sum())
    assert abs(dropped - number * p) < 5 * math.sqrt(number * p * (1 - p))
    assert found.max() == pytest.approx(1 / (1 - p), rel=1e-4)


def test_neighbours_do_not_go_together() -> None:
    """Of four units of a draw, as of any two units: both are dropped as often as p² says."""
    torch.manual_seed(1)
    gone = (mask(torch.ones(400_000), 0.3) == 0).double()
    for shift in (1, 2, 3, 4):
        assert float((gone[:-shift] * gone[shift:]).mean()) == pytest.approx(0.09, abs=0.003)


def test_gradients_pass_where_units_stay() -> None:
    torch.manual_seed(1)
    inputs = torch.randn(50, 7, dtype=torch.float64, requires_grad=True)
    outputs = Dropout(0.4).train()(inputs)
    (gradient,) = torch.autograd.grad(outputs.sum(), inputs)
    torch.testing.assert_close(gradient * inputs, outputs)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_shape_and_precision_stay(dtype: torch.dtype) -> None:
    inputs = torch.randn(3, 5, 7, dtype=dtype).transpose(0, 2)
    found = Dropout(0.5).train()(inputs)
    assert found.shape == (7, 5, 3) and found.dtype == dtype
    assert Dropout(0.5).train()(torch.zeros(0, 4)).shape == (0, 4)


def test_seeds_decide() -> None:
    inputs = torch.ones(1000)
    found = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        found.append(Dropout(0.5).train()(inputs))
    assert torch.equal(found[0], found[1]) and not torch.equal(found[0], found[2])


def test_nothing_happens_without_training_or_probability() -> None:
    inputs, state = torch.randn(10), torch.get_rng_state()
    assert Dropout(0.5).eval()(inputs) is inputs
    assert torch.equal(Dropout(0.0).train()(inputs), inputs)
    assert torch.equal(torch.get_rng_state(), state)


def test_it_says_what_it_is() -> None:
    assert isinstance(Dropout(0.25), nn.Dropout) and str(Dropout(0.25)) == "Dropout(p=0.25, inplace=False)"
