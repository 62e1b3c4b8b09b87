"""A signal during a validation: the run saves at once, and goes on exactly when it is resumed."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import torch

from seq2seq.training import trainer as trainer_module
from seq2seq.training import translating
from seq2seq.training.translating import Interrupted
from tests import tiny
from tests.tiny import RecordingProgress
from tests.training.tiny_trainer import assert_same, everything, make_trainer


@pytest.mark.parametrize("every", [0, 2, 3])
@pytest.mark.parametrize("number", [1, 2, 3])
def test_resumed_equals_uninterrupted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, every: int, number: int
) -> None:
    """Validation `number` is cut short: at an epoch's end, between two saves, at the last step."""
    settings = tiny.settings(
        model={"dropout": 0.2}, steps=9, save_every=2, validate_every=every, batch_tokens=500, ema=0.9
    )
    whole = make_trainer(tmp_path / "whole", settings)
    whole.run()
    calls = list[int]()
    cut = make_trainer(tmp_path / "cut", settings, stop_at=lambda state: len(calls) >= number)
    score = cut.validator.score

    def interrupted(bundle: object) -> object:
        calls.append(1)
        if len(calls) == number:
            raise Interrupted
        return score(bundle)  # type: ignore[arg-type]

    monkeypatch.setattr(cut.validator, "score", interrupted)
    state = cut.run()
    assert state.stopped == "interrupted" and state.validation_due
    cut.run_directory.close()
    torch.manual_seed(3)
    again = make_trainer(tmp_path / "cut", settings)
    again.resume()
    assert again.run().stopped == "steps"
    assert_same(everything(again), everything(whole))


def test_an_interruption_ends_a_long_validation_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each group of translations takes 0.2 seconds here, and all of them 6."""
    monkeypatch.setattr(translating, "_TOGETHER", 1)
    translate = translating.Translator.translate

    def slow(self: translating.Translator, *arguments: object, **options: object) -> object:
        time.sleep(0.2)
        stops.append(time.monotonic() + 0.3) if not stops else None
        return translate(self, *arguments, **options)  # type: ignore[call-overload]

    stops = list[float]()
    monkeypatch.setattr(translating.Translator, "translate", slow)
    settings = tiny.settings(steps=2, validation_sentences=30)
    trainer = trainer_module.Trainer(
        settings,
        tiny.prepared(),
        tiny.pairs(30, seed=2),
        make_trainer(tmp_path, settings).run_directory,
        progress=RecordingProgress(),
        interrupted=lambda: bool(stops) and time.monotonic() > stops[0],
    )
    assert trainer.run().stopped == "interrupted"
    assert time.monotonic() - stops[0] < 3
    assert trainer.recovery.resume().validation_due


def test_the_loss_reads_a_bounded_number_of_pairs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trainer_module, "LOSS_PAIRS", 5)
    trainer = make_trainer(tmp_path, tiny.settings(steps=1))
    assert len(trainer.validator.batches.rows) == 5
    assert "8 for validation" in trainer.summary()
    assert "the validation loss is that of the first 5 pairs" in trainer.summary()
