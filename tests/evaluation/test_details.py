"""Scores by length, the sentences that differ most, and invented words with their places."""

from __future__ import annotations

import pytest
from sacrebleu.metrics import BLEU, CHRF

from seq2seq.evaluation.details import by_length, differences, invented_in

SOURCES = ["one", "one two three four", "a b c d e", "a b c d e f g h i", "w " * 40]
REFERENCES = ["un", "un deux trois quatre", "a b c d e", "a b c d e f g h i", "m " * 40]


def test_each_band_is_scored_on_its_own() -> None:
    made = ["un", "un deux trois cinq", "a b c d x", "a b c d e f g h i", "m " * 40]
    bands = by_length(SOURCES, made, REFERENCES)
    assert [(str(band), band.sentences) for band in bands] == [("1–4", 2), ("5–9", 2), ("30+", 1)]
    assert bands[1].bleu == pytest.approx(BLEU().corpus_score(made[2:4], [REFERENCES[2:4]]).score)
    assert bands[0].chrf == pytest.approx(CHRF().corpus_score(made[:2], [REFERENCES[:2]]).score)


def test_largest_gap_comes_first_and_equal_translations_are_left_out() -> None:
    one = ["un", "un deux trois quatre", "zzz", "a b c d e f g h i", "m"]
    other = ["un", "un deux trois cinq", "a b c d e", "a b c d e f g h i", "m"]
    found = differences(SOURCES, REFERENCES, [one, other])
    assert [item.source for item in found] == [SOURCES[2], SOURCES[1]]
    assert found[0].scores == pytest.approx((0.0, 100.0))
    assert found[0].gap == pytest.approx(100.0)
    alone = differences(SOURCES, REFERENCES, [one], number=1)
    assert (alone[0].source, alone[0].gap) == (SOURCES[2], pytest.approx(100.0))


def test_invented_words_have_their_translations() -> None:
    known = frozenset(["un", "deux"])
    found = invented_in(["one Zog", "two"], ["un zog blip", "deux blap"], known=known)
    assert found == [("blip", "un zog blip"), ("blap", "deux blap")]
    assert invented_in(["x", "y"], ["blip", "blap"], known=known, number=1) == [("blip", "blip")]
