"""The loss of guessing by word frequency, worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from seq2seq.monitoring.unigram import token_counts, unigram_loss
from tests import tiny


def test_the_loss_is_the_entropy_of_the_frequencies() -> None:
    assert unigram_loss(np.array([2.0, 1.0, 1.0, 0.0])) == pytest.approx(1.5 * math.log(2))
    assert unigram_loss(np.ones(8)) == pytest.approx(math.log(8))
    assert unigram_loss(np.zeros(8)) == 0.0


def test_smoothing_mixes_with_equal_probabilities() -> None:
    """Half of (1, 0) and half of (1/2, 1/2) is (3/4, 1/4)."""
    expected = -(0.75 * math.log(0.75) + 0.25 * math.log(0.25))
    assert unigram_loss(np.array([5.0, 0.0]), smoothing=0.5) == pytest.approx(expected)


def test_tokens_and_ends_of_sentences_are_counted() -> None:
    tokenizer = tiny.tokenizer()
    counts = token_counts(["one two one", "two"], tokenizer)
    (one,), (two,) = tokenizer.encode_batch(["one", "two"])
    assert (counts[one], counts[two], counts[tokenizer.eos_id]) == (2, 2, 2)
    assert counts.sum() == 6
