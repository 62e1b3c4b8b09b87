"""What guessing by word frequency would reach: the loss that a model has before it reads any context."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from seq2seq.text.tokenizer import Tokenizer

SENTENCES = 2_000
"""So many sentences are counted."""


def token_counts(texts: Sequence[str], tokenizer: Tokenizer) -> np.ndarray:
    """How often each token of the vocabulary (V,) stands in `texts`, ends of sentences included."""
    counts = np.zeros(tokenizer.vocab_size)
    for ids in tokenizer.encode_batch(list(texts)):
        np.add.at(counts, [*ids, tokenizer.eos_id], 1)
    return counts


def unigram_loss(counts: np.ndarray, *, smoothing: float = 0.0) -> float:
    """The lowest loss, in nats a token, of a model that gives each token a fixed probability.

    It is the entropy of the target distribution, which label smoothing s mixes with the uniform one:
    H(q) = −Σ q log q with q = (1 − s) counts / Σ counts + s / V. 0 without any token.
    """
    if not counts.sum():
        return 0.0
    probabilities = (1 - smoothing) * counts / counts.sum() + smoothing / len(counts)
    positive = probabilities[probabilities > 0]
    return float(-(positive * np.log(positive)).sum())
