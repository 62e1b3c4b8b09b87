"""`training.average` in a whole run: the mean of the best weights is validated, and may be kept."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file

from seq2seq.bundle.finding import resolve
from seq2seq.bundle.model_directory import load
from seq2seq.config import Settings
from seq2seq.objectives.averaging import stored
from seq2seq.training.run import keep_average
from seq2seq.training.trainer import Trainer
from tests import tiny
from tests.tiny import RecordingProgress
from tests.training.tiny_trainer import logged, make_trainer


def settings(steps: int) -> Settings:
    return tiny.settings(steps=steps, validate_every=2, save_every=2, average=2, schedule="constant")


def finish(trainer: Trainer) -> list[str]:
    """Train to the end and average, as a run does; returns what was said at the end."""
    trainer.run()
    end = RecordingProgress()
    keep_average(trainer.run_directory, trainer.validator, say=end.say)
    trainer.run_directory.close()
    return end.messages


def test_the_mean_of_the_best_two_is_kept_if_it_is_not_worse(tmp_path: Path) -> None:
    trainer = make_trainer(tmp_path, settings(6))
    (message,) = finish(trainer)
    paths = stored(tmp_path)
    steps, best = logged(trainer, "average", "steps")[0], max(logged(trainer, "validation", "bleu"))
    assert len(paths) == len(steps) == 2 and set(steps) <= {2, 4, 6} and str(steps[0]) in message
    model = load(resolve(tmp_path)).model
    kept = logged(trainer, "average", "bleu")[0] >= best and "(kept)" in message
    assert kept or "(not kept)" in message
    first, second = map(load_file, paths)
    for name, weight in model.named_parameters():
        expected = (first[name] + second[name]) / 2 if kept else first[name]
        torch.testing.assert_close(weight.detach(), expected)


def test_a_resumed_run_averages_the_same(tmp_path: Path) -> None:
    whole = make_trainer(tmp_path / "whole", settings(6))
    finish(whole)
    first = make_trainer(tmp_path / "parts", settings(6), stop_at=lambda state: state.step == 5)
    first.run()
    first.run_directory.close()
    second = make_trainer(tmp_path / "parts", settings(6))
    second.resume()
    finish(second)
    files = [
        [(path.name, path.read_bytes()) for path in stored(tmp_path / run)] for run in ("whole", "parts")
    ]
    assert files[0] == files[1]
    assert logged(whole, "average", "bleu") == logged(second, "average", "bleu")


def test_nothing_is_stored_without_the_option(tmp_path: Path) -> None:
    assert finish(make_trainer(tmp_path, tiny.settings(steps=2))) == []
    assert not (tmp_path / "averaging").exists()
