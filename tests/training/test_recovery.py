"""A training that diverges goes back to a good checkpoint, exactly also when it is interrupted on the way."""

from __future__ import annotations

import json
import math
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from seq2seq.bundle import model_directory
from seq2seq.errors import ModelError, RunError
from seq2seq.training import checkpoint
from seq2seq.training.divergence import Divergence
from seq2seq.training.run_directory import RunDirectory
from seq2seq.training.trainer import Trainer
from seq2seq.training.validation import ValidationScores
from tests import tiny
from tests.tiny import RecordingProgress
from tests.training.tiny_trainer import assert_same, change_losses, everything, logged, make_trainer

RATE = 5e-3  # of tiny.settings, after its warm-up of 4 steps


def finite(tensors: dict[str, Tensor]) -> bool:
    return all(bool(torch.isfinite(tensor).all()) for tensor in tensors.values())


def state_of(path: Path) -> dict[str, Any]:
    return dict(json.loads((path / "state.json").read_text())["place"])


# Numbers that are not finite


def test_three_bad_steps_in_a_row_go_back_with_a_lower_rate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Steps 2 and 3 are bad, then 6 to 8: back to the checkpoint of step 4, and on from there."""
    change_losses(monkeypatch, {2, 3, 6, 7, 8}, math.nan)
    progress = RecordingProgress()
    settings = tiny.settings(steps=10, save_every=2, schedule="constant")
    trainer = make_trainer(tmp_path, settings, progress=progress)
    state = trainer.run()
    assert (state.step, state.stopped, state.fallbacks) == (10, "steps", 1)
    assert logged(trainer, "step") == list(range(1, 11))
    assert logged(trainer, "fallback", "from_step") == [8] and logged(trainer, "fallback") == [4]
    rates = logged(trainer, "step", "learning_rate")
    assert rates[3] == RATE and rates[4:] == pytest.approx([0.3 * RATE] * 6)
    (message,) = [message for message in progress.messages if "diverged" in message]
    assert "at step 8: loss or gradient was not finite 3 steps in a row" in message
    assert "going back to step 4, with 30 % of the learning rate" in message
    assert finite(dict(trainer.train_step.model.named_parameters()))


def test_the_third_divergence_ends_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    change_losses(monkeypatch, set(range(4, 100)), math.inf)
    trainer = make_trainer(tmp_path, tiny.settings(steps=20, save_every=3, validate_every=3))
    with pytest.raises(RunError, match=r"diverged 3 times.*0\.005 down to 0\.00045.*step 6.*lower") as error:
        trainer.run()
    assert error.value.exit_code == 5
    newest = checkpoint.load_newest(tmp_path / "checkpoints")
    assert newest.state["place"]["step"] == 3
    assert finite(dict(newest.tensors["model"])) and finite(dict(newest.tensors["optimizer"]))
    best = model_directory.load(tmp_path / "bundles" / "step-3").model
    assert finite(dict(best.named_parameters()))


def test_without_a_checkpoint_the_training_begins_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second attempt equals a run that has the lower rate from the start, and no bad step."""
    rates = tiny.settings(steps=6, ema=0.9, model={"dropout": 0.3})
    with monkeypatch.context() as patch:
        change_losses(patch, {2, 3, 4}, math.nan)
        fallen = make_trainer(tmp_path / "fallen", rates)
        fallen.run()
    lower = replace(rates, training=replace(rates.training, learning_rate=0.3 * RATE))
    straight = make_trainer(tmp_path / "straight", lower)
    straight.run()
    assert logged(fallen, "fallback") == [0]
    assert logged(fallen, "step", "loss") == pytest.approx(logged(straight, "step", "loss"), rel=1e-6)
    for name, tensor in straight.train_step.model.named_parameters():
        other = fallen.train_step.model.get_parameter(name)
        assert torch.allclose(other, tensor, atol=1e-6), name


# Losses far above that of guessing


def test_a_learning_rate_of_a_million_ends_with_an_error(tmp_path: Path) -> None:
    progress = RecordingProgress()
    settings = tiny.settings(steps=60, learning_rate=1e6, validate_every=3, save_every=1)
    trainer = make_trainer(tmp_path, settings, progress=progress)
    with pytest.raises(RunError, match=r"diverged 3 times, with learning rates from 1e\+06 down to 90000"):
        trainer.run()
    assert not any("(best)" in message for message in progress.messages)
    assert not (tmp_path / "best.json").exists()


