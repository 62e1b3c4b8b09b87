"""The report of an evaluation says what it counts and leaves out."""

from __future__ import annotations

from html import unescape
from pathlib import Path

import pytest

from seq2seq.evaluation.metrics import Score
from seq2seq.evaluation.scoring import Evaluation
from seq2seq.evaluation.significance import Comparison
from seq2seq.evaluation.word_frequency import FrequencyBand
from seq2seq.serving.evaluation_jobs import NO_TER
from seq2seq.serving.evaluation_report import Scored, System, html_report


def system(name: str, scores: dict[str, float], *, counted_in: str = "training data") -> System:
    """A system with these scores, and a word in the band of those that are new."""
    evaluation = Evaluation(
        {metric: Score(score, f"{metric}|v:2") for metric, score in scores.items()},
        translations=["x"],
        seconds=1.0,
        model=name,
        frequencies=[FrequencyBand(0, 0, 1, 0, 1)],
        counted_in=counted_in,
    )
    return System(name, evaluation, [])


def report(*systems: System) -> str:
    return unescape(html_report(Scored("mine.tsv", 1, list(systems), [], [], Path("evaluation.html"))))


def test_it_says_how_words_are_counted() -> None:
    one, other = system("one", {"bleu": 1.0}), system("other", {"bleu": 1.0}, counted_in="references")
    text = report(one, other)
    assert "occurs in the training data, as the word list counts it (not at the start of sentences);" in text
    assert "occurs in the references;" in text


@pytest.mark.parametrize("first", [True, False])
def test_scores_that_one_system_lacks_are_left_out(first: bool) -> None:
    long, short = system("long", {"bleu": 20.0}), system("short", {"bleu": 30.0, "ter": 40.0})
    text = report(*((long, short) if first else (short, long)))
    assert "20.00" in text and "30.00" in text
    assert "TER</th>" not in text and "TER:" not in text


def test_a_score_that_was_not_tested_is_named() -> None:
    both = [system("one", {"bleu": 1.0}), system("other", {"bleu": 2.0})]
    tested = Comparison("bleu", 1.0, 2.0, 1.0, 2.0, 0.5, 0.5, 0.01, "nrefs:1")
    result = Scored("mine.tsv", 301, both, [tested], [], Path("evaluation.html"), untested=NO_TER)
    assert "significant means p below 0.05. TER is not tested for more than 300 pairs." in html_report(result)
