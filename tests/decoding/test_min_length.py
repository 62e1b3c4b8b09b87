"""The least length of translations."""

from __future__ import annotations

import pytest
import torch

from seq2seq.config import DecodingConfig
from seq2seq.decoding.decode import decode, growing
from seq2seq.decoding.min_length import MinLength
from seq2seq.engines.torch_engine import TorchEngine
from tests import tiny

SOURCES = [[270 + n % 20] * n for n in (0, 1, 4, 9)]


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_every_translation_has_its_least_length(temperature: float) -> None:
    """12 tokens at least, and 1.5 a source token: 12, 12, 12, 13. Then no rule, for comparison."""
    engine = TorchEngine(tiny.bundle(seed=3).model)
    config = DecodingConfig(
        n_best=4, max_length_extra=14, min_length=12, min_length_factor=1.5, temperature=temperature
    )
    for found, least in zip(decode(engine, SOURCES, config), (12, 12, 12, 13), strict=True):
        assert all(len(one.tokens) >= least for one in found)
    free = decode(engine, SOURCES, DecodingConfig(n_best=4, temperature=temperature))
    assert min(len(one.tokens) for found in free for one in found) < 12


def test_a_stream_has_it_too() -> None:
    engine = TorchEngine(tiny.bundle(seed=3).model)
    config = DecodingConfig(beam_size=1, min_length=9, max_length_factor=0.01)
    *_, last = growing(engine, [270], config)
    assert len(last.tokens) == 9  # the most that max_length_extra allows, with EOS
    assert last.tokens == decode(engine, [[270]], config)[0][0].tokens


def test_only_the_end_of_short_hypotheses_is_lowered() -> None:
    rule = MinLength((2, 3), eos=1).select([1, 0])
    logits = torch.zeros(2, 1, 3)
    changed = rule.apply(logits, torch.zeros(2, 1, 2, dtype=torch.int64), torch.arange(2), None)
    assert changed[0, 0].tolist() == [0.0, -1e4, 0.0] and changed[1, 0].tolist() == [0.0, 0.0, 0.0]


def test_a_least_length_that_other_rules_make_impossible_ends_all_the_same() -> None:
    """The network has about 300 pieces, each of which may occur once."""
    engine = TorchEngine(tiny.bundle(seed=3).model)
    config = DecodingConfig(beam_size=2, no_repeat_ngram=1, max_length_extra=400, min_length=399)
    (best,) = decode(engine, [[270]], config)[0]
    assert 250 < len(best.tokens) < 300
