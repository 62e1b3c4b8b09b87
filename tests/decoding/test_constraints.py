"""Constraints: what they forbid by hand, and that search obeys them in any batch."""

from __future__ import annotations

import math
import random

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from seq2seq.config import DecodingConfig
from seq2seq.decoding.constraints import NoRepeatNgrams
from seq2seq.decoding.decode import decode
from seq2seq.decoding.torch_engine import TorchEngine
from tests import tiny


def blocked(prefix: list[int], size: int, candidates: list[int] | None = None) -> set[int]:
    """Columns of ten that the constraint forbids after `prefix`."""
    logits = NoRepeatNgrams(size).apply(
        torch.zeros(1, 1, 10 if candidates is None else len(candidates)),
        torch.tensor([[prefix]], dtype=torch.int64),
        torch.tensor([0]),
        None if candidates is None else torch.tensor(candidates),
    )
    return {column for column, logit in enumerate(logits[0, 0].tolist()) if logit == -math.inf}


@pytest.mark.parametrize(
    ("prefix", "size", "expected"),
    [
        ([], 1, set()),
        ([4], 1, {4}),
        ([4, 5], 1, {4, 5}),
        ([4, 5, 4], 2, {5}),
        ([4, 5, 4, 6, 4], 2, {5, 6}),
        ([4, 4], 2, {4}),
        ([4, 5, 6, 4, 5], 3, {6}),
        ([4, 5, 6, 5, 4], 3, set()),
    ],
)
def test_what_would_repeat_by_hand(prefix: list[int], size: int, expected: set[int]) -> None:
    assert blocked(prefix, size) == expected


def test_columns_of_a_shortlist() -> None:
    assert blocked([4, 5, 4], 2, candidates=[3, 5, 8]) == {1}
    assert blocked([4, 6, 4], 2, candidates=[3, 5, 8]) == set()


@given(st.lists(st.integers(0, 3), max_size=12), st.integers(1, 4))
def test_what_is_blocked_is_what_brute_force_finds(prefix: list[int], size: int) -> None:
    def repeats(tokens: list[int]) -> bool:
        runs = [tuple(tokens[i : i + size]) for i in range(len(tokens) - size + 1)]
        return runs[-1:] != [] and runs[-1] in runs[:-1]

    assert blocked(prefix, size) == {token for token in range(10) if repeats([*prefix, token])}


@pytest.mark.parametrize("beam_size", [1, 3])
@pytest.mark.parametrize("size", [1, 2, 3])
def test_translations_repeat_nothing_and_batches_change_none(beam_size: int, size: int) -> None:
    torch.manual_seed(0)
    engine = TorchEngine(tiny.bundle(seed=3).model)
    chance = random.Random(1)
    sources = [[chance.randrange(260, 300) for _ in range(chance.randint(1, 9))] for _ in range(12)]
    config = DecodingConfig(
        beam_size=beam_size, n_best=beam_size, no_repeat_ngram=size, max_length_factor=2.0, batch_size=64
    )
    together = decode(engine, sources, config)
    for hypotheses in together:
        for hypothesis in hypotheses:
            tokens = hypothesis.tokens
            runs = [tokens[i : i + size] for i in range(len(tokens) - size + 1)]
            assert len(runs) == len(set(runs))
    alone = [decode(engine, [source], config)[0] for source in sources]
    assert [[h.tokens for h in hypotheses] for hypotheses in alone] == [
        [h.tokens for h in hypotheses] for hypotheses in together
    ]


def test_probabilities_stay_those_of_the_model() -> None:
    model = tiny.bundle(seed=3).model
    config = DecodingConfig(beam_size=2, no_repeat_ngram=1, max_length_factor=2.0)
    (best,) = decode(TorchEngine(model), [[270, 280, 290]], config)[0]
    expected = tiny.forced_log_probs(model, [[270, 280, 290]], [best.tokens])[0]
    assert best.log_prob == pytest.approx(expected, abs=1e-4)
