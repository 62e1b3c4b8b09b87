"""The confidence of the best model is calibrated at the end of a run."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from sacrebleu import corpus_bleu

from seq2seq.pairs import SentencePair
from seq2seq.training.confidence import score_and_calibrate
from seq2seq.training.run_directory import RunDirectory
from seq2seq.translator import Translator
from tests import tiny

CPU = torch.device("cpu")


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    """A run whose best model is an untrained one."""
    directory = RunDirectory(tmp_path)
    directory.keep(tiny.bundle(), step=3, validation={"bleu": 1.0, "loss": 5.0})
    return directory


def half_right(run: RunDirectory, number: int) -> list[SentencePair]:
    """Pairs of which every second one has the model's own translation as its reference."""
    sources = [pair.source for pair in tiny.pairs(number, seed=7)]
    made = Translator.from_pretrained(run.path).translate(sources)
    chance = random.Random(1)
    return [
        SentencePair(source, one.text if chance.random() < 0.5 else "zéro")
        for source, one in zip(sources, made, strict=True)
    ]


def config(run: RunDirectory) -> dict[str, object]:
    return dict(json.loads((run.path / "bundles" / "step-3" / "config.json").read_text()))


def test_the_best_model_gets_a_calibrated_confidence_once(run: RunDirectory) -> None:
    pairs, said = half_right(run, 120), list[str]()
    before = config(run)
    score_and_calibrate(run, pairs, CPU, say=said.append)
    assert "confidence" not in before and "confidence" in config(run)
    assert len(said) == 3 and said[2].startswith("confidence calibrated on 120 validation pairs: ")
    made = Translator.from_pretrained(run.path).translate([pair.source for pair in pairs])
    beam = corpus_bleu([one.text for one in made], [[pair.target for pair in pairs]])
    (record,) = run.records()
    assert record["event"] == "beam" and record["bleu"] == pytest.approx(beam.score)
    assert record["beam_size"] == 5 and record["signature"].startswith("nrefs:1|")
    assert said[0] == f"validation BLEU with beam 5: {beam.score:.2f} (greedy 1.50)"
    assert said[1] == f"  {record['signature']}"
    assert sum(one.confidence for one in made) / len(made) == pytest.approx(0.5, abs=0.15)
    score_and_calibrate(run, pairs[:100], CPU, say=said.append)
    assert len(said) == 3


def test_too_few_pairs_are_said_and_nothing_is_stored(run: RunDirectory) -> None:
    said = list[str]()
    score_and_calibrate(run, tiny.pairs(99), CPU, say=said.append)
    assert said[2:] == ["confidence not calibrated: 99 validation pairs, expected 100 or more"]
    silent = [replace(pair, source="1 2 3") for pair in tiny.pairs(100)]  # kept as they are, without a search
    score_and_calibrate(run, silent, CPU, say=said.append)
    assert len(said) == 6 and said[5].startswith("confidence not calibrated: 0 translations in one part")
    assert "confidence" not in config(run)


def test_an_interruption_leaves_the_model_as_it_is(run: RunDirectory) -> None:
    looks = iter([False, False, True, True])
    score_and_calibrate(run, tiny.pairs(120), CPU, say=pytest.fail, interrupted=lambda: next(looks))
    assert "confidence" not in config(run)


def test_without_a_model_there_is_nothing_to_do(tmp_path: Path) -> None:
    score_and_calibrate(RunDirectory(tmp_path), tiny.pairs(120), CPU, say=pytest.fail)
