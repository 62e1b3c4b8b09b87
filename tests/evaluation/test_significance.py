"""Comparisons of two systems against sacreBLEU's own command."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from seq2seq.errors import UsageError
from seq2seq.evaluation.significance import paired_significance
from tests.evaluation.systems import GOOD, POOR, REFERENCES, sacrebleu_command


def test_significance_equals_the_sacrebleu_command(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SACREBLEU_SEED", "77")  # somebody else's, to be left as it is
    arguments = ("-m", "bleu", "--paired-bs", "--paired-bs-n", "200")
    a, b = sacrebleu_command(tmp_path, *arguments, systems=[GOOD, POOR])
    capfd.readouterr()
    ours = paired_significance(GOOD, POOR, REFERENCES, language="de", samples=200)
    assert capfd.readouterr() == ("", "")
    assert os.environ["SACREBLEU_SEED"] == "77"
    for key, score, mean, interval in (
        (a["BLEU"], ours.score_a, ours.mean_a, ours.interval_a),
        (b["BLEU"], ours.score_b, ours.mean_b, ours.interval_b),
    ):
        assert isinstance(key, dict)
        assert score == pytest.approx(key["score"], abs=1e-6)
        assert mean == pytest.approx(key["mean"], abs=1e-6)
        assert interval == pytest.approx(key["ci"], abs=1e-6)
    assert isinstance(b["BLEU"], dict)
    assert ours.p_value == pytest.approx(b["BLEU"]["p_value"], abs=1e-6)
    assert "bs:200|seed:12345" in ours.signature


def test_significance_separates_good_from_poor_and_not_equal_from_equal() -> None:
    many = [lines * 10 for lines in (GOOD, POOR, REFERENCES)]
    assert paired_significance(*many, samples=100).p_value < 0.05
    assert paired_significance(many[0], many[0], many[2], samples=100).p_value == 1.0
    first = paired_significance(*many, metric="chrf", samples=100, seed=1)
    assert first == paired_significance(*many, metric="chrf", samples=100, seed=1)
    assert first != paired_significance(*many, metric="chrf", samples=100, seed=2)
    assert first.metric == "chrf"


def test_wrong_input_is_named() -> None:
    with pytest.raises(ValueError, match="1 hypotheses and 2 references"):
        paired_significance(["a", "b"], ["a"], ["a", "b"])
    with pytest.raises(UsageError, match="metric is 'comet', expected one of bleu, chrf, ter"):
        paired_significance(["a"], ["b"], ["c"], metric="comet")
    with pytest.raises(UsageError, match="samples is 1"):
        paired_significance(["a"], ["b"], ["c"], samples=1)
    with pytest.raises(UsageError, match="seed is 0"):
        paired_significance(["a"], ["b"], ["c"], seed=0)
