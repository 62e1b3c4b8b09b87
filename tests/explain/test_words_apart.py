"""The words that two translations do not share."""

from __future__ import annotations

import pytest

from seq2seq.explain.words_apart import Numbers, words_apart
from seq2seq.translation import Translation, Word


def translation(text: str) -> Translation:
    return Translation(text, words=tuple(Word(word, 0, len(word)) for word in text.split()))


@pytest.mark.parametrize(
    ("first", "second", "left", "right"),
    [
        ("a b c", "a b c", (), ()),
        ("a b c d", "a x c", (1, 3), (1,)),
        ("a b", "x a y b z", (), (0, 2, 4)),
        ("", "a b", (), (0, 1)),
        ("a a a", "a", (1, 2), ()),
    ],
)
def test_words_without_a_counterpart_are_numbered(
    first: str, second: str, left: Numbers, right: Numbers
) -> None:
    assert words_apart(translation(first), translation(second)) == (left, right)
    assert words_apart(translation(second), translation(first)) == (right, left)