def test_a_high_learning_rate_is_lowered_until_the_loss_falls(tmp_path: Path) -> None:
    """A rate of 1 raises the loss to twice that of guessing."""
    trainer = make_trainer(tmp_path, tiny.settings(steps=40, learning_rate=1.0, schedule="constant"))
    state = trainer.run()
    assert 1 <= state.fallbacks <= 2
    losses = logged(trainer, "step", "loss")
    assert sum(losses[-10:]) / 10 < math.log(tiny.tokenizer().vocab_size)


@pytest.mark.parametrize("loss", [math.nan, math.inf, 4023301.142, 20.0])
def test_a_validation_loss_that_is_not_possible_is_never_the_best(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, loss: float
) -> None:
    """Guessing among 300 tokens has a loss of 5.7. The BLEU is higher than before, and does not count."""
    progress = RecordingProgress()
    trainer = make_trainer(tmp_path, tiny.settings(steps=6, validate_every=2), progress=progress)
    scores = iter(
        [ValidationScores(5.0, 1.0), ValidationScores(loss, 9.0), *[ValidationScores(5.0, 0.5)] * 9]
    )
    monkeypatch.setattr(trainer.validator, "score", lambda bundle: next(scores))
    state = trainer.run()
    assert (state.best_bleu, state.best_step, state.fallbacks) == (1.0, 2, 1)
    assert os.listdir(tmp_path / "bundles") == ["step-2"]
    assert sum("(best)" in message for message in progress.messages) == 1
    assert any("diverged at step 4: validation loss" in message for message in progress.messages)


def test_one_bad_batch_is_not_a_divergence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    change_losses(monkeypatch, {5}, 1e4)
    trainer = make_trainer(tmp_path, tiny.settings(steps=12))
    assert trainer.run().fallbacks == 0


# What is kept on the way


