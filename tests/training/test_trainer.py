"""The trainer: exact resumption, determinism, limits, and bad numbers that stay out of the weights."""

from __future__ import annotations

import itertools
import json
import math
import random
from collections.abc import Callable
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from seq2seq.bundle import model_directory
from seq2seq.config import Settings
from seq2seq.data.batching import Batch, PairColumns
from seq2seq.errors import DataError, ModelError, RunError, UsageError
from seq2seq.nn.model import build_model
from seq2seq.training import checkpoint, train_step
from seq2seq.training.checkpoint import Checkpoint
from seq2seq.training.run_directory import RunDirectory
from seq2seq.training.trainer import Trainer
from seq2seq.training.validation import ValidationScores
from tests import tiny
from tests.tiny import RecordingProgress
from tests.training.tiny_trainer import (
    TIMES,
    Condition,
    assert_same,
    change_losses,
    everything,
    logged,
    make_trainer,
)


def resumable(schedule: str, **changes: Any) -> Settings:
    """A run of everything that has a state: accumulation, dropout, sampling, average, schedule, patience."""
    training = {
        "schedule": schedule,
        "accumulation": 2,
        "ema": 0.9,
        "consistency": 1.0,
        "epochs": 3,
        "patience": 9,
        "validate_every": 4,
        "save_every": 3,
    }
    return tiny.settings(
        model={"dropout": 0.2, "embedding_dropout": 0.1, "word_dropout": 0.1},
        data={"sampling": 0.5, "sampling_alpha": 0.3},
        **(training | changes),
    )


def interrupted_run(folder: Path, settings: Settings, *stops: Condition) -> dict[str, Any]:
    """Train with an interruption at each of `stops`, each time resumed by a new trainer."""
    for number, stop_at in enumerate(stops):
        part = make_trainer(folder, settings, stop_at=stop_at)
        if number:
            part.resume()
        assert part.run().stopped == "interrupted"
        part.run_directory.close()
        torch.manual_seed(random.randrange(1000))  # another process has other generators
    last = make_trainer(folder, settings)
    last.resume()
    last.run()
    return everything(last)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], dict[str, Any]]:
    """The result of a run without interruption, by schedule."""
    results: dict[str, dict[str, Any]] = {}

    def run(schedule: str) -> dict[str, Any]:
        if schedule not in results:
            trainer = make_trainer(tmp_path_factory.mktemp(schedule), resumable(schedule))
            assert trainer.run().stopped == "epochs"
            results[schedule] = everything(trainer)
        return results[schedule]

    return run


def test_the_run_to_be_resumed_has_everything_that_has_a_state(
    uninterrupted: Callable[[str], dict[str, Any]],
) -> None:
    result = uninterrupted("cosine")
    events = [record["event"] for record in result["log"]]
    assert events.count("validation") >= 4 and events.count("step") >= 12
    per_epoch = [
        sum(1 for r in result["log"] if r["event"] == "step" and r["epoch"] == epoch) for epoch in range(3)
    ]
    assert any(count % 4 for count in itertools.accumulate(per_epoch))  # validations fall inside epochs
    assert any(name.startswith("average.") for name in result) and "optimizer.0.exp_avg" in result


STOPS: dict[str, Condition] = {
    "mid-epoch": lambda state: state.step == 2,
    "at an epoch's end": lambda state: state.epoch == 1 and state.batch == 0,
    "right after a validation": lambda state: state.step == 8 and state.validated_step == 8,
}


@pytest.mark.parametrize(
    ("schedule", "stop"),
    [("cosine", "mid-epoch"), ("inverse_sqrt", "at an epoch's end"), ("cosine", "right after a validation")],
)
def test_resumed_equals_uninterrupted(
    tmp_path: Path, uninterrupted: Callable[[str], dict[str, Any]], schedule: str, stop: str
) -> None:
    assert_same(interrupted_run(tmp_path, resumable(schedule), STOPS[stop]), uninterrupted(schedule))


