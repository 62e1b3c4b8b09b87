"""The monitor in a training: what it says once, logs, and knows again after an interruption."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from seq2seq.monitoring import monitor as module
from seq2seq.monitoring.early import Finding
from seq2seq.monitoring.facts import facts_of
from seq2seq.monitoring.show_pairs import show_pairs
from tests import tiny
from tests.tiny import RecordingProgress
from tests.training.tiny_trainer import assert_same, everything, logged, make_trainer

FINDING = Finding("stuck", "the loss stays", "the learning rate", "lower it")


@pytest.fixture
def warned(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule that applies from step 4 on."""
    monkeypatch.setattr(module, "BLOCK", 2)
    monkeypatch.setattr(module, "verdict", lambda curve, facts: FINDING if curve.step >= 4 else None)


@pytest.mark.usefixtures("warned")
def test_a_warning_is_said_and_logged_once(tmp_path: Path) -> None:
    progress = RecordingProgress()
    trainer = make_trainer(tmp_path, tiny.settings(steps=8, validate_every=3), progress=progress)
    trainer.run()
    assert logged(trainer, "warning") == [4]
    assert logged(trainer, "warning", "cause") == ["the learning rate"]
    position = progress.messages.index("WARNING at step 4: the loss stays")
    assert progress.messages[position + 1 : position + 3] == [
        "  likeliest cause: the learning rate",
        "  to check: lower it",
    ]
    assert sum(message.startswith("WARNING") for message in progress.messages) == 1


@pytest.mark.usefixtures("warned")
@pytest.mark.parametrize("stop", [3, 5])
def test_a_resumed_run_warns_like_an_uninterrupted_one(tmp_path: Path, stop: int) -> None:
    settings = tiny.settings(steps=8, validate_every=3)
    straight = make_trainer(tmp_path / "straight", settings)
    straight.run()
    part = make_trainer(tmp_path / "parts", settings, stop_at=lambda state: state.step == stop)
    part.run()
    part.run_directory.close()
    again = make_trainer(tmp_path / "parts", settings)
    again.resume()
    again.run()
    assert_same(everything(again), everything(straight))
    assert again.monitor.curve == straight.monitor.curve


def test_each_validation_shows_and_logs_the_same_three_sentences(tmp_path: Path) -> None:
    progress = RecordingProgress()
    trainer = make_trainer(tmp_path, tiny.settings(steps=6, validate_every=3), progress=progress)
    trainer.run()
    records: list[list[dict[str, Any]]] = logged(trainer, "validation", "samples")
    sources = [[sample["source"] for sample in samples] for samples in records]
    assert len(sources) == 2 and sources[0] == sources[1] and len(set(sources[0])) == 3
    references = {pair.source: pair.target for pair in tiny.pairs(8, seed=2)}
    assert all(sample["reference"] == references[sample["source"]] for sample in records[0])
    shown = [message for message in progress.messages if message.startswith("  source ")]
    assert len(shown) == 6 and shown[:3] == shown[3:]


def test_facts_are_those_of_the_run(tmp_path: Path) -> None:
    trainer = make_trainer(tmp_path, tiny.settings(steps=1, learning_rate=0.25), show=("a", "b"))
    facts = facts_of(trainer.batches, trainer.settings.training, show=("a", "b"))
    assert facts == trainer.monitor.facts
    assert (facts.warmup, facts.learning_rate, facts.show_train, facts.show_valid) == (4, 0.25, "a", "b")
    assert 0 < facts.unigram < facts.guessing


def test_commands_that_show_pairs() -> None:
    assert show_pairs(["a b.tsv"]) == "shuf -n 5 'a b.tsv'"
    assert show_pairs(["a.tsv.gz"]) == "zcat a.tsv.gz | shuf -n 5"
    assert show_pairs(["a.en", "a.de"]) == "paste a.en a.de | shuf -n 5"
    assert show_pairs(["a.en.gz", "a.de"]) == "paste <(zcat a.en.gz) a.de | shuf -n 5"
    assert show_pairs(["a.tmx"]) == "seq2seq data convert a.tmx pairs.tsv && shuf -n 5 pairs.tsv"
    assert show_pairs([]) == ""
