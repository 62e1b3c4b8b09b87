"""Runs with options for small data: each changes the training, and a resumed run equals an uninterrupted
one bit for bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests import tiny
from tests.training.tiny_trainer import assert_same, everything, logged, make_trainer

RUN: dict[str, Any] = {"steps": 6, "save_every": 2, "validate_every": 100, "accumulation": 2}
LEVERS: dict[str, dict[str, Any]] = {
    "cutoff": {"consistency": 1.0, "cut_tokens": 0.1, "cut_features": 0.1},
    "simcut": {"consistency": 3.0, "cut_tokens": 0.1, "consistency_kind": "simcut"},
    "scheduled sampling": {"scheduled_sampling": 0.5, "scheduled_sampling_steps": 4},
    "guided alignment": {"guided_alignment": 1.0, "guided_alignment_steps": 5, "consistency": 1.0},
    "minimum risk": {"minimum_risk": 3},
    "muon": {"optimizer": "muon", "weight_decay": 0.01},
}


@pytest.fixture(scope="module")
def plain_losses(tmp_path_factory: pytest.TempPathFactory) -> list[float]:
    """The training losses of a run without any of the options."""
    plain = make_trainer(tmp_path_factory.mktemp("plain"), tiny.settings(**RUN))
    plain.run()
    return logged(plain, "step", "loss")


@pytest.mark.parametrize("lever", LEVERS)
def test_a_resumed_run_is_the_same(lever: str, tmp_path: Path, plain_losses: list[float]) -> None:
    settings = tiny.settings(**RUN, **LEVERS[lever])
    whole = make_trainer(tmp_path / "whole", settings)
    whole.run()
    first = make_trainer(tmp_path / "parts", settings, stop_at=lambda state: state.step == 3)
    assert first.run().stopped == "interrupted"
    first.run_directory.close()
    second = make_trainer(tmp_path / "parts", settings)
    second.resume()
    second.run()
    assert_same(everything(whole), everything(second))
    assert logged(whole, "step", "loss") != plain_losses


def test_the_reported_loss_of_simcut_is_that_of_the_whole_text(tmp_path: Path) -> None:
    """Without dropout the first update reports what it would without SimCut."""
    still = {"dropout": 0.0, "embedding_dropout": 0.0, "word_dropout": 0.0}
    first = []
    for name, options in (("plain", {}), ("simcut", LEVERS["simcut"])):
        trainer = make_trainer(tmp_path / name, tiny.settings(model=still, steps=1, **options))
        trainer.run()
        first.append(logged(trainer, "step", "loss")[0])
    assert first[0] == pytest.approx(first[1], rel=1e-6)


def test_the_average_of_the_weights_is_not_cut(tmp_path: Path) -> None:
    trainer = make_trainer(tmp_path, tiny.settings(steps=2, ema=0.9, **LEVERS["cutoff"]))
    hooks = [len(module._forward_hooks) for module in trainer.train_step.average.modules()]
    assert sum(hooks) == 0
    assert sum(len(module._forward_hooks) for module in trainer.train_step.model.modules()) > 0