def test_resumed_after_a_crash(tmp_path: Path, uninterrupted: Callable[[str], dict[str, Any]]) -> None:
    """Nothing is saved at a crash: the log is cut back to the last checkpoint, and continued from there."""

    class Crash(RecordingProgress):
        def update(self, outlook: Any, *, tokens: int, loss: float) -> None:
            if trainer.state.step == 8:
                raise KeyError("crash")

    trainer = make_trainer(tmp_path, resumable("cosine"), progress=Crash())
    with pytest.raises(KeyError):
        trainer.run()
    trainer.run_directory.close()
    assert [step for step, _ in checkpoint.stored(tmp_path / "checkpoints")] == [3, 6]
    assert trainer.run_directory.records()[-1]["step"] == 8
    again = make_trainer(tmp_path, resumable("cosine"))
    again.resume()
    assert again.state.step == 6 and again.run_directory.records()[-1]["step"] == 6
    again.run()
    assert_same(everything(again), uninterrupted("cosine"))


def test_resumed_before_the_first_checkpoint(
    tmp_path: Path, uninterrupted: Callable[[str], dict[str, Any]]
) -> None:
    (tmp_path / "log.jsonl").write_text('{"event": "step", "step": 1}\n')
    trainer = make_trainer(tmp_path, resumable("cosine"))
    trainer.resume()
    assert trainer.state.step == 0
    trainer.run()
    assert_same(everything(trainer), uninterrupted("cosine"))


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_resumed_equals_uninterrupted_at_17_random_steps(
    tmp_path: Path, uninterrupted: Callable[[str], dict[str, Any]]
) -> None:
    chance = random.Random(5)
    for number in range(17):
        schedule = ("cosine", "inverse_sqrt")[number % 2]
        steps = uninterrupted(schedule)["state"]["step"]
        stops = sorted(chance.sample(range(1, steps), 1 + number % 3))
        waits = [lambda state, stop=stop: state.step >= stop for stop in stops]
        assert_same(
            interrupted_run(tmp_path / str(number), resumable(schedule), *waits), uninterrupted(schedule)
        )


def test_the_same_seed_twice(tmp_path: Path) -> None:
    settings = resumable("linear", epochs=1)
    runs = []
    for name in ("one", "other"):
        trainer = make_trainer(tmp_path / name, settings)
        trainer.run()
        runs.append(everything(trainer))
    assert_same(runs[0], runs[1])
    other = make_trainer(tmp_path / "third", replace(settings, training=replace(settings.training, seed=2)))
    other.run()
    name = "model.source.table.weight"
    assert not torch.equal(everything(other)[name], runs[0][name])


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ({"steps": 3}, "steps"),
        ({"epochs": 1}, "epochs"),
        ({"minutes": 1e-6}, "minutes"),
        ({"epochs": 9, "steps": 2}, "steps"),
    ],
)
def test_limits(tmp_path: Path, limits: dict[str, Any], reason: str) -> None:
    trainer = make_trainer(tmp_path, tiny.settings(**limits))
    state = trainer.run()
    assert state.stopped == reason
    assert state.step == limits.get("steps", state.step) and state.epoch == limits.get("epochs", 0) % 9
    assert state.validated_step == state.step  # the last model is always validated
    assert model_directory.load(tmp_path / "bundles" / f"step-{state.best_step}").metrics["seed"] == 1
    assert json.loads((tmp_path / "best.json").read_text())["bundle"] == f"bundles/step-{state.best_step}"


def test_the_last_model_is_validated_however_many_were(tmp_path: Path) -> None:
    trainer = make_trainer(tmp_path, tiny.settings(steps=5, validate_every=2))
    trainer.run()
    assert logged(trainer, "validation") == [2, 4, 5]


