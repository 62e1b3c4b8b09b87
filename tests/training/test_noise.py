"""Noise in training: the training data has it, validation does not, and a resumed run draws the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from seq2seq.data.batching import Batch, Batches
from tests import tiny
from tests.training.tiny_trainer import assert_same, everything, logged, make_trainer


def sources(batches: Batches) -> set[str]:
    """All source texts of an epoch, as the network gets them."""

    def texts(batch: Batch) -> list[str]:
        rows = zip(batch.source.tolist(), batch.lengths.tolist(), strict=True)
        return [tiny.tokenizer().decode(row[: length - 1]) for row, length in rows]

    return {text for batch in batches.epoch(0) for text in texts(batch)}


def test_training_has_noise_and_validation_none(tmp_path: Path) -> None:
    trainer = make_trainer(tmp_path, tiny.settings(data={"noise": "title=1"}))
    clean = {pair.source for pair in tiny.pairs(60, seed=1)}
    valid = {pair.source for pair in tiny.pairs(8, seed=2)}
    titles = {source.title() for source in clean}
    assert sources(trainer.batches) <= titles | clean  # clean if the title has too many pieces
    assert len(sources(trainer.batches) & titles) > len(clean) / 4
    assert sources(trainer.validator.batches) == valid


def test_a_resumed_run_draws_the_same_noise(tmp_path: Path) -> None:
    def settings(noise: str) -> Any:
        data = {"noise": noise, "sampling": 0.3}
        return tiny.settings(data=data, epochs=2, save_every=2, validate_every=5)

    noise = "lower=0.1,title=0.2,typos=0.3"
    whole = make_trainer(tmp_path / "whole", settings(noise))
    whole.run()
    first = make_trainer(tmp_path / "parts", settings(noise), stop_at=lambda state: state.step == 3)
    assert first.run().stopped == "interrupted"
    first.run_directory.close()
    second = make_trainer(tmp_path / "parts", settings(noise))
    second.resume()
    second.run()
    assert_same(everything(whole), everything(second))
    clean = make_trainer(tmp_path / "clean", settings(""))
    clean.run()
    assert logged(clean, "step", "loss") != logged(whole, "step", "loss")
