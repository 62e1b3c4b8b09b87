"""Hypotheses carry the placeholders of their source: each once, and no others."""

import math

import pytest
import torch

from seq2seq.decoding.placeholders import Placeholders, is_complete
from seq2seq.decoding.search import beam
from tests.decoding.toy import OPTIONS, Toy, limits

EOS, FIRST, SECOND = 1, 5, 6


def applied(source: list[int], prefix: list[int]) -> list[float]:
    rule = Placeholders([source], (FIRST, SECOND), EOS).select([0])
    logits = rule.apply(
        torch.zeros(1, 1, 8), torch.tensor([[prefix]]).reshape(1, 1, -1), torch.tensor([0]), None
    )
    return logits[0, 0].tolist()


@pytest.mark.parametrize(
    ("source", "prefix", "allowed", "may_end"),
    [
        ([2, 3], [2], set(), True),
        ([2, FIRST], [2], {FIRST}, False),
        ([FIRST, SECOND], [SECOND, 2], {FIRST}, False),
        ([FIRST, SECOND], [SECOND, FIRST], set(), True),
    ],
)
def test_only_what_is_left_is_allowed(
    source: list[int], prefix: list[int], allowed: set[int], may_end: bool
) -> None:
    logits = applied(source, prefix)
    assert {token for token in (FIRST, SECOND) if logits[token] > -math.inf} == allowed
    assert (logits[EOS] == 0) is may_end
    assert all(logits[token] == 0 for token in (0, 2, 3, 4, 7))


def test_the_end_stays_possible_at_the_length_limit() -> None:
    assert math.isfinite(applied([FIRST], [2])[EOS])


@pytest.mark.parametrize("seed", range(20))
def test_what_ends_before_the_limit_has_them_all(seed: int) -> None:
    toy = Toy.random(seed, vocabulary=8)
    sources = [[FIRST, SECOND], [SECOND], [2]]
    rule = Placeholders(sources, (FIRST, SECOND), EOS)
    found = beam(toy.step, toy.start(), OPTIONS, limits(9, 9, 9), constraints=[rule])
    for source, hypotheses in zip(sources, found, strict=True):
        tokens = hypotheses[0].tokens
        assert is_complete(source, tokens, (FIRST, SECOND)) or not hypotheses[0].finished
        assert {token for token in tokens if token in (FIRST, SECOND)} <= set(source)


@pytest.mark.parametrize(
    ("target", "complete"),
    [([FIRST], True), ([2, FIRST, 3], True), ([], False), ([FIRST, FIRST], False), ([FIRST, SECOND], False)],
)
def test_is_complete(target: list[int], complete: bool) -> None:
    assert is_complete([2, FIRST], target, (FIRST, SECOND)) is complete