def test_patience(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trainer = make_trainer(tmp_path, tiny.settings(patience=2, validate_every=1))
    pairs = [(0.0, 9.0), (0.0, 8.0), (5.0, 8.5), (5.0, 8.5), (5.0, 8.4), (4.0, 1.0), (5.0, 8.4)]
    scores = iter(ValidationScores(loss, bleu) for bleu, loss in pairs)
    monkeypatch.setattr(trainer.validator, "score", lambda bundle: next(scores))
    state = trainer.run()
    assert (state.stopped, state.step, state.best_bleu, state.best_step) == ("patience", 7, 5.0, 5)


def test_a_finished_run_takes_no_further_step(tmp_path: Path) -> None:
    settings = tiny.settings(steps=3)
    first = make_trainer(tmp_path, settings)
    first.run()
    before = everything(first)
    again = make_trainer(tmp_path, settings)
    again.resume()
    again.run()
    assert_same(everything(again), before)
    longer = make_trainer(tmp_path, tiny.settings(steps=4))
    longer.resume()
    assert longer.run().step == 4


def test_the_last_update_of_an_epoch_is_saved_and_validated_too(tmp_path: Path) -> None:
    """The last update of the first epoch has fewer batches than the others, and counts like them."""
    settings = tiny.settings(accumulation=5, epochs=2, save_every=1, validate_every=1, keep_checkpoints=99)
    trainer = make_trainer(tmp_path, settings)
    batches = sum(1 for _ in trainer.batches.plan(0))
    assert batches % 5
    state = trainer.run()
    assert state.step > math.ceil(batches / 5)
    steps = list(range(1, state.step + 1))
    assert [step for step, _ in checkpoint.stored(tmp_path / "checkpoints")] == steps
    assert logged(trainer, "validation") == steps


def test_log_and_card_describe_the_run(tmp_path: Path) -> None:
    trainer = make_trainer(tmp_path, tiny.settings(steps=2, ema=0.9), corpora=["train.tsv"])
    state = trainer.run()
    *steps, validation = trainer.run_directory.records()
    assert [record["step"] for record in steps] == [1, 2]
    names = {"event", "step", "epoch", "loss", "tokens", "learning_rate", "gradient_norm", *TIMES}
    assert all(record.keys() == names for record in steps)
    assert steps[0]["loss"] == pytest.approx(math.log(tiny.tokenizer().vocab_size), rel=0.2)
    assert validation.keys() >= {"event", "step", "loss", "bleu", "signature"}
    kept = model_directory.load(tmp_path / "bundles" / f"step-{state.best_step}")
    assert kept.metrics["data"] == {"train": ["train.tsv"], "pairs": 60, "valid": 8, "too_long": 0}
    assert kept.metrics["versions"]["torch"] == metadata.version("torch")
    assert "train.tsv: 60 pairs" in kept.card and "en → fr" in kept.card
    for weight, average in zip(kept.model.parameters(), trainer.train_step.average.parameters(), strict=True):
        assert torch.equal(weight, average)


def test_validation_pairs_that_are_too_long_have_no_loss(tmp_path: Path) -> None:
    trainer = make_trainer(tmp_path, tiny.settings(steps=1))
    long = replace(tiny.pairs(1)[0], source="one " * 200, target="un " * 200)
    other = Trainer(trainer.settings, tiny.prepared(), [long], RunDirectory(tmp_path))
    other.run()
    assert other.run_directory.records()[-1]["loss"] is None


@pytest.mark.parametrize("schedule", ["linear", "cosine"])
def test_a_schedule_without_an_end(tmp_path: Path, schedule: str) -> None:
    with pytest.raises(UsageError, match=r"expected training\.epochs, training\.steps or training\.minutes"):
        make_trainer(tmp_path, tiny.settings(schedule=schedule))


def test_a_schedule_that_ends_with_the_time(tmp_path: Path) -> None:
    """30 of 60 minutes are half the training; 3 of 4 steps are more, and count."""
    linear = make_trainer(tmp_path, tiny.settings(schedule="linear", minutes=60))
    linear.state.seconds = 1800.0
    assert linear._outlook().share == 0.5
    both = make_trainer(tmp_path, tiny.settings(schedule="linear", minutes=60, steps=4))
    both.state.seconds, both.state.step = 1800.0, 3
    assert both._outlook().share == 0.75
    short = make_trainer(
        tmp_path, tiny.settings(schedule="linear", minutes=1 / 60, warmup_steps=0, final_rate=0.0)
    )
    short.run()
    rates = logged(short, "step", "learning_rate")
    assert rates == sorted(rates, reverse=True) and rates[-1] < rates[0] / 2


def test_no_data(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no validation pair"):
        Trainer(tiny.settings(steps=1), tiny.prepared(), [], RunDirectory(tmp_path))
    with pytest.raises(UsageError, match=r"data\.max_length = 1 tokens"):
        long = replace(tiny.prepared(), lengths=np.full((60, 2), 50, np.uint16))
        short = tiny.settings(steps=1, data={"max_length": 1})
        Trainer(short, long, tiny.pairs(2), RunDirectory(tmp_path))


@pytest.mark.parametrize("factor", [math.nan, math.inf])
def test_a_loss_that_is_not_finite_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, factor: float
) -> None:
    change_losses(monkeypatch, {2, 4, 5}, factor)
    progress, states = RecordingProgress(), []
    trainer = make_trainer(tmp_path, tiny.settings(steps=6, ema=0.9), progress=progress)
    monkeypatch.setattr(progress, "update", lambda *_, **__: states.append(everything(trainer)))
    trainer.run()

    def changed(step: int) -> list[str]:
        names = [name for name in states[0] if name.split(".")[0] in ("model", "average", "optimizer")]
        return [name for name in names if not torch.equal(states[step - 1][name], states[step - 2][name])]

    assert [step for step in range(2, 7) if not changed(step)] == [2, 4, 5]
    skipped = [message for message in progress.messages if "not finite" in message]
    assert [message.split(":")[0] for message in skipped] == ["step 2", "step 4", "step 5"]
    assert "rows [" in skipped[0]
    losses = logged(trainer, "step", "loss")
    assert [loss is None for loss in losses] == [False, True, False, True, True, False]
    assert all(torch.isfinite(weight).all() for weight in trainer.train_step.model.parameters())


def test_a_gradient_that_is_not_finite_changes_nothing(tmp_path: Path) -> None:
    trainer = make_trainer(tmp_path, tiny.settings(steps=1), progress=RecordingProgress())
    before = everything(trainer)
    weight = next(iter(trainer.train_step.model.parameters()))
    hook = weight.register_hook(lambda gradient: gradient * math.inf)
    trainer.run()
    hook.remove()
    after = everything(trainer)
    assert all(torch.equal(after[name], before[name]) for name in before if name.startswith("model."))


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("[enforce fail at alloc_cpu.cpp:121] DefaultCPUAllocator: can't allocate memory: 8 TB"),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB"),
        MemoryError(),
    ],
)
def test_out_of_memory_names_the_longest_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    trainer = make_trainer(tmp_path, tiny.settings(steps=1))

    def full(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(trainer.train_step, "update", full)
    with pytest.raises(RunError, match=r"out of memory at step 1, .* \d+ tokens"):
        trainer.run()


def gradients(settings: Settings, groups: list[list[Batch]]) -> list[Tensor]:
    """The gradient of one update from each group, as a vector."""
    vectors = []
    for group in groups:
        torch.manual_seed(0)
        step = train_step.TrainStep(build_model(settings.model), settings.training, torch.device("cpu"))
        step.optimizer.register_step_pre_hook(
            lambda optimizer, *_: vectors.append(
                torch.cat([p.grad.flatten() for g in optimizer.param_groups for p in g["params"]])
            )
        )
        step.update(group, rate=1e-3, step=1)
    return vectors


@pytest.mark.parametrize("parts", [2, 5])
def test_accumulated_gradients_are_those_of_one_batch(tmp_path: Path, parts: int) -> None:
    settings = tiny.settings(model={"dropout": 0.0, "embedding_dropout": 0.0}, clip_norm=0.0, steps=1)
    batches = make_trainer(tmp_path, settings).batches
    rows = batches.rows[:40]
    whole = [batches.make(rows, epoch=0, index=0)]
    split = [batches.make(rows[part::parts], epoch=0, index=0) for part in range(parts)]
    one, many = gradients(settings, [whole, split])
    assert (one - many).norm() <= 1e-6 * one.norm()
    assert one.norm() > 0


def test_clipping(tmp_path: Path) -> None:
    settings = tiny.settings(clip_norm=0.01, steps=1)
    batches = make_trainer(tmp_path, settings).batches
    (gradient,) = gradients(settings, [[batches.make(batches.rows[:20], epoch=0, index=0)]])
    assert gradient.norm() == pytest.approx(0.01, rel=1e-3)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_the_loss_falls(tmp_path: Path, precision: str) -> None:
    trainer = make_trainer(tmp_path, tiny.settings(steps=40, precision=precision, learning_rate=2e-2))
    trainer.run()
    losses = logged(trainer, "step", "loss")
    assert sum(losses[-5:]) < 0.7 * sum(losses[:5])
    assert all(weight.dtype == torch.float32 for weight in trainer.train_step.model.parameters())


@pytest.mark.parametrize("precision", ["bfloat16", "auto"])
def test_bfloat16_is_used(tmp_path: Path, precision: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        torch.cpu, "get_capabilities", lambda: {"avx512_bf16": precision == "auto"}, raising=False
    )
    trainer = make_trainer(tmp_path, tiny.settings(steps=1, precision=precision))
    seen = []
    trainer.train_step.model.decoder.readout.register_forward_hook(
        lambda *arguments: seen.append(arguments[2].dtype)
    )
    trainer.train_step.update([next(iter(trainer.batches.epoch(0)))], rate=1e-3, step=1)
    assert seen == [torch.bfloat16]


@pytest.mark.parametrize("capabilities", [{}, {"avx512_bf16": False, "avx2": True}])
def test_auto_stays_in_float32_without_such_products(
    capabilities: dict[str, bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)
    assert not train_step.multiplies_bfloat16(torch.device("cpu"))


def test_consistency_without_dropout_changes_nothing(tmp_path: Path) -> None:
    """Without dropout both readings are the same: they agree, and their mean loss is that of one."""
    plain = tiny.settings(model={"dropout": 0.0, "embedding_dropout": 0.0}, clip_norm=0.0, steps=1)
    r_drop = replace(plain, training=replace(plain.training, consistency=5.0))
    batches = make_trainer(tmp_path, plain).batches
    batch = batches.make(batches.rows[:20], epoch=0, index=0)
    (one,), (other,) = gradients(plain, [[batch]]), gradients(r_drop, [[batch]])
    assert (one - other).norm() <= 1e-6 * one.norm()


def test_consistency_brings_predictions_together(tmp_path: Path) -> None:
    """After the same number of updates, two readings with dropout are much closer with R-Drop."""
    apart = []
    for weight in (0.0, 20.0):
        settings = tiny.settings(model={"dropout": 0.3}, steps=60, learning_rate=1e-2, consistency=weight)
        trainer = make_trainer(tmp_path / str(weight), settings)
        trainer.run()
        batch = trainer.batches.make(trainer.batches.rows[:40], epoch=0, index=0).twice()
        model = trainer.train_step.model.train()
        torch.manual_seed(0)
        logits = model(batch.source, batch.lengths, batch.target, batch.real)
        one, other = logits.detach().log_softmax(-1).chunk(2)
        apart.append(float(((one.exp() - other.exp()) * (one - other)).sum()))
    assert apart[1] < 0.5 * apart[0]


def change_checkpoint(folder: Path, change: Callable[[dict[str, Any], dict[str, Any]], None]) -> None:
    """Store the newest checkpoint again, changed, with sums that are right."""
    newest = checkpoint.load_newest(folder)
    tensors = {group: dict(named) for group, named in newest.tensors.items()}
    state = dict(newest.state)
    change(tensors, state)
    checkpoint.save(folder, Checkpoint(tensors, state), step=9, keep=1)


@pytest.mark.parametrize(
    "change",
    [
        lambda tensors, state: tensors["model"].pop("source.table.weight"),
        lambda tensors, state: tensors["model"].update({"source.table.weight": torch.zeros(3)}),
        lambda tensors, state: tensors.pop("optimizer"),
        lambda tensors, state: state.pop("place"),
        lambda tensors, state: state.update(place={"steps": 3}),
        lambda tensors, state: state.update(place={"step": "three"}),
        lambda tensors, state: state.pop("log"),
        lambda tensors, state: state.update(log="many"),
    ],
)
def test_a_checkpoint_of_something_else(tmp_path: Path, change: Callable[..., Any]) -> None:
    make_trainer(tmp_path, tiny.settings(steps=1)).run()
    change_checkpoint(tmp_path / "checkpoints", change)
    with pytest.raises(ModelError, match="does not fit this run"):
        make_trainer(tmp_path, tiny.settings(steps=2)).resume()


def test_a_checkpoint_of_other_processes(tmp_path: Path) -> None:
    make_trainer(tmp_path, tiny.settings(steps=1)).run()

    def two(tensors: dict[str, Any], state: dict[str, Any]) -> None:
        tensors["random"]["cpu.1"] = tensors["random"]["cpu.0"].clone()

    change_checkpoint(tmp_path / "checkpoints", two)
    progress = RecordingProgress()
    trainer = make_trainer(tmp_path, tiny.settings(steps=2), progress=progress)
    trainer.resume()
    assert any("not bit for bit" in message for message in progress.messages)
    assert trainer.run().step == 2


def test_pairs_in_memory_are_columns() -> None:
    pairs = tiny.pairs(3)
    assert PairColumns(pairs)[[2, 0]] == {
        "source": [pairs[2].source, pairs[0].source],
        "target": [pairs[2].target, pairs[0].target],
        "direction": [0, 0],
    }
