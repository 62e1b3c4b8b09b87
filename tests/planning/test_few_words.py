"""Generated texts are told from natural ones."""

from __future__ import annotations

import random
from functools import cache
from itertools import accumulate

import pytest

from seq2seq.data.sample import sample_corpus
from seq2seq.pairs import SentencePair
from seq2seq.planning.few_words import few_words, new_words
from tests.planning.corpora import english_german


@cache
def sample() -> list[SentencePair]:
    """The sample corpus."""
    return [SentencePair(pair.source, pair.target) for pair in sample_corpus(train=3000).train]


@cache
def natural(number: int) -> list[SentencePair]:
    """Texts whose words have the frequencies of natural language: the nth word one nth of the first's."""
    chance, ranks = random.Random(1), range(1, 20_001)
    weights = list(accumulate(1 / rank for rank in ranks))

    def text() -> str:
        return " ".join(f"w{rank}" for rank in chance.choices(ranks, cum_weights=weights, k=12))

    return [SentencePair(text(), text()) for _ in range(number)]


def test_the_share_of_new_words_is_that_of_each_fifth_text() -> None:
    texts = ["a b", "c", "a", "b", "a d", "x", "y", "z", "z", "x X e f"]
    assert new_words(texts) == 3 / 6  # d, e and f of: a d x X e f


@pytest.mark.parametrize("number", [300, 1000, 3000])
def test_the_sample_corpus_is_known_for_what_it_is(number: int) -> None:
    pairs = sample()[:number]
    assert few_words(pairs)
    others = natural(number)
    english = [SentencePair(pair.source, other.source) for pair, other in zip(pairs, others, strict=True)]
    assert few_words(english), "one side is enough"


@pytest.mark.parametrize("number", [300, 1000, 3000])
def test_natural_texts_are_not(number: int) -> None:
    assert not few_words(natural(number))
    assert not few_words(natural(number // 3) * 3), "repeated pairs are one"


def test_of_few_texts_nothing_is_said() -> None:
    assert not few_words([SentencePair("a", "b")] * 150) and not few_words(english_german(100))
