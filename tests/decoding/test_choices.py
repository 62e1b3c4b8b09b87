"""The best continuations, found block by block, against sorting all of them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seq2seq.decoding.choices import NEVER, Scores, choose_best, top


def scores(base: np.ndarray, logits: torch.Tensor) -> Scores:
    """Scores whose last column is EOS, and impossible."""
    blocked = torch.tensor([logits.shape[-1] - 1])
    endings = np.full(base.shape, NEVER)
    return Scores(base, logits.clone(), endings, None, blocked, np.arange(len(base)), 1)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    width=st.integers(1, 9),
    vocabulary=st.sampled_from([2, 9, 31, 160, 289, 293, 1000, 2003, 4000]),
    levels=st.sampled_from([3, 50, 0]),
)
def test_the_best_of_all_continuations_are_found_in_order(
    seed: int, width: int, vocabulary: int, levels: int
) -> None:
    """With few levels of scores there are many ties: the lower hypothesis wins, then the lower column."""
    chance = np.random.default_rng(seed)
    base = chance.integers(-3, 0, (3, width)) * 1.0
    logits = chance.standard_normal((3, width, vocabulary)).astype(np.float32)
    if levels:
        logits = np.round(logits * levels / 6)
    choice = choose_best(width, scores(base, torch.from_numpy(logits)))
    for row in range(3):
        every = [
            (-(base[row, k] + logits[row, k, column]), k, column)
            for k in range(width)
            for column in range(vocabulary - 1)
        ]
        expected = sorted(every)[:width]
        parents = np.arange(width) if choice.parents is None else choice.parents[row]
        found = list(zip(-choice.totals[row], parents, choice.columns[row], strict=True))
        assert found[: len(expected)] == [pytest.approx(one) for one in expected]
        assert all(total == -NEVER for total, _, _ in found[len(expected) :])


def test_dead_hypotheses_have_no_continuation() -> None:
    base = np.array([[-1.0, NEVER, NEVER]])
    choice = choose_best(3, scores(base, torch.zeros(1, 3, 400)))
    assert choice.parents is not None
    assert choice.parents.tolist() == [[0, 0, 0]] and choice.columns.tolist() == [[0, 1, 2]]


@pytest.mark.parametrize("vocabulary", [9, 293, 4000])
@pytest.mark.parametrize("size", [2, 5])
def test_tensors_and_arrays_give_the_same(vocabulary: int, size: int) -> None:
    """Tensors stay where the engine computes, such as on a GPU; those on a CPU are used as arrays."""
    torch.manual_seed(vocabulary)
    base, logits = np.random.default_rng(0).standard_normal((4, 3)), torch.randn(4, 3, vocabulary)
    logits[1] = logits[1].round()  # ties
    for one, other in zip(top(base, logits, size), top(base, logits.numpy(), size), strict=True):
        assert np.array_equal(one, other)
