"""Scheduled sampling: what the decoder reads instead of the target, and how much of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from seq2seq.data.batching import Batch, Batches
from seq2seq.nn.model import Seq2Seq, build_model
from seq2seq.objectives.scheduled_sampling import mix_predictions, share_at
from tests import tiny

FAVOURITE = 20


def batch() -> Batch:
    data = tiny.prepared()
    batches = Batches(
        data.data,
        source=data.source,
        target=data.target,
        lengths=data.lengths,
        batch_tokens=2000,
        max_length=50,
        seed=1,
    )
    return next(iter(batches.epoch(0)))


def model_that_predicts(token: int) -> Seq2Seq:
    """A network with this prediction at every place."""
    model = build_model(tiny.model_config())
    torch.nn.init.zeros_(model.decoder.output.weight)
    with torch.no_grad():
        model.decoder.output.bias[token] = 100.0
    return model


@pytest.mark.parametrize(
    ("step", "share", "steps", "expected"),
    [(1, 0.4, 8, 0.05), (4, 0.4, 8, 0.2), (8, 0.4, 8, 0.4), (99, 0.4, 8, 0.4), (1, 0.4, 0, 0.4)],
)
def test_the_share_rises(step: int, share: float, steps: int, expected: float) -> None:
    assert share_at(step, share=share, steps=steps) == pytest.approx(expected)


def test_all_tokens_are_predicted_with_share_1() -> None:
    """BOS stays, padding stays, and labels and sources do."""
    true, mixed = batch(), mix_predictions(model_that_predicts(FAVOURITE), batch(), 1.0)
    read = torch.cat([torch.zeros(len(true.real), 1, dtype=torch.bool), true.real[:, 1:]], 1)
    assert torch.equal(mixed.target, torch.where(read, FAVOURITE, true.target))
    assert torch.equal(replace(mixed, target=true.target).labels, true.labels)
    assert torch.equal(mixed.source, true.source) and torch.equal(mixed.real, true.real)


def test_predictions_are_read_one_place_later() -> None:
    """A model of which each place predicts another token: 100 + the true token that it reads."""

    class Successor(torch.nn.Module):
        def forward(self, source: Any, lengths: Any, target: torch.Tensor, real: torch.Tensor) -> Any:
            return torch.nn.functional.one_hot(target[real] + 100, 500) * 1000.0

    true = batch()
    mixed = mix_predictions(Successor(), true, 1.0)  # type: ignore[arg-type]
    later = true.real[:, 1:]
    assert torch.equal(mixed.target[:, 1:][later], true.target[:, :-1][later] + 100)


def test_about_the_share_is_predicted() -> None:
    torch.manual_seed(0)
    true, mixed = batch(), mix_predictions(model_that_predicts(FAVOURITE), batch(), 0.3)
    later = true.real[:, 1:]
    changed = (mixed.target != true.target)[:, 1:][later].float().mean()
    assert abs(float(changed) - 0.3) < 0.15 and later.sum() > 100  # 0.15: three standard deviations


def test_a_predicted_end_and_share_0_change_nothing() -> None:
    true = batch()
    assert torch.equal(mix_predictions(model_that_predicts(2), true, 0.0).target, true.target)
    ending = model_that_predicts(tiny.tokenizer().eos_id)
    assert torch.equal(mix_predictions(ending, true, 1.0).target, true.target)
