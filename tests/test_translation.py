"""Translations as values: comparing, printing, JSON, word alignment and joining."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from seq2seq.translation import Translation, Word, align, join, may_differ, mean_probability

ATTENTION = np.array([[0.6, 0.3, 0.1], [0.1, 0.2, 0.7]], np.float32)
TRANSLATION = Translation(
    text="un",
    log_prob=-1.5,
    score=-0.75,
    confidence=0.5,
    source_tokens=["▁one", "▁two", "</s>"],
    target_tokens=["▁un", "</s>"],
    source_words=(Word("one", 0, 3), Word("two", 4, 7)),
    words=(Word("un", 0, 2, 0.5),),
    attention=ATTENTION,
    alignment=[(0, 0)],
    alternatives=[Translation("deux", log_prob=-3.0, score=-1.5)],
)


def test_a_translation_prints_as_its_text() -> None:
    assert str(TRANSLATION) == f"{TRANSLATION}" == "un"


def test_translations_are_equal_if_everything_but_attention_is() -> None:
    assert replace(TRANSLATION) == TRANSLATION
    assert replace(TRANSLATION, attention=ATTENTION.copy()) == TRANSLATION
    assert replace(TRANSLATION, attention=None) == TRANSLATION
    assert replace(TRANSLATION, text="deux") != TRANSLATION
    assert replace(TRANSLATION, alternatives=[]) != TRANSLATION


def test_the_json_form_has_everything_but_attention() -> None:
    assert json.loads(json.dumps(TRANSLATION.to_dict())) == {
        "text": "un",
        "score": -0.75,
        "log_prob": -1.5,
        "confidence": 0.5,
        "source_tokens": ["▁one", "▁two", "</s>"],
        "target_tokens": ["▁un", "</s>"],
        "source_words": [
            {"text": "one", "start": 0, "end": 3, "confidence": None},
            {"text": "two", "start": 4, "end": 7, "confidence": None},
        ],
        "words": [{"text": "un", "start": 0, "end": 2, "confidence": 0.5, "has_alternatives": False}],
        "alignment": [[0, 0]],
        "alternatives": [{"text": "deux", "score": -1.5, "log_prob": -3.0}],
        "note": "",
        "reasons": [],
    }


def test_alignment_sums_the_weights_of_the_pieces_of_a_word() -> None:
    # The source words have two pieces and one, the target word has two; EOS follows. The second source word
    # has the largest weights, but the first has the larger sum: 0.3 + 0.3 + 0.2 + 0.3 against 0.4 + 0.4.
    weights = np.array([[0.3, 0.3, 0.4, 0.0], [0.2, 0.3, 0.4, 0.1], [0.0, 0.0, 0.0, 1.0]], np.float32)
    assert align(weights, [range(0, 2), range(2, 3)], [range(0, 2)]) == [(0, 0)]
    assert align(weights, [range(0, 1), range(1, 2), range(2, 3)], [range(0, 1), range(1, 2)]) == [
        (2, 0),
        (2, 1),
    ]
    assert align(weights, [], [range(0, 2)]) == align(weights, [range(0, 2)], []) == []


def test_confidence_is_the_geometric_mean_of_probabilities() -> None:
    assert mean_probability([math.log(0.9), math.log(0.4)]) == pytest.approx(0.6)
    assert mean_probability([]) == 1.0


def test_joining_moves_words_and_alignment_and_adds_scores() -> None:
    joined = join([TRANSLATION, Translation(""), TRANSLATION], [" ", "\n", ""])
    assert joined.text == "un \nun"
    assert joined.log_prob == -3.0 and joined.score == -1.5 and joined.confidence == pytest.approx(0.5)
    assert [joined.text[word.start : word.end] for word in joined.words] == ["un", "un"]
    assert joined.alignment == [(0, 0), (2, 1)]
    assert joined.attention is not None and joined.attention.shape == (4, 6)
    assert np.array_equal(joined.attention[:2, :3], ATTENTION) and not joined.attention[:2, 3:].any()
    assert np.array_equal(joined.attention[2:, 3:], ATTENTION) and not joined.attention[2:, :3].any()
    assert join([TRANSLATION], [""]) is TRANSLATION


@pytest.mark.parametrize(
    ("chances", "expected"),
    [([0.9], False), ([0.6], True), ([0.9, 0.8, 0.9], True), ([0.95, 0.8], False), ([], False)],
)
def test_words_with_room_for_another_one_have_alternatives(chances: list[float], expected: bool) -> None:
    assert may_differ([math.log(chance) for chance in chances]) is expected
