"""Minimum Bayes risk: chrF as sacreBLEU computes it, and the consensus of hand-made sets."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sacrebleu.metrics import CHRF

from seq2seq.decoding.hypotheses import Hypothesis
from seq2seq.decoding.risk import by_risk, mean_chrf

WORDS = st.lists(
    st.sampled_from(["le", "chat", "noir", "dort", "  ", "é", "日本", "!", "aaaa", "\t"]), max_size=8
)
TEXTS = st.lists(st.one_of(WORDS.map(" ".join), st.text(max_size=12)), min_size=1, max_size=6)


@settings(max_examples=150, deadline=None)
@given(TEXTS, st.data())
def test_the_mean_is_that_of_sacrebleu(texts: list[str], data: st.DataObject) -> None:
    shares = [data.draw(st.integers(1, 5)) for _ in texts]
    metric = CHRF()
    for text, score in zip(texts, mean_chrf(texts, shares), strict=True):
        each = [metric.sentence_score(text, [other]).score / 100 for other in texts]
        expected = sum(s * n for s, n in zip(each, shares, strict=True)) / sum(shares)
        assert score == pytest.approx(expected, abs=1e-12)


def hypothesis(log_prob: float, number: int) -> Hypothesis:
    return Hypothesis((number,), log_prob, log_prob, ())


def test_the_consensus_wins_over_the_likeliest() -> None:
    texts = ["Bonjour.", "Le chat noir dort.", "Le chat dort.", "Le chat noir dormait."]
    found = [hypothesis(-0.1 - number, number) for number in range(4)]
    best, *_, last = by_risk(found, texts, sampled=True)
    assert texts[best.tokens[0]] == "Le chat noir dort." and texts[last.tokens[0]] == "Bonjour."


def test_samples_count_as_often_as_they_were_drawn() -> None:
    """Nothing is alike, so each text scores the share of its own copies."""
    found = [hypothesis(-1.0, 0), hypothesis(-2.0, 1), hypothesis(-2.0, 2)]
    ranked = by_risk(found, ["abc", "xyz", "xyz"], sampled=True)
    assert [(one.tokens, one.score) for one in ranked] == [
        ((1,), pytest.approx(2 / 3)),
        ((0,), pytest.approx(1 / 3)),
    ]


def test_hypotheses_of_a_search_count_by_their_probability() -> None:
    found = [hypothesis(math.log(0.3), 0), hypothesis(math.log(0.2), 1), hypothesis(math.log(0.2), 2)]
    ranked = by_risk(found, ["abc", "xyz", "xyz"], sampled=False)
    assert [(one.tokens, one.score) for one in ranked] == [
        ((1,), pytest.approx(4 / 7)),
        ((0,), pytest.approx(3 / 7)),
    ]
