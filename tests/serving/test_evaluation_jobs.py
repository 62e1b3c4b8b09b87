"""Two systems on one test set: which scores are tested, and that the test can be cancelled."""

from __future__ import annotations

import pytest

from seq2seq.evaluation.metrics import METRICS, Score
from seq2seq.evaluation.scoring import Evaluation
from seq2seq.serving import evaluation_jobs
from seq2seq.serving.evaluation_jobs import MAX_TER_PAIRS, compared
from seq2seq.serving.evaluation_report import System
from seq2seq.serving.jobs import Cancelled, Job


def systems(pairs: int) -> list[System]:
    scores = {name: Score(50.0, name) for name in METRICS}
    made = {"one": ["a b c d e"] * pairs, "other": ["a b c d f"] * pairs}
    return [System(name, Evaluation(scores, texts, 1.0, name), []) for name, texts in made.items()]


@pytest.mark.parametrize(
    ("pairs", "tested"), [(MAX_TER_PAIRS, ["bleu", "chrf", "ter"]), (MAX_TER_PAIRS + 1, ["bleu", "chrf"])]
)
def test_ter_is_tested_for_few_pairs(pairs: int, tested: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluation_jobs, "SAMPLES", 10)
    found = compared(systems(pairs), ["a b c d e"] * pairs, "fr", Job())
    assert [one.metric for one in found] == tested
    assert all(one.score_a != one.score_b for one in found)


def test_cancelled_between_scores(monkeypatch: pytest.MonkeyPatch) -> None:
    job = Job()
    seen = list[str]()

    def test(*_: object, metric: str, **__: object) -> None:
        seen.append(metric)
        job.cancelled = True

    monkeypatch.setattr(evaluation_jobs, "paired_significance", test)
    with pytest.raises(Cancelled):
        compared(systems(1), ["a"], "fr", job)
    assert seen == ["bleu"]
