"""A task of memory: training, clipping, scales of the weights."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest
import torch

from seq2seq.errors import UsageError
from seq2seq.experiments.recall_task import RecallModel, RecallTask, measure_trained, measure_untrained

TASK = RecallTask(distance=5, hidden_size=6, symbols=3, batch_size=4, steps=2)


def test_clipping_limits_the_update() -> None:
    """Plain gradient descent moves the weights by rate × norm; clipped at c, by at most rate × c."""
    for clip_norm, bound in ((0.0, math.inf), (0.01, 0.01), (1e3, math.inf)):
        model = RecallModel("gru", replace(TASK, steps=1, learning_rate=0.5), 1.0)
        before = [parameter.detach().clone() for parameter in model.parameters]
        (norm,) = model.train(clip_norm).gradient_norms
        after = zip(before, model.parameters, strict=True)
        moved = math.sqrt(sum((new - old).square().sum().item() for old, new in after))
        assert norm > 0.01 and moved == pytest.approx(0.5 * min(norm, bound), rel=1e-3)


def test_task_is_learned_from_the_same_start_with_and_without_clipping() -> None:
    task = replace(TASK, distance=2, hidden_size=16, batch_size=16, steps=150, learning_rate=0.5)
    messages: list[str] = []
    clipped, unclipped = measure_trained(["lstm"], task, messages.append)
    assert (clipped.clip_norm, unclipped.clip_norm) == (1.0, 0.0)
    assert clipped.losses[0] == unclipped.losses[0] and clipped.losses[-1] < 0.2 < 1 < clipped.losses[0]
    assert clipped.accuracy == 1.0 and len(clipped.losses) == len(clipped.gradient_norms) == 150
    assert messages[0] == "lstm, weights × 2, trained, clipped at 1: 150 updates, accuracy 1.00"
    assert measure_trained(["lstm"], replace(task, steps=0), messages.append) == []


def test_exploding_training_ends() -> None:
    task = replace(TASK, steps=50, learning_rate=1e30)
    result = RecallModel("rnn_relu", task, 1.0).train(0.0)
    assert len(result.losses) < 50 and not math.isfinite(result.gradient_norms[-1])
    assert result.to_dict()["gradient_norms"][-1] is None
    json.dumps(result.to_dict(), allow_nan=False)


def test_scale_multiplies_matrices_but_not_biases() -> None:
    one, three = (dict(RecallModel("lstm", TASK, scale).cell.named_parameters()) for scale in (1.0, 3.0))
    for name, parameter in one.items():
        assert torch.equal(three[name], parameter * (3 if parameter.dim() > 1 else 1)), name


def test_large_weights_make_gradients_explode_without_gates_only() -> None:
    task = RecallTask(scales=(1.0, 3.0))
    small, _, large, gated = measure_untrained(["rnn", "gru"], task)
    assert len(small.norms) == 30
    assert small.relative()[-1] < 0.5 and large.relative()[-1] > 100 > 10 > gated.relative()[-1]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"distance": 0}, "distance is 0, expected a whole number from 1"),
        ({"symbols": 1}, "symbols is 1"),
        ({"learning_rate": 0.0}, "above 0"),
        ({"learning_rate": math.inf}, "finite"),
        ({"clip_norm": math.nan}, "above 0"),
        ({"seed": -1}, "seed is -1"),
        ({"seed": 10**20}, "seed is 100000000000000000000"),
        ({"scales": (math.nan,)}, "numbers above 0"),
        ({"scales": ()}, "expected one or more numbers above 0"),
        ({"scales": (1.0, -1.0)}, "expected one or more numbers above 0"),
    ],
)
def test_wrong_settings_are_usage_errors(changes: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        RecallTask(**changes)  # type: ignore[arg-type]
