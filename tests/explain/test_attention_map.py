"""Attention by words is the sum over source pieces and the mean over target pieces."""

from __future__ import annotations

import numpy as np
import pytest

from seq2seq import explain
from seq2seq.errors import UsageError
from tests.explain.reference import explained, small


def test_attention_of_words_is_that_of_their_pieces() -> None:
    sentence = explained(small(), "zero nine")
    made = explain.attention(sentence)
    assert np.array_equal(made.pieces, sentence.translation.attention)  # type: ignore[arg-type]
    for v, target in enumerate(made.targets):
        for w, source in enumerate(made.sources):
            cells = [made.pieces[t, s] for t in target.pieces for s in source.pieces]
            assert made.weights[v, w] == pytest.approx(sum(cells) / len(target.pieces))
    assert made.weights.sum(1) == pytest.approx(np.ones(len(made.targets)), abs=1e-5)


def test_table_has_a_row_for_each_pair() -> None:
    made = explain.attention(explained(small()))
    lines = made.csv().split("\n")
    assert lines[0] == "target,source,attention" and len(lines) == 2 + made.weights.size
    assert float(lines[1].rsplit(",", 1)[1]) == pytest.approx(made.weights[0, 0], rel=1e-5)


def test_models_without_attention_are_refused() -> None:
    with pytest.raises(UsageError, match="has no attention"):
        explain.attention(explained(small(attention="none")))
