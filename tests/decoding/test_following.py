"""The bias towards what was shown before."""

from __future__ import annotations

import math

import pytest
import torch

from seq2seq.decoding.following import Following
from seq2seq.decoding.search import beam
from tests.decoding.toy import OPTIONS, Toy, limits


def mixed(prefix: list[int], *, weight: float = 0.4, candidates: torch.Tensor | None = None) -> list[float]:
    """Probabilities after the rule, for logits with the probabilities 0.1, 0.2, 0.3 and 0.4."""
    logits = torch.tensor([0.1, 0.2, 0.3, 0.4]).log().add(2.5).reshape(1, 1, 4)
    rule = Following(((7,), (2, 0)), weight).select([1])
    prefixes = torch.tensor([[prefix]], dtype=torch.int64).reshape(1, 1, -1)
    changed = rule.apply(logits, prefixes, torch.tensor([0]), candidates)
    return (changed - 2.5).exp().flatten().tolist()  # the normaliser is still that of the model


def test_the_distribution_is_mixed_with_the_next_token() -> None:
    assert mixed([]) == pytest.approx([0.06, 0.12, 0.58, 0.24])
    assert mixed([2]) == pytest.approx([0.46, 0.12, 0.18, 0.24])


@pytest.mark.parametrize("prefix", [[1], [2, 0], [2, 0, 3], [0]])
def test_behind_and_beside_it_nothing_changes(prefix: list[int]) -> None:
    assert mixed(prefix) == pytest.approx([0.1, 0.2, 0.3, 0.4])


def test_no_weight_changes_nothing() -> None:
    assert mixed([], weight=0.0) == pytest.approx([0.1, 0.2, 0.3, 0.4])


def test_a_shortlist() -> None:
    assert mixed([], candidates=torch.tensor([5, 2, 1, 0])) == pytest.approx([0.06, 0.52, 0.18, 0.24])
    assert mixed([], candidates=torch.tensor([5, 6, 1, 0])) == pytest.approx([0.1, 0.2, 0.3, 0.4])


@pytest.mark.parametrize("seed", range(10))
def test_a_bias_near_1_gives_what_was_shown(seed: int) -> None:
    toy, shown = Toy.random(seed, tables=1), (2, 4, 3)
    rule = Following((shown,), 1 - 1e-6)
    found = beam(toy.step, toy.start(), OPTIONS, limits(9), constraints=[rule])[0][0]
    assert found.tokens[:3] == shown
    plain = beam(toy.step, toy.start(), OPTIONS, limits(9))[0][0]
    assert math.isfinite(found.log_prob) and found.log_prob > plain.log_prob - 20
