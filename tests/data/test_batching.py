"""Batches: each pair once per epoch, reproducible, within the token budget, divided among processes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from seq2seq.data.batching import Batch, Batches, PairColumns, token_lengths
from seq2seq.nn.padding import pad
from seq2seq.pairs import SentencePair
from seq2seq.text.tokenizer import Tokenizer


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    words = ["red", "blue", "green", "house", "garden", "tree", "walks", "sleeps", "the", "a"]
    texts = [" ".join(words[(i * k) % 10] for k in range(1, 8)) for i in range(60)]
    return Tokenizer.train(texts, vocab_size=320)


@pytest.fixture(scope="module")
def pairs() -> list[SentencePair]:
    random = np.random.default_rng(0)
    words = ["red", "blue", "green", "house", "garden", "tree", "walks", "sleeps", "the", "a"]

    def text() -> str:
        return " ".join(random.choice(words, int(random.integers(1, 15))))

    return [SentencePair(text(), text()) for _ in range(200)]


def make(pairs: list[SentencePair], tokenizer: Tokenizer, **changes: Any) -> Batches:
    columns = PairColumns(pairs)
    options: dict[str, Any] = {"batch_tokens": 150, "max_length": 100, "seed": 4, **changes}
    lengths = token_lengths(columns, tokenizer, tokenizer)
    return Batches(columns, source=tokenizer, target=tokenizer, lengths=lengths, **options)


def test_twice_repeats_every_row_and_keeps_the_counts(
    pairs: list[SentencePair], tokenizer: Tokenizer
) -> None:
    batch = next(iter(make(pairs, tokenizer).epoch(0)))
    double = batch.twice()
    assert (double.tokens, double.sentences, double.rows) == (batch.tokens, batch.sentences, batch.rows)
    for half in (slice(None, len(batch.source)), slice(len(batch.source), None)):
        assert torch.equal(double.source[half], batch.source)
        assert torch.equal(double.labels[half], batch.labels)
        assert torch.equal(double.real[half], batch.real)
    assert torch.equal(double.labels[double.real], torch.cat([batch.labels[batch.real]] * 2))


def same(one: Batch, other: Batch) -> bool:
    tensors = ("source", "lengths", "target", "labels", "real")
    return one.rows == other.rows and all(torch.equal(getattr(one, t), getattr(other, t)) for t in tensors)


def test_pad_fills_with_zeros_and_returns_lengths() -> None:
    tokens, lengths = pad([[7], [5, 6, 8], [9, 9]])
    assert tokens.tolist() == [[7, 0, 0], [5, 6, 8], [9, 9, 0]] and lengths.tolist() == [1, 3, 2]


def test_an_epoch_has_every_pair_once_in_random_order(
    pairs: list[SentencePair], tokenizer: Tokenizer
) -> None:
    batches = make(pairs, tokenizer)
    rows = [row for batch in batches.epoch(0) for row in batch.rows]
    assert sorted(rows) == list(range(200)) and rows != list(range(200))
    assert rows != [row for batch in batches.epoch(1) for row in batch.rows]


def test_rows_have_bos_eos_and_a_mask_of_real_labels(pairs: list[SentencePair], tokenizer: Tokenizer) -> None:
    for batch in make(pairs, tokenizer).epoch(0):
        for index, row in enumerate(batch.rows):
            source, target = tokenizer.encode(pairs[row].source), tokenizer.encode(pairs[row].target)
            size = len(target) + 1
            assert batch.source[index, : batch.lengths[index]].tolist() == [*source, Tokenizer.eos_id]
            assert batch.target[index, :size].tolist() == [Tokenizer.bos_id, *target]
            assert batch.labels[index, :size].tolist() == [*target, Tokenizer.eos_id]
            assert int(batch.real[index].sum()) == size and batch.real[index, :size].all()
        assert batch.tokens == int(batch.real.sum()) and batch.sentences == len(batch.rows)


def test_batches_stay_within_the_token_budget_and_use_most_of_it(
    pairs: list[SentencePair], tokenizer: Tokenizer
) -> None:
    batches = list(make(pairs, tokenizer).epoch(0))
    assert all(batch.source.numel() <= 150 and batch.labels.numel() <= 150 for batch in batches)
    assert sum(batch.tokens for batch in batches) > 0.5 * 150 * len(batches)


def test_batches_depend_on_seed_epoch_and_index_only(pairs: list[SentencePair], tokenizer: Tokenizer) -> None:
    options = {"sampling": 0.7, "alpha": 0.3}
    whole = list(make(pairs, tokenizer, **options).epoch(2))
    again = list(make(pairs, tokenizer, **options).epoch(2))
    rest = list(make(pairs, tokenizer, **options).epoch(2, start=5))
    assert len(whole) > 8
    assert all(same(a, b) for a, b in zip(whole, again, strict=True))
    assert all(same(a, b) for a, b in zip(whole[5:], rest, strict=True))
    rows = sorted(row for batch in whole for row in batch.rows)
    assert rows == list(range(200))


def random_splits(pairs: list[SentencePair], tokenizer: Tokenizer, epoch: int) -> set[int]:
    """The pairs whose source or target is not encoded in the best way."""
    return {
        row
        for batch in make(pairs, tokenizer, sampling=0.4, alpha=0.1).epoch(epoch)
        for index, row in enumerate(batch.rows)
        if batch.source[index, : batch.lengths[index] - 1].tolist() != tokenizer.encode(pairs[row].source)
        or batch.labels[index][batch.real[index]][:-1].tolist() != tokenizer.encode(pairs[row].target)
    }


def test_the_share_of_random_splits_and_that_each_epoch_draws_others(
    pairs: list[SentencePair], tokenizer: Tokenizer
) -> None:
    """1 − 0.6² = 0.64 of the pairs have one on a side at least. Some are too long, or the best one again."""
    first, second = (random_splits(pairs, tokenizer, epoch) for epoch in (0, 1))
    assert 0.3 * 200 < len(first) < 0.7 * 200 and len(first & second) < 0.75 * len(first)


def test_random_splits_are_planned_by_their_length(pairs: list[SentencePair], tokenizer: Tokenizer) -> None:
    """Random splits have 1.7 times as many pieces here. Planned as if they were the best ones, batches
    had nearly twice their budget."""
    batches = list(make(pairs, tokenizer, sampling=0.5, alpha=0.1, batch_tokens=300).epoch(0))
    sizes = [max(batch.source.numel(), batch.labels.numel()) for batch in batches]
    assert 0.8 * 300 < sum(sizes) / len(sizes) < 300 and max(sizes) < 1.5 * 300


def test_ranks_share_each_batch(pairs: list[SentencePair], tokenizer: Tokenizer) -> None:
    whole = list(make(pairs, tokenizer).epoch(0))
    parts = [list(make(pairs, tokenizer, rank=rank, world=3).epoch(0)) for rank in range(3)]
    for one, *shares in zip(whole, *parts, strict=True):
        assert sorted(row for share in shares for row in share.rows) == sorted(one.rows)
        assert {share.tokens for share in shares} == {one.tokens}
        assert sum(int(share.real.sum()) for share in shares) == one.tokens


def test_more_processes_than_sentences(tokenizer: Tokenizer) -> None:
    pairs = [SentencePair("the house", "a tree")]
    (batch,) = make(pairs, tokenizer, rank=1, world=2).epoch(0)
    assert batch.rows == () and int(batch.real.sum()) == 0 and batch.tokens > 0


def test_too_long_pairs_are_left_out(pairs: list[SentencePair], tokenizer: Tokenizer) -> None:
    batches = make(pairs, tokenizer, max_length=5)
    rows = {row for batch in batches.epoch(0) for row in batch.rows}
    expected = {
        index
        for index, pair in enumerate(pairs)
        if max(len(tokenizer.encode(pair.source)), len(tokenizer.encode(pair.target))) <= 5
    }
    assert rows == expected and batches.skipped == 200 - len(expected) > 0
