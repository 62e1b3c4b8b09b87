"""Two models side by side."""

from __future__ import annotations

import pytest

from seq2seq import explain
from seq2seq.errors import UsageError
from tests.explain.reference import explained, small


def test_sides_show_what_differs() -> None:
    gru, lstm = small(1), small(2, cell="lstm", attention="none")
    made = explain.compare(explained(gru), explained(lstm))
    left, right = made.sides
    assert left.network.startswith("GRU, additive attention, 0.0 million") and left.attention is not None
    assert right.network.startswith("LSTM, no attention") and right.attention is None
    first, second = ([w.text for w in side.sentence.translation.words] for side in made.sides)
    same = [
        [w for n, w in enumerate(words) if n not in side.differs]
        for words, side in ((first, left), (second, right))
    ]
    assert same[0] == same[1] and (left.differs or right.differs)
    assert len(made.csv().split("\n")) == 2 + len(first) + len(second)


def test_equal_models_do_not_differ_and_texts_must_be_equal() -> None:
    sentence = explained(small())
    assert [side.differs for side in explain.compare(sentence, sentence).sides] == [(), ()]
    with pytest.raises(UsageError, match="texts are 'six seven two' and 'nine', expected the same"):
        explain.compare(sentence, explained(small(), "nine"))