def test_no_checkpoint_with_a_weight_that_is_not_finite(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The embedding of a token that no sentence has: neither loss nor gradient shows it."""

    class Break(RecordingProgress):
        def update(self, outlook: Any, *, tokens: int, loss: float) -> None:
            if trainer.state.step == 5 and not trainer.state.fallbacks:
                with torch.no_grad():
                    next(trainer.train_step.model.parameters())[-1, 0] = math.inf

    trainer = make_trainer(tmp_path, tiny.settings(steps=8, save_every=2), progress=Break())
    state = trainer.run()
    assert (state.fallbacks, state.step) == (1, 8)
    assert logged(trainer, "fallback", "from_step") == [6] and logged(trainer, "fallback") == [4]
    for _, path in checkpoint.stored(tmp_path / "checkpoints"):
        assert finite(dict(checkpoint.load(path).tensors["model"]))


def test_no_model_with_a_weight_that_is_not_finite_is_kept(tmp_path: Path) -> None:
    trainer = make_trainer(tmp_path, tiny.settings(steps=1))
    with torch.no_grad():
        next(trainer.train_step.model.parameters())[-1, 0] = math.nan
    with pytest.raises(Divergence):
        trainer.validate()
    assert not (tmp_path / "bundles").exists()


def test_a_diverged_run_keeps_its_best_model_and_its_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The best model, of step 4, is newer than the checkpoint, of step 3, that the run goes back to."""
    change_losses(monkeypatch, {5, 6, 7}, math.nan)
    trainer = make_trainer(tmp_path, tiny.settings(steps=7, save_every=3, validate_every=4))
    scores = iter([ValidationScores(5.0, 30.0), *[ValidationScores(5.0, 20.0)] * 9])
    monkeypatch.setattr(trainer.validator, "score", lambda bundle: next(scores))
    state = trainer.run()
    assert logged(trainer, "fallback") == [3]
    assert (state.best_bleu, state.best_step) == (30.0, 4)
    assert json.loads((tmp_path / "best.json").read_text())["bundle"] == "bundles/step-4"
    seconds = logged(trainer, "step", "seconds")
    assert seconds == sorted(seconds)


def test_checkpoints_of_the_diverged_part_are_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A huge loss at step 4: its checkpoint has finite weights, but is none to go back to."""
    change_losses(monkeypatch, {4, 5}, 1e4)
    trainer = make_trainer(tmp_path, tiny.settings(steps=6, save_every=1, keep_checkpoints=9))
    trainer.run()
    assert logged(trainer, "fallback") == [3]
    names = [path.name for _, path in checkpoint.stored(tmp_path / "checkpoints")]
    assert names == ["step-1", "step-2", "step-3-1", "step-4", "step-5", "step-6"]


# Exact resumption on the way


@pytest.fixture
def diverging(monkeypatch: pytest.MonkeyPatch) -> None:
    """Losses become NaN from step 6 on as long as the rate is the original one."""
    original = Trainer._update

    def update(self: Trainer, group: Any, rate: float) -> Any:
        result = original(self, group, rate)
        return replace(
            result, finite=result.finite and not (self.state.step >= 6 and not self.state.fallbacks)
        )

    monkeypatch.setattr(Trainer, "_update", update)


def run_to_the_end(folder: Path, *, stop: int = 0, crash: int = 0, keep: int = 1) -> dict[str, Any]:
    """Ten steps, with an interruption or a crash at a step, and resumed."""
    settings = tiny.settings(
        model={"dropout": 0.2}, steps=10, save_every=3, validate_every=4, keep_checkpoints=keep, ema=0.9
    )
    stopped = list[int]()

    def stop_at(state: Any) -> bool:
        return state.step == stop and not stopped and not stopped.append(stop)  # type: ignore[func-returns-value]

    class Crash(RecordingProgress):
        count = 0

        def update(self, outlook: Any, *, tokens: int, loss: float) -> None:
            self.count += 1
            if self.count == crash:
                raise KeyError("crash")

    trainer = make_trainer(folder, settings, stop_at=stop_at, progress=Crash())
    try:
        state = trainer.run()
        if state.stopped == "steps":
            return everything(trainer)
    except KeyError:
        pass
    trainer.run_directory.close()
    torch.manual_seed(5)
    again = make_trainer(folder, settings)
    again.resume()
    assert again.run().stopped == "steps"
    return everything(again)


@pytest.mark.usefixtures("diverging")
def test_resumed_equals_uninterrupted_around_a_divergence(tmp_path: Path) -> None:
    """Steps 1 to 8, then back to step 3: interrupted and crashed before and after that."""
    expected = run_to_the_end(tmp_path / "whole")
    assert [record["event"] for record in expected["log"]].count("fallback") == 1
    assert expected["state"]["fallbacks"] == 1
    assert_same(run_to_the_end(tmp_path / "stop", stop=7), expected)
    for number in (7, 9):
        assert_same(run_to_the_end(tmp_path / f"crash-{number}", crash=number), expected)


@pytest.mark.slow
@pytest.mark.usefixtures("diverging")
@pytest.mark.parametrize("keep", [1, 2])
def test_resumed_equals_uninterrupted_at_every_step_around_a_divergence(tmp_path: Path, keep: int) -> None:
    expected = run_to_the_end(tmp_path / "whole", keep=keep)
    for number in range(1, 11):
        assert_same(run_to_the_end(tmp_path / f"stop-{number}", stop=number, keep=keep), expected)
    for number in range(1, 15):
        assert_same(run_to_the_end(tmp_path / f"crash-{number}", crash=number, keep=keep), expected)


@pytest.mark.usefixtures("diverging")
@pytest.mark.parametrize("last", ["remove_after", "cut_log", "log", "save"])
def test_killed_while_it_goes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, last: str) -> None:
    """Killed after any of the steps of going back, a resumed run is still exact."""
    expected = run_to_the_end(tmp_path / "whole")
    folder = tmp_path / "killed"
    owner: Any = checkpoint if last in ("remove_after", "save") else RunDirectory
    original: Callable[..., Any] = getattr(owner, last)

    def killed(*arguments: Any, **options: Any) -> Any:
        result = original(*arguments, **options)
        if last == "save":
            going_back = arguments[1].state["place"]["fallbacks"] == 1
        elif last == "log":
            going_back = arguments[1]["event"] == "fallback"
        else:
            going_back = True
        if going_back:
            raise KeyError("killed")
        return result

    settings = tiny.settings(
        model={"dropout": 0.2}, steps=10, save_every=3, validate_every=4, keep_checkpoints=1, ema=0.9
    )
    with monkeypatch.context() as patch, pytest.raises(KeyError):
        patch.setattr(owner, last, killed)
        make_trainer(folder, settings).run()
    again = make_trainer(folder, settings)
    again.resume()
    again.run()
    assert_same(everything(again), expected)


def test_a_checkpoint_of_an_earlier_version_is_resumed(tmp_path: Path) -> None:
    """Without the fields that are new: they have their defaults."""
    settings = tiny.settings(steps=4, save_every=2)
    make_trainer(tmp_path, settings, stop_at=lambda state: state.step == 2).run()
    saved = checkpoint.load_newest(tmp_path / "checkpoints")
    place = {k: v for k, v in saved.state["place"].items() if k not in ("fallbacks", "smoothed_loss")}
    plain = {"place": place, "log": saved.state["log"]}
    checkpoint.save(tmp_path / "checkpoints", checkpoint.Checkpoint(saved.tensors, plain), step=2, keep=1)
    trainer = make_trainer(tmp_path, settings)
    trainer.resume()
    assert trainer.run().step == 4
    straight = make_trainer(tmp_path / "straight", settings)
    straight.run()
    assert logged(trainer, "step", "loss") == logged(straight, "step", "loss")


# Lost checkpoints


def test_a_run_without_its_checkpoints_is_refused_and_stays_as_it_is(tmp_path: Path) -> None:
    settings = tiny.settings(steps=6, save_every=4, validate_every=3)
    make_trainer(tmp_path, settings).run()
    shutil.rmtree(tmp_path / "checkpoints")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    for name in ("", "best.json"):  # the log alone shows progress too
        (tmp_path / name).unlink() if name else None
        with pytest.raises(ModelError, match="no checkpoint found, but the run has trained") as error:
            make_trainer(tmp_path, settings).resume()
        assert error.value.exit_code == 4
    before.pop(tmp_path / "best.json")
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_run_is_saved_after_its_first_update(tmp_path: Path) -> None:
    """So a run that was killed before its first regular checkpoint can be resumed."""

    class Killed(RecordingProgress):
        def update(self, outlook: Any, *, tokens: int, loss: float) -> None:
            if trainer.state.step == 3:
                raise KeyError("killed")

    trainer = make_trainer(tmp_path, tiny.settings(steps=5, validate_every=2), progress=Killed())
    with pytest.raises(KeyError):
        trainer.run()
    again = make_trainer(tmp_path, tiny.settings(steps=5, validate_every=2))
    again.resume()
    assert again.state.step == 1 and again.run().step == 5


def test_a_better_model_stays_when_an_earlier_checkpoint_is_resumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest checkpoint, with the best validation, is damaged; the resumed run does worse."""
    settings = tiny.settings(steps=4, save_every=2, validate_every=2)
    for bleus, best in (([10.0, 80.0], "step-4"), ([30.0], "step-4"), ([90.0], "step-4-1")):
        trainer = make_trainer(tmp_path, settings)
        if checkpoint.stored(tmp_path / "checkpoints"):
            (checkpoint.stored(tmp_path / "checkpoints")[-1][1] / "state.json").write_text("{}")
            with pytest.warns(UserWarning, match="going back to the checkpoint before"):
                trainer.resume()
            assert trainer.state.step == 2
        scores = iter([ValidationScores(5.0, bleu) for bleu in bleus])
        monkeypatch.setattr(trainer.validator, "score", lambda bundle, scores=scores: next(scores))
        trainer.run()
        assert os.listdir(tmp_path / "bundles") == [best]
        assert json.loads((tmp_path / "best.json").read_text())["bundle"] == f"bundles/{best}"


@pytest.mark.parametrize("validate_every", [0, 1])
def test_the_highest_learning_rate_saves_nothing_that_is_not_finite(
    tmp_path: Path, validate_every: int
) -> None:
    rates = tiny.settings(steps=40, learning_rate=1e9, validate_every=validate_every, save_every=1)
    trainer = make_trainer(tmp_path, rates)
    with pytest.raises(RunError, match="diverged 3 times") as error:
        trainer.run()
    assert error.value.exit_code == 5
    assert not (tmp_path / "bundles").exists()
    for _, path in checkpoint.stored(tmp_path / "checkpoints"):
        for group in ("model", "optimizer"):
            assert finite(dict(checkpoint.load(path).tensors[group]))


def test_weights_that_are_not_finite_after_the_first_update_are_not_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after an update with a huge rate: the loss of that update is still finite."""
    original = Trainer._update

    def update(self: Trainer, group: Any, rate: float) -> Any:
        result = original(self, group, rate)
        if not self.state.fallbacks:
            with torch.no_grad():
                next(self.train_step.model.parameters()).fill_(math.inf)
        return result

    monkeypatch.setattr(Trainer, "_update", update)
    trainer = make_trainer(tmp_path, tiny.settings(steps=3, validate_every=1))
    state = trainer.run()
    assert (state.step, state.fallbacks) == (3, 1)
    assert finite(dict(trainer.train_step.model.named_parameters()))
