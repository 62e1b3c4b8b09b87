"""The figures of a training follow from its batches and the measured times."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest
import torch

from seq2seq.benchmarks import training
from seq2seq.benchmarks.matrix_rate import matrix_rate
from seq2seq.benchmarks.peers import Peer
from seq2seq.benchmarks.tables import training_lines
from seq2seq.benchmarks.texts import pairs_of
from seq2seq.benchmarks.training import TrainingBenchmark
from seq2seq.errors import DataError, UsageError
from tests import tiny

CPU = torch.device("cpu")


@pytest.fixture
def benchmark() -> TrainingBenchmark:
    settings = tiny.settings(data={"vocab_size": 300})
    return TrainingBenchmark(settings, tiny.pairs(60), device=CPU, updates=3)


def test_speeds_are_medians_over_the_rounds(
    benchmark: TrainingBenchmark, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = iter([100.0, 2.0, 8.0, 4.0])  # the first round is not counted
    monkeypatch.setattr(benchmark, "round", lambda: next(times))
    monkeypatch.setattr(training, "matrix_rates", lambda *_, **__: {"float32": 5e9, "bfloat16": 9e9})
    monkeypatch.setattr(benchmark, "operations", lambda: 10**10)
    peer = Peer("echo 1/10 tok/s")
    figures = benchmark.run(rounds=3, peer=peer)
    tokens = sum(int(batch.real.sum()) for batch in benchmark.batches)
    assert figures.target_tokens == tokens / 4
    assert (figures.least, figures.most) == (tokens / 8, tokens / 2)
    assert figures.sentences == sum(len(batch.source) for batch in benchmark.batches) / 4
    assert figures.operations == 2.5e9 and figures.share == 0.5
    assert figures.peer == (10.0, 10.0, 10.0) and figures.ratio == tokens / 40
    assert "50 %" in "\n".join(training_lines(figures))


def test_updates_are_made_and_counted(benchmark: TrainingBenchmark) -> None:
    before = {name: weight.clone() for name, weight in benchmark.step.model.named_parameters()}
    figures = benchmark.run(rounds=1, seconds_for_rates=0.01)
    assert any(not torch.equal(before[name], w) for name, w in benchmark.step.model.named_parameters())
    assert figures.updates == 3 and figures.weights == sum(w.numel() for w in before.values())
    assert 0 < figures.share < 1 and figures.peak_memory > 50e6
    assert all(value is not None for value in asdict(figures).values())


def test_operations_are_near_three_times_those_of_the_weights(benchmark: TrainingBenchmark) -> None:
    """Each weight but the embeddings meets each token once forward and twice backward."""
    model: Any = benchmark.step.model
    encoder = sum(weight.numel() for weight in model.encoder.parameters() if weight.dim() == 2)
    decoder = sum(weight.numel() for weight in model.decoder.parameters() if weight.dim() == 2)
    expected = sum(
        6 * (encoder * batch.source.numel() + decoder * batch.target.numel()) for batch in benchmark.batches
    )
    assert benchmark.operations() == pytest.approx(expected, rel=0.35)  # attention, padding


def test_a_batch_without_a_size_is_refused() -> None:
    with pytest.raises(UsageError, match="batch_tokens is 0"):
        TrainingBenchmark(tiny.settings(batch_tokens=0), tiny.pairs(9), device=CPU, updates=1)


def test_a_rate_is_that_of_the_product() -> None:
    assert 1e8 < matrix_rate(torch.float32, CPU, seconds=0.05) < 1e14


def test_pairs_without_data_are_generated_and_different() -> None:
    pairs = pairs_of((), most=50)
    assert len(set(pairs)) == 50 and all(pair.source and pair.target for pair in pairs)


def test_a_file_without_pairs(tmp_path: Any) -> None:
    (tmp_path / "no.tsv").write_text(" \tx\n", encoding="utf-8")
    with pytest.raises(DataError, match="no pair in it"):
        pairs_of([str(tmp_path / "no.tsv")], most=5)
