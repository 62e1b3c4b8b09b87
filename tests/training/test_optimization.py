"""Schedules, clipping and averages at points worked out by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import nn

from seq2seq.config import TrainingConfig
from seq2seq.nn.model import build_model
from seq2seq.training.checkpoint import optimizer_tensors, restore_optimizer
from seq2seq.training.optimization import (
    average_into,
    build_optimizer,
    clip_gradients,
    gradient_norm,
    learning_rate,
)
from tests import tiny

CONFIG = TrainingConfig(learning_rate=0.01, warmup_steps=100, final_rate=0.1)


@pytest.mark.parametrize(
    ("schedule", "step", "progress", "expected"),
    [
        ("constant", 1, 0.0, 0.0001),
        ("constant", 50, 0.0, 0.005),
        ("constant", 100, 0.0, 0.01),
        ("constant", 5000, 0.9, 0.01),
        ("inverse_sqrt", 100, 0.0, 0.01),
        ("inverse_sqrt", 400, 0.0, 0.005),
        ("linear", 200, 0.5, 0.01 * 0.55),
        ("linear", 200, 1.0, 0.001),
        ("linear", 200, 1.5, 0.001),
        ("cosine", 200, 0.5, 0.01 * 0.55),
        ("cosine", 200, 1 / 3, 0.01 * (0.1 + 0.9 * 0.75)),
        ("cosine", 200, 1.0, 0.001),
    ],
)
def test_schedules(schedule: str, step: int, progress: float, expected: float) -> None:
    config = replace(CONFIG, schedule=schedule)  # type: ignore[arg-type]
    assert learning_rate(config, step=step, progress=progress) == pytest.approx(expected)


def test_no_warmup() -> None:
    assert learning_rate(replace(CONFIG, warmup_steps=0), step=1, progress=0) == pytest.approx(0.01)


def test_clipping() -> None:
    """Gradients (3, 0) and (4): norm 5, limit 1 leaves a fifth."""
    parameters = [nn.Parameter(torch.zeros(2)), nn.Parameter(torch.zeros(1))]
    parameters[0].grad, parameters[1].grad = torch.tensor([3.0, 0.0]), torch.tensor([4.0])
    norm = gradient_norm(parameters)
    assert float(norm) == pytest.approx(5.0)
    clip_gradients(parameters, norm=norm, limit=0)
    assert parameters[0].grad.tolist() == [3.0, 0.0]
    clip_gradients(parameters, norm=norm, limit=1)
    assert parameters[0].grad.tolist() == pytest.approx([0.6, 0.0], rel=1e-5)
    assert parameters[1].grad.tolist() == pytest.approx([0.8], rel=1e-5)


def test_average() -> None:
    """Step 1 moves with decay 2/11, late steps with the decay itself."""
    average, model = nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False)
    for layer, value in ((average, 0.0), (model, 1.0)):
        nn.init.constant_(layer.weight, value)
    average_into(average, model, decay=0.99, step=1)
    assert float(average.weight.detach()) == pytest.approx(1 - 2 / 11)
    average_into(average, model, decay=0.5, step=10_000)
    assert float(average.weight.detach()) == pytest.approx(1 - 2 / 11 / 2)


@pytest.mark.parametrize("kind", ["adam", "adamw"])
def test_first_step_of_adam(kind: str) -> None:
    """Kingma & Ba (2015): the first step is the rate, whatever the gradient's size."""
    model = build_model(tiny.model_config())
    optimizer = build_optimizer(replace(CONFIG, optimizer=kind), model)  # type: ignore[arg-type]
    before = {name: weight.detach().clone() for name, weight in model.named_parameters()}
    for weight in model.parameters():
        weight.grad = torch.full_like(weight, 1e-3)
    model.decoder.output.bias.grad = torch.full_like(model.decoder.output.bias, -50.0)
    optimizer.step()
    for name, weight in model.named_parameters():
        step = 0.01 if name == "decoder.output.bias" else -0.01
        torch.testing.assert_close(weight, before[name] + step, atol=1e-6, rtol=0)
    assert math.isclose(optimizer.param_groups[0]["betas"][1], 0.98)


def test_first_step_of_muon() -> None:
    """A matrix moves by 0.2 √(longer side) times the rate along U Vᵀ of its gradient U S Vᵀ, where Muon's
    singular values are 0.7 to 1.2 instead of 1 (Jordan et al., 2024); embeddings and vectors move by the
    rate, as with Adam."""
    torch.manual_seed(0)
    model = build_model(tiny.model_config(tie_source=False))
    optimizer = build_optimizer(replace(CONFIG, optimizer="muon"), model)
    before = {name: weight.detach().clone() for name, weight in model.named_parameters()}
    for weight in model.parameters():
        weight.grad = torch.randn_like(weight)
    gradients = {name: weight.grad.clone() for name, weight in model.named_parameters()}  # type: ignore[union-attr]
    optimizer.step()
    muon = 0
    for name, weight in model.named_parameters():
        moved = before[name] - weight.detach()
        if weight.dim() == 2 and "table" not in name and name != "decoder.output.weight":
            left, _, right = torch.linalg.svd(gradients[name], full_matrices=False)
            values = left.T @ (moved / (0.01 * 0.2 * max(weight.shape) ** 0.5)) @ right.T
            assert values.diagonal().min() > 0.6 and values.diagonal().max() < 1.3, name
            assert (values - values.diagonal().diag()).abs().max() < 0.1, name
            muon += 1
        else:
            torch.testing.assert_close(moved, 0.01 * gradients[name].sign(), atol=1e-5, rtol=0)
    assert muon >= 6


def test_state_of_muon_is_restored() -> None:
    """Two updates, and one update, a copy of the state, and another update, are the same."""
    config, models = replace(CONFIG, optimizer="muon", weight_decay=0.1), []
    for copies in (False, True):
        torch.manual_seed(0)
        model = build_model(tiny.model_config())
        optimizer = build_optimizer(config, model)
        for _ in range(2):
            for weight in model.parameters():
                weight.grad = torch.randn_like(weight)
            optimizer.step()
            if copies:
                tensors = {name: tensor.clone() for name, tensor in optimizer_tensors(optimizer).items()}
                optimizer = build_optimizer(config, model)
                restore_optimizer(optimizer, tensors)
        models.append(model)
    for one, other in zip(models[0].parameters(), models[1].parameters(), strict=True):
        assert torch.equal(one, other)
