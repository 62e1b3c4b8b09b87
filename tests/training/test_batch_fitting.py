"""`--training.batch-tokens auto`: the size of a batch by trial."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from seq2seq.config import Settings
from seq2seq.training import batch_fitting, train_step
from seq2seq.training.batch_fitting import Trial, largest_that_fits, with_fitted_batch
from seq2seq.training.run import train
from seq2seq.training.run_settings import Corpora
from tests import tiny
from tests.tiny import RecordingProgress

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("memory", "expected"), [(10**9, 32_000), (17_000, 16_000), (4_000, 4_000), (1_999, 1_000), (0, 1)]
)
def test_sizes_are_doubled_or_halved_until_they_fit(memory: int, expected: int) -> None:
    assert largest_that_fits(lambda size: size <= memory, first=4_000, largest=32_000) == expected


def limited(monkeypatch: pytest.MonkeyPatch, sentences: int) -> list[int]:
    """Let a loss of more target tokens than that run out of memory; returns the numbers that were tried."""
    tried, original = list[int](), train_step.cross_entropy

    def loss(logits: torch.Tensor, targets: torch.Tensor, **options: float) -> torch.Tensor:
        tried.append(len(targets))
        if len(targets) > sentences:
            raise MemoryError
        return original(logits, targets, **options)

    monkeypatch.setattr(train_step, "cross_entropy", loss)
    return tried


def auto() -> Settings:
    return tiny.settings(steps=2, batch_tokens=0)


def test_what_does_not_fit_is_halved(monkeypatch: pytest.MonkeyPatch) -> None:
    """The longest sentences are tried, so no batch of that size needs more."""
    tried, said = limited(monkeypatch, 150), list[str]()
    fitted = with_fitted_batch(auto(), tiny.prepared(), CPU, say=said.append)
    lengths = sorted(tiny.prepared().lengths.tolist(), key=max, reverse=True)
    tokens = {size: sum(row[1] for row in lengths[: size // max(lengths[0])]) for size in (2000, 1000, 500)}
    size = fitted.training.batch_tokens
    assert size == max(size for size, number in tokens.items() if number <= 150) < 2000
    assert said[0].startswith(f"batches of {size:,} tokens")
    assert tried[0] > 150 >= tried[-1]
    assert replace(fitted, training=replace(fitted.training, batch_tokens=0)) == auto()


def test_a_trial_has_the_longest_sentences() -> None:
    prepared = tiny.prepared()
    trial = Trial(auto(), prepared, CPU)
    longest = np.sort(prepared.lengths.max(1))[::-1]
    assert trial.batches.lengths[trial.rows].max(1).tolist() == longest.tolist()
    before = [weight.clone() for weight in trial.step.model.parameters()]
    assert trial.fits(100)
    assert all(torch.equal(*pair) for pair in zip(before, trial.step.model.parameters(), strict=True))


def test_another_error_is_not_taken_for_missing_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    trial = Trial(auto(), tiny.prepared(), CPU)

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("shapes differ")

    monkeypatch.setattr(trial.step, "update", fail)
    with pytest.raises(RuntimeError, match="shapes differ"):
        trial.fits(100)


def test_large_data_has_larger_batches_and_a_gpu_by_its_updates() -> None:
    lengths = np.full((200_000, 2), 20, np.uint16)
    assert batch_fitting._sensible(lengths[:1000], 100, CPU) == (2_000, 2_000)
    assert batch_fitting._sensible(lengths, 100, CPU) == (4_000, 4_000)
    gpu = torch.device("cuda")
    assert batch_fitting._sensible(lengths, 100, gpu) == (4_000, 20_000)  # 4,000,000 tokens, 200 updates
    assert batch_fitting._sensible(lengths[:1000], 100, gpu) == (2_000, 2_000)


def test_a_size_that_is_given_stays() -> None:
    settings = tiny.settings(batch_tokens=77)
    assert with_fitted_batch(settings, tiny.prepared(), CPU, say=pytest.fail) is settings


def test_the_number_is_stored_and_kept_when_the_run_is_resumed(tmp_path: Path) -> None:
    data, out = tmp_path / "train.tsv", tmp_path / "run"
    data.write_text("".join(f"{pair.source}\t{pair.target}\n" for pair in tiny.pairs(80)))
    corpora, progress = Corpora(((str(data),),), languages=("en", "fr")), RecordingProgress()
    train(auto(), corpora, out, device="cpu", progress=progress)
    stored = json.loads((out / "training.json").read_text())["settings"]["training"]["batch_tokens"]
    assert stored == 2_000
    assert any(message.startswith("batches of 2,000 tokens") for message in progress.messages)
    more = replace(auto(), training=replace(auto().training, steps=3))
    assert train(more, corpora, out, resume=True, device="cpu", progress=progress).step == 3
