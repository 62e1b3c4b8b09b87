"""An update that does not fit into memory is computed in parts, with the gradient of the whole batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from seq2seq.config import Settings
from seq2seq.data.batching import Batch
from seq2seq.errors import RunError
from seq2seq.monitoring.micro_batches import MicroBatches, halves, padded_size
from seq2seq.training.run_directory import RunDirectory
from seq2seq.training.train_step import TrainStep
from seq2seq.training.trainer import Trainer
from tests import tiny
from tests.tiny import RecordingProgress

ERRORS: list[Callable[[], Exception]] = [
    MemoryError,
    lambda: torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB"),
    lambda: RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 TB"),
]


def settings(**training: Any) -> Settings:
    return tiny.settings(
        model={"dropout": 0.0, "embedding_dropout": 0.0}, clip_norm=0.0, batch_tokens=400, **training
    )


def make_trainer(folder: Any, **training: Any) -> tuple[Trainer, RecordingProgress]:
    progress = RecordingProgress()
    prepared, valid = tiny.prepared(), tiny.pairs(8, seed=2)
    return Trainer(settings(**training), prepared, valid, RunDirectory(folder), progress=progress), progress


def fail_beyond(trainer: Trainer, sentences: int, error: Callable[[], Exception] = MemoryError) -> list[int]:
    """Let the network run out of memory with more than so many sentences; returns the sizes it is given."""
    sizes: list[int] = []

    def check(module: object, arguments: tuple[Tensor, ...]) -> None:
        sizes.append(len(arguments[0]))
        if len(arguments[0]) > sentences:
            raise error()

    trainer.train_step.model.register_forward_pre_hook(check)
    return sizes


def gradient_of_update(step: TrainStep, group: list[Batch]) -> Tensor:
    """The gradient that the optimizer is given, as a vector."""
    vectors = list[Tensor]()
    step.optimizer.register_step_pre_hook(
        lambda optimizer, *_: vectors.append(
            torch.cat([p.grad.flatten() for g in optimizer.param_groups for p in g["params"]])
        )
    )
    step.update(group, rate=1e-3, step=1)
    return vectors[0]


@pytest.mark.parametrize("error", ERRORS, ids=["memory", "cuda", "cpu"])
@pytest.mark.parametrize("consistency", [0.0, 2.0])
def test_the_parts_have_the_gradient_of_the_batch(
    tmp_path: Any, error: Callable[[], Exception], consistency: float
) -> None:
    whole, _ = make_trainer(tmp_path / "whole", steps=1, consistency=consistency)
    parts, progress = make_trainer(tmp_path / "parts", steps=1, consistency=consistency)
    batch = whole.batches.make(whole.batches.rows[:40], epoch=0, index=0)
    sizes = fail_beyond(parts, 11, error)
    one, other = gradient_of_update(whole.train_step, [batch]), gradient_of_update(parts.train_step, [batch])
    assert one.norm() > 0 and (one - other).norm() <= 1e-6 * one.norm()
    assert max(sizes) > 11 >= sizes[-1]
    longest = max(batch.source.shape[1], batch.target.shape[1])
    assert (
        progress.messages
        and f"out of memory with 40 sentences, the longest of {longest} tokens" in (progress.messages[0])
    )


def fail_beyond_100_tokens(module: object, arguments: tuple[Tensor, ...]) -> None:
    assert isinstance(module, torch.nn.Module)
    if module.training and max(arguments[0].numel(), arguments[2].numel()) > 100:
        raise MemoryError


def test_a_training_goes_on_and_ends_as_one_with_enough_memory(tmp_path: Any) -> None:
    """The limit is learned once: later batches are cut before they fail."""
    enough, _ = make_trainer(tmp_path / "enough", steps=4, accumulation=2)
    scarce, progress = make_trainer(tmp_path / "scarce", steps=4, accumulation=2)
    scarce.train_step.model.register_forward_pre_hook(fail_beyond_100_tokens)
    enough.run()
    scarce.run()
    for name, weight in enough.train_step.model.named_parameters():
        assert torch.allclose(weight, scarce.train_step.model.get_parameter(name), atol=1e-5), name
    falls = [message for message in progress.messages if "out of memory" in message]
    assert 1 <= len(falls) <= 2  # from 400 to 200 to 100


def test_one_sentence_that_does_not_fit_ends_the_run(tmp_path: Any) -> None:
    trainer, _ = make_trainer(tmp_path, steps=2)
    sizes = fail_beyond(trainer, 0)
    with pytest.raises(RunError, match=r"out of memory at step 1, .* \d+ tokens") as raised:
        trainer.run()
    assert raised.value.exit_code == 5 and sizes[-1] == 1


def test_another_error_is_not_taken_for_missing_memory(tmp_path: Any) -> None:
    trainer, _ = make_trainer(tmp_path, steps=1)
    sizes = fail_beyond(trainer, 0, lambda: RuntimeError("shapes differ"))
    with pytest.raises(RuntimeError, match="shapes differ"):
        trainer.run()
    assert len(sizes) == 1


def test_halves_hold_all_sentences_and_no_padding_of_others(tmp_path: Any) -> None:
    trainer, _ = make_trainer(tmp_path, steps=1)
    batch = trainer.batches.make(trainer.batches.rows[:7], epoch=0, index=0)
    first, second = halves(batch)
    assert (len(first.source), len(second.source)) == (4, 3)
    assert first.rows + second.rows == batch.rows and first.tokens + second.tokens == batch.tokens
    for half in (first, second):
        assert half.source.shape[1] == int(half.lengths.max())
        assert half.target.shape == half.labels.shape == half.real.shape
        assert half.target.shape[1] == int(half.real.sum(1).max())
    parts = MicroBatches()
    assert parts.cut([batch]) == [batch]
    parts.limit = 1
    assert [len(part.source) for part in parts.cut([batch])] == [1] * 7
    assert padded_size(batch) == 7 * max(batch.source.shape[1], batch.target.shape[1])
