"""What the hypotheses of a running search have in common, by hand, and against the end of the search."""

from __future__ import annotations

import numpy as np

from seq2seq.config import DecodingConfig
from seq2seq.decoding.agreement import Agreement
from seq2seq.decoding.decode import decode, growing
from seq2seq.engines.torch_engine import TorchEngine
from tests import tiny


def test_what_live_and_ended_hypotheses_have_in_common() -> None:
    agreement = Agreement(most=2)
    live = np.array([[4, 5, 6], [4, 5, 7]])
    assert (agreement.of(live).tokens, agreement.of(live).agreed) == ((4, 5, 6), 2)
    agreement.add(-1.0, (4, 9))
    assert agreement.of(live).agreed == 1
    agreement.add(-0.5, (4, 5, 8))
    agreement.add(-0.7, (4, 5))  # the first one can no longer be chosen
    assert agreement.of(live).agreed == 2


def test_every_hypothesis_at_the_end_begins_with_what_was_agreed() -> None:
    engine, grew = TorchEngine(tiny.bundle(seed=3).model), 0
    for beam_size in (1, 2, 5):
        config = DecodingConfig(beam_size=beam_size, n_best=beam_size, max_length_factor=3.0)
        for number in range(8):
            source = [270 + (number * step) % 20 for step in range(1 + number)]
            *partial, last = growing(engine, source, config)
            assert list(last.found) == decode(engine, [source], config)[0]
            for now in partial:
                agreed = now.tokens[: now.agreed]
                assert all(one.tokens[: now.agreed] == agreed for one in last.found)
            grew += any(0 < now.agreed < len(last.tokens) for now in partial)
    assert grew > 3
