"""Settings of the network: combinations that do not match are refused, and derived widths."""

from __future__ import annotations

from dataclasses import replace

import pytest

from seq2seq.config import ModelConfig
from seq2seq.errors import UsageError


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"encoder_shape": "gnmt"}, "encoder_layers is 1, expected 2 or more"),
        ({"encoder_shape": "forward", "bridge": "backward"}, "backward direction of the top"),
        ({"encoder_shape": "alternating", "encoder_layers": 2, "bridge": "backward"}, "an odd number of lay"),
        ({"attention": "none", "bridge": "zero"}, "nothing of the source"),
        ({"bridge": "last"}, "equal numbers of layers"),
        ({"copying": True, "attention": "none"}, "weights sum to 1"),
        ({"copying": True, "attention": "local"}, "weights sum to 1"),
        ({"copying": True, "tie_source": False}, "tie_source"),
        ({"decoder": "bahdanau", "attention": "none"}, "has no context"),
        ({"readout_size": 7}, "embedding_size is 256, expected 7"),
        ({"readout": "none"}, "embedding_size is 256, expected 512"),
        ({"readout": "none", "decoder": "input_feeding", "tie_output": False}, "feeds the readout back"),
        ({"readout": "none", "decoder": "bahdanau", "tie_output": False}, "only in its readout"),
        ({"readout": "none", "decoder_layers": 1, "tie_output": False}, "attention would have no effect"),
        ({"variational_dropout": 1.0}, "at least 0 and below 1"),
        ({"attention_size": 0}, "attention_size.*whole number from 1"),
        ({"readout_size": -1}, "readout_size.*whole number from 0"),
        ({"cell_depth": 0}, "whole number from 1"),
    ],
)
def test_settings_that_do_not_match_are_refused(changes: dict[str, object], reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        replace(ModelConfig(), **changes)  # type: ignore[arg-type]


def test_memory_and_readout_widths_equal_hand_calculation() -> None:
    assert ModelConfig(encoder_size=3, bridge="zero").memory_size == 6
    assert ModelConfig(encoder_size=3, encoder_shape="forward").memory_size == 3
    assert ModelConfig(encoder_size=3, encoder_shape="gnmt", encoder_layers=2).memory_size == 3
    assert ModelConfig(embedding_size=5).readout_width == 5
    assert ModelConfig(readout_size=9, tie_output=False).readout_width == 9
    assert ModelConfig(readout="none", decoder_size=8, tie_output=False).readout_width == 8
