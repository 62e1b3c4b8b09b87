"""Dropout: the share that is dropped, the scale of the rest, and the use of random numbers."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from seq2seq.nn.dropout import Dropout, dropout_mask


@pytest.mark.parametrize("p", [0.1, 0.3, 0.5, 0.9])
def test_units_are_dropped_with_probability_p(p: float) -> None:
    """Within five standard deviations of a binomial. The other units are scaled, so that the mean is kept."""
    torch.manual_seed(1)
    number = 200_001  # not a multiple of four, the units of one draw
    outputs = Dropout(p).train()(torch.ones(number))
    dropped = int((outputs == 0).sum())
    assert abs(dropped - number * p) < 5 * math.sqrt(number * p * (1 - p))
    assert outputs.max() == pytest.approx(1 / (1 - p), rel=1e-4)


def test_neighbours_are_independent() -> None:
    """Any two units are both dropped with probability p², also among the four units of one draw."""
    torch.manual_seed(1)
    dropped = (dropout_mask(torch.ones(400_000), 0.3) == 0).double()
    for shift in (1, 2, 3, 4):
        assert float((dropped[:-shift] * dropped[shift:]).mean()) == pytest.approx(0.09, abs=0.003)


def test_gradients_have_the_same_mask_as_outputs() -> None:
    torch.manual_seed(1)
    inputs = torch.randn(50, 7, dtype=torch.float64, requires_grad=True)
    outputs = Dropout(0.4).train()(inputs)
    (gradient,) = torch.autograd.grad(outputs.sum(), inputs)
    torch.testing.assert_close(gradient * inputs, outputs)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_shape_and_type_are_kept(dtype: torch.dtype) -> None:
    inputs = torch.randn(3, 5, 7, dtype=dtype).transpose(0, 2)
    outputs = Dropout(0.5).train()(inputs)
    assert outputs.shape == (7, 5, 3) and outputs.dtype == dtype
    assert Dropout(0.5).train()(torch.zeros(0, 4)).shape == (0, 4)


def test_the_seed_determines_the_mask() -> None:
    inputs = torch.ones(1000)
    outputs = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        outputs.append(Dropout(0.5).train()(inputs))
    assert torch.equal(outputs[0], outputs[1]) and not torch.equal(outputs[0], outputs[2])


def test_without_training_or_with_p_0_nothing_is_drawn() -> None:
    inputs, state = torch.randn(10), torch.get_rng_state()
    assert Dropout(0.5).eval()(inputs) is inputs
    assert torch.equal(Dropout(0.0).train()(inputs), inputs)
    assert torch.equal(torch.get_rng_state(), state)


def test_it_is_a_torch_dropout() -> None:
    assert isinstance(Dropout(0.25), nn.Dropout) and str(Dropout(0.25)) == "Dropout(p=0.25, inplace=False)"
