"""Which pairs an epoch has: how many, which ones, and the same ones again."""

from __future__ import annotations

from collections import Counter
from itertools import chain

import numpy as np
import pytest

from seq2seq.data.batching import Batches, PairColumns, token_lengths
from seq2seq.data.mixing import rows_of_epoch
from tests import tiny

ROWS = np.arange(300)
SHARES = np.repeat([1.0, 0.1, 2.5], 100)


def numbers(epoch: int, seed: int = 1) -> Counter[int]:
    return Counter(rows_of_epoch(ROWS, SHARES, seed=seed, epoch=epoch).tolist())


@pytest.mark.parametrize("epoch", [0, 1, 7])
def test_each_pair_as_often_as_its_share_says(epoch: int) -> None:
    drawn = numbers(epoch)
    assert all(drawn[row] == 1 for row in range(100))
    assert Counter(drawn[row] for row in range(100, 200)) == {0: 90, 1: 10}
    assert Counter(drawn[row] for row in range(200, 300)) == {2: 50, 3: 50}


def test_another_epoch_has_other_pairs_and_the_same_has_the_same() -> None:
    assert numbers(3) == numbers(3)
    seen = {row for epoch in range(40) for row in numbers(epoch) if 100 <= row < 200}
    assert len(seen) > 95, "each pair is left out of 40 epochs with probability 0.9 ** 40 = 0.015"
    assert numbers(3) != numbers(3, seed=2)


def batches(shares: np.ndarray | None) -> Batches:
    data = PairColumns(tiny.pairs(300))
    tokens = tiny.tokenizer()
    return Batches(
        data,
        source=tokens,
        target=tokens,
        lengths=token_lengths(data, tokens, tokens),
        batch_tokens=60,
        max_length=100,
        seed=1,
        shares=shares,
    )


def test_the_batches_of_an_epoch_have_its_pairs() -> None:
    mixed = batches(SHARES)
    assert mixed.pairs == 100 + 10 + 250
    for epoch in (0, 2):
        rows = Counter(chain.from_iterable(map(np.ndarray.tolist, mixed.plan(epoch))))
        assert rows == numbers(epoch)
    assert [batch.rows for batch in mixed.epoch(1, start=3)] == [
        tuple(rows.tolist()) for rows in list(mixed.plan(1))[3:]
    ]


def test_with_shares_of_one_nothing_changes() -> None:
    plain, mixed = (list(batches(shares).plan(1)) for shares in (None, np.ones(300)))
    assert all(map(np.array_equal, plain, mixed)) and len(plain) == len(mixed)
