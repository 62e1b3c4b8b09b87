"""The repetition penalty by hand."""

from __future__ import annotations

import math

import pytest
import torch

from seq2seq.config import DecodingConfig
from seq2seq.decoding.decode import decode
from seq2seq.decoding.repetition_penalty import RepetitionPenalty
from seq2seq.engines.torch_engine import TorchEngine
from tests import tiny

NUMBER = torch.zeros(1, dtype=torch.int64)


def apply(
    rule: RepetitionPenalty, logits: list[float], prefix: list[int], candidates: list[int]
) -> list[float]:
    columns = torch.tensor(candidates) if candidates else None
    prefixes = torch.tensor([[prefix]], dtype=torch.int64)
    return rule.apply(torch.tensor([[logits]]), prefixes, NUMBER, columns).flatten().tolist()


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ([], [3.0, -2.0, 1.0, -math.inf]),
        ([0], [2.0, -2.0, 1.0, -math.inf]),  # 3 / 1.5
        ([1, 0, 1], [2.0, -3.0, 1.0, -math.inf]),  # -2 * 1.5, once for two occurrences
        ([3], [3.0, -2.0, 1.0, -math.inf]),
    ],
)
def test_by_hand(prefix: list[int], expected: list[float]) -> None:
    assert apply(RepetitionPenalty(1.5), [3.0, -2.0, 1.0, -math.inf], prefix, []) == expected


def test_a_shortlist_has_other_columns() -> None:
    """Token 9 is column 0, token 2 column 1; token 30 has no column."""
    assert apply(RepetitionPenalty(2.0), [4.0, 6.0, -1.0], [30, 2, 2], [9, 2, 7]) == [4.0, 3.0, -1.0]


def test_each_hypothesis_has_its_own_tokens() -> None:
    prefixes = torch.tensor([[[0], [1]], [[1], [1]]])
    changed = RepetitionPenalty(2.0).apply(torch.ones(2, 2, 3), prefixes, torch.arange(2), None)
    assert changed.tolist() == [[[0.5, 1, 1], [1, 0.5, 1]], [[1, 0.5, 1], [1, 0.5, 1]]]


@pytest.mark.parametrize("beam_size", [1, 3])
def test_translations_repeat_less_and_the_same_in_any_batch(beam_size: int) -> None:
    engine = TorchEngine(tiny.bundle(seed=3).model)
    sources = [[260 + n, 270 + n, 280] for n in range(8)]

    def repeated(penalty: float, batch_size: int) -> list[int]:
        config = DecodingConfig(
            beam_size=beam_size, repetition_penalty=penalty, max_repeats=0, batch_size=batch_size
        )
        found = decode(engine, sources, config)
        return [len(best.tokens) - len(set(best.tokens)) for best, *_ in found]

    assert sum(repeated(3.0, 64)) < sum(repeated(1.0, 64))
    assert repeated(3.0, 1) == repeated(3.0, 64)
