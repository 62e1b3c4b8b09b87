"""Confidence: causes sum to the difference of log odds, curves are what they say."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from seq2seq import Translator, explain
from seq2seq.errors import DataError
from seq2seq.translation import Translation, Word
from tests.explain.reference import explained, small


@pytest.fixture(scope="module")
def made() -> explain.Certainty:
    translator = Translator.from_pretrained("en-fr")
    return explain.confidence(
        explain.sentence(translator, "The old man gave his neighbour an umbrella.", verbatim=False)
    )


def log_odds(share: float) -> float:
    return math.log(share / (1 - share))


def test_causes_sum_to_the_difference_from_the_surest_word(made: explain.Certainty) -> None:
    assert made.calibrated
    surest = max(word.confidence for word in made.words)
    for word in made.words:
        assert sum(word.causes.values()) == pytest.approx(log_odds(word.confidence) - log_odds(surest))
        assert not word.reason or word.confidence < 0.7


def test_curve_rises_with_the_own_probability(made: explain.Certainty) -> None:
    assert made.curve.shape == (41, 2) and made.curve[-1, 0] == 1.0
    assert made.curve[-2, 1] > made.curve[10, 1]
    assert made.curve.min() >= 0 and made.curve.max() <= 1


def test_measured_curve_is_that_of_the_model() -> None:
    bins = ((0.2, 0.3, 5), (0.9, 0.8, 5))
    translator = Translator.from_pretrained("en-fr")
    assert translator.bundle.confidence is not None
    confidence = replace(translator.bundle.confidence, curve=bins)
    translator.bundle = replace(translator.bundle, confidence=confidence)
    made = explain.confidence(explain.sentence(translator, "Good morning.", verbatim=False))
    assert made.measured == bins and len(made.figure().axes) == 3
    assert explain.to_dict(made)["measured"] == [[0.2, 0.3, 5], [0.9, 0.8, 5]]


def test_words_have_the_confidence_of_the_translation() -> None:
    sentence = explained(small())
    made = explain.confidence(sentence)
    assert not made.calibrated and not made.words[0].causes
    assert [word.confidence for word in made.words] == [w.confidence for w in sentence.translation.words]
    assert made.confidence == sentence.translation.confidence
    assert np.array_equal(made.curve[:, 0], made.curve[:, 1])
    assert made.csv().startswith("number,word,confidence,lowest_probability,focus,own pieces,")


def test_reliability_counts_words_that_are_right() -> None:
    """Of ten words with confidence 0.2 two are right, of ten with 0.9 nine."""
    texts = ["a b c d e f g h i j", "k l m n o p q r s t"]
    references = ["a b x1 x2 x3 x4 x5 x6 x7 x8", "k l m n o p q r s y1"]
    translations = [
        Translation(text, words=tuple(Word(w, 2 * n, 2 * n + 1, sure) for n, w in enumerate(text.split())))
        for text, sure in zip(texts, (0.2, 0.9), strict=True)
    ]
    made = explain.reliability(translations, references, bins=2)
    assert made.confidence == pytest.approx([0.2, 0.9]) and made.right == pytest.approx([0.2, 0.9])
    assert made.number.tolist() == [10, 10] and made.csv().split("\n")[1] == "0.2,0.2,10"
    liar = [replace(translations[0], words=tuple(replace(w, confidence=0.8) for w in translations[0].words))]
    assert explain.reliability(liar, references[:1], bins=1).error == pytest.approx(0.6)
    with pytest.raises(DataError, match="10 words, expected 11"):
        explain.reliability(liar, references[:1], bins=11)
