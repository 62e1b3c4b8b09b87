"""What is counted, against numbers worked out by hand."""

from __future__ import annotations

import pytest

from seq2seq.serving import metrics
from seq2seq.serving.metrics import Metrics


def test_a_histogram_holds_the_smaller_buckets(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([0.0, 0.05, 10.0, 10.3, 20.0, 60.0])
    monkeypatch.setattr(metrics.time, "monotonic", lambda: next(times))
    counted = Metrics("a", "b")
    for characters in (1, 2, 4):
        with counted.request("a", characters):
            assert counted.running == 1
    lines = counted.prometheus({"queue_length": ("Waiting.", 7)}).splitlines()
    buckets = [line.rpartition(" ")[2] for line in lines if "_bucket" in line]
    assert buckets == ["1", "1", "1", "2", "2", "2", "2", "2", "2", "3"]  # 0.05, 0.3 and 40 seconds
    for expected in (
        'seq2seq_requests_total{kind="a"} 3',
        'seq2seq_requests_total{kind="b"} 0',
        "seq2seq_characters_total 7",
        "seq2seq_request_seconds_sum 40.350000",
        "seq2seq_request_seconds_count 3",
        "seq2seq_running 0",
        "# TYPE seq2seq_queue_length gauge",
        "seq2seq_queue_length 7",
    ):
        assert expected in lines


def test_a_request_that_fails_is_no_longer_running() -> None:
    counted = Metrics("a")
    with pytest.raises(ValueError), counted.request("a", 1):
        raise ValueError
    assert counted.running == 0 and "seq2seq_request_seconds_count 1" in counted.prometheus({})


def test_memory_is_that_of_a_python_process() -> None:
    memory = metrics.resident_memory()
    assert memory is None or 10e6 < memory < 100e9
