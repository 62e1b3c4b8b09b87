"""Translations of a tiny model in all combinations, a new process, and the command."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from seq2seq.benchmarks.peers import Peer
from seq2seq.benchmarks.tables import translation_lines
from seq2seq.benchmarks.translating import TranslationBenchmark
from seq2seq.bundle.model_directory import save
from tests import tiny

ROOT = Path(__file__).parents[2]


def test_each_combination_has_a_row(tmp_path: Path) -> None:
    save(tmp_path / "model", tiny.bundle())
    texts = ["one two", "three", "four five six"]
    benchmark = TranslationBenchmark(
        str(tmp_path / "model"), texts, engines=["torch"], threads=[1], beams=[1, 3], batches=[1, 2]
    )
    report = benchmark.run(rounds=2, alone=2, fresh=0, peer=Peer("echo 1/10 tok/s"), seconds_for_rates=0.01)
    assert [(row.beam, row.batch) for row in report.rows] == [(1, 1), (1, 2), (3, 1), (3, 2)]
    for row in report.rows:
        assert row.words == pytest.approx(2 * row.sentences)  # six words in three texts
        assert row.ratio == pytest.approx(row.target_tokens / 10)
        assert 0 < row.p50 <= row.p95
        assert row.share == pytest.approx(row.operations / report.rates[1])
    per_text = [row.operations / row.sentences for row in report.rows]
    assert per_text[2] > per_text[0], "a larger beam needs more products"
    assert len(translation_lines(report)) == 4 + 1 + 4


@pytest.mark.slow
def test_the_command_measures_training_and_a_new_process(tmp_path: Path) -> None:
    save(tmp_path / "model", tiny.bundle())
    small = ["--rounds", "1", "--json", "--threads", "1"]
    sizes = "model.encoder_size=16 model.decoder_size=16 model.embedding_size=16 data.vocab_size=500"
    train = ["train", "--recipe", "sample", "--updates", "1", "--set", *sizes.split()]
    translate = ["translate", "--model", str(tmp_path / "model"), "--sentences", "2", "--fresh", "1"]
    for arguments, name in ((train, "target_tokens"), (translate, "first")):
        command = [sys.executable, str(ROOT / "scripts" / "benchmark.py"), *arguments, *small]
        done = subprocess.run(command, capture_output=True, text=True, timeout=200)
        assert done.returncode == 0, done.stderr
        figures = json.loads(done.stdout)
        assert figures[name]
    (first,) = figures["first"]
    assert first["total"] > first["imported"] + first["loaded"] + first["translated"] > 0
