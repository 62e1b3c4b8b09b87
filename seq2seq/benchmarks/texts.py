"""The sentence pairs that a benchmark reads: those of files, or generated ones."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from seq2seq.data.readers import read_pairs
from seq2seq.data.sample import sample_corpus
from seq2seq.data.sample.grammar import SMALLEST_TRAIN
from seq2seq.errors import DataError
from seq2seq.pairs import SentencePair


def pairs_of(paths: Sequence[str], *, most: int) -> list[SentencePair]:
    """The first `most` pairs with two sides of the corpus `paths`; without paths, of the sample corpus.

    Raises DataError if there is none.
    """
    if not paths:
        corpus = sample_corpus(train=max(most, SMALLEST_TRAIN)).train
        return [SentencePair(pair.source, pair.target) for pair in corpus[:most]]
    whole = (pair for pair in read_pairs(paths) if pair.source.strip() and pair.target.strip())
    pairs = list(islice(whole, most))
    if not pairs:
        raise DataError(f"{' and '.join(paths)}: no pair in it, expected at least one")
    return pairs


def words(text: str) -> int:
    """Words between spaces."""
    return len(text.split())
