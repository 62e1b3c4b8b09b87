"""Ensembles: mean probabilities by hand, and a model with itself."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch

from seq2seq.config import DecodingConfig
from seq2seq.decoding.decode import decode
from seq2seq.decoding.engine import Array, StepOutput
from seq2seq.decoding.ensemble import EnsembleEngine
from seq2seq.engines.torch_engine import TorchEngine
from tests import tiny


@dataclass
class Fixed:
    """An engine that always gives these logits and this attention."""

    logits: list[float]
    weights: list[float] | None = None
    candidates: list[int] | None = None
    device = torch.device("cpu")

    def start(self, sources: Any) -> Any:
        return None

    def step(self, tokens: Array, state: Any) -> StepOutput:
        logits = torch.tensor([[self.logits]])
        weights = None if self.weights is None else torch.tensor([[self.weights]])
        candidates = None if self.candidates is None else torch.tensor(self.candidates)
        return StepOutput(logits, logits.logsumexp(-1), candidates, weights, None)


def step(*engines: Fixed) -> StepOutput:
    ensemble = EnsembleEngine(engines)  # type: ignore[arg-type]
    return ensemble.step(np.zeros((1, 1), np.int64), ensemble.start([[3]]))


def test_probabilities_and_attention_are_means() -> None:
    """0.5, 0.25, 0.25 and 0.1, 0.9, 0, the second with logits that are 7 too large."""
    first = Fixed([math.log(0.5), math.log(0.25), math.log(0.25)], [0.5, 0.5])
    second = Fixed([math.log(0.1) + 7, math.log(0.9) + 7, -math.inf], [0.0, 1.0])
    output = step(first, second, Fixed([0.0, 0.0, 0.0]))
    log_probs = (output.logits - output.log_normaliser.unsqueeze(-1)).exp().flatten().tolist()
    third = 1 / 3
    expected = [(0.5 + 0.1 + third) / 3, (0.25 + 0.9 + third) / 3, (0.25 + third) / 3]
    assert log_probs == pytest.approx(expected, abs=1e-6)
    assert output.weights is not None and output.weights.flatten().tolist() == [0.25, 0.75]


def test_different_shortlists_are_refused() -> None:
    with pytest.raises(ValueError, match="candidates differ"):
        step(Fixed([0.0, 0.0], candidates=[3, 5]), Fixed([0.0, 0.0], candidates=[3, 6]))
    assert step(Fixed([0.0], candidates=[3]), Fixed([0.0], candidates=[3])).candidates is not None


@pytest.mark.parametrize(
    "config", [DecodingConfig(beam_size=1), DecodingConfig(n_best=3, repetition_penalty=1.5)]
)
def test_a_model_with_itself_is_the_model(config: DecodingConfig) -> None:
    engine = TorchEngine(tiny.bundle(seed=3).model)
    sources = [[260 + n, 270 + n, 280][: 1 + n % 3] for n in range(8)]
    for alone, twice in zip(
        decode(engine, sources, config),
        decode(EnsembleEngine([engine, engine]), sources, config),
        strict=True,
    ):
        assert [one.tokens for one in alone] == [one.tokens for one in twice]
        assert [one.log_prob for one in alone] == pytest.approx([one.log_prob for one in twice], abs=1e-4)


def test_two_models_give_the_mean_of_their_probabilities() -> None:
    """By the training path: the mean probability of each token after those before it."""
    models = [tiny.bundle(seed=seed).model for seed in (3, 4)]
    source = [270, 280]
    ensemble = EnsembleEngine([TorchEngine(model) for model in models])
    (best,) = decode(ensemble, [source], DecodingConfig(beam_size=2, max_repeats=0))[0]
    total = 0.0
    with torch.inference_mode():
        inputs = torch.tensor([[2, *best.tokens]])
        real = torch.ones_like(inputs, dtype=torch.bool)
        tables = [
            model(torch.tensor([[*source, 3]]), torch.tensor([3]), inputs, real).softmax(-1)
            for model in models
        ]
    for place, token in enumerate([*best.tokens, 3]):
        total += math.log(sum(float(table[place, token]) for table in tables) / 2)
    assert best.log_prob == pytest.approx(total, abs=1e-3)


def test_an_empty_ensemble_is_refused() -> None:
    with pytest.raises(ValueError, match="expected at least one"):
        EnsembleEngine([])
