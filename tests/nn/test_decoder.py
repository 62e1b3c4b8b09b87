"""What all decoders share: the readout, dropout, and copying."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from seq2seq.nn.attention import Memory
from seq2seq.nn.decoder import DecoderOutput
from seq2seq.nn.decoders import DECODERS
from tests.nn.networks import NEAR, SOURCES, TARGET, make


def test_maxout_takes_the_larger_of_two_units() -> None:
    model = make(readout="maxout")
    readout = model.decoder.readout
    assert readout is not None and readout.weight.shape == (12, 8 + 8 + 6)
    with torch.no_grad():
        readout.weight.zero_()
        readout.bias.copy_(torch.tensor([1.0, 3, -2, -5, 0, 0, 4, 1, 2, 2, -1, 0]))
    zeros = torch.zeros(1, 1, 22, dtype=torch.float64)
    assert model.decoder.apply_readout(zeros).tolist() == [[[3, -2, 0, 4, 2, 0]]]


def test_without_a_readout_the_top_layer_is_scored() -> None:
    model = make(readout="none", tie_output=False)
    memory, state = model.encode(*SOURCES)
    output, after = model.decoder(TARGET[:, :1], state, memory)
    below = model.decoder(TARGET[:, :1], state, memory)[1].cells
    assert model.decoder.readout is None and output.hidden.shape == (2, 1, 8)
    total = sum(layer[0][0] for layer in below)  # residual connections: the top is the sum of all layers
    torch.testing.assert_close(output.hidden[:, 0], total, **NEAR)
    assert model.decoder.logits(output, memory).shape == (2, 1, 20) and len(after.cells) == 3


@pytest.mark.parametrize("changes", [{"decoder_layers": 1, "attention": "none"}, {"decoder": "conditional"}])
def test_without_a_readout_units_are_dropped_once(changes: dict[str, Any]) -> None:
    """Half of the units are 0. If dropout were applied twice, it would be three quarters."""
    wide = {"decoder_size": 256, "tie_output": False, "readout": "none", "dropout": 0.5, "residual": False}
    model = make(**wide, **changes).train()
    memory, state = model.encode(*SOURCES)
    output, _ = model.decoder(TARGET, state, memory)
    assert 0.4 < float((output.hidden == 0).double().mean()) < 0.6


def test_copying_equals_hand_calculation() -> None:
    """The gate σ(0) is one half: p = ½ softmax + ½ the attention weights of the token's positions."""
    model = make(copying=True)
    decoder = model.decoder
    with torch.no_grad():
        decoder.output.weight.zero_()  # every token 1/20
    weights = torch.tensor([[[0.5, 0.2, 0.3, 0.0]]], dtype=torch.float64)
    hidden = torch.zeros(1, 1, 6, dtype=torch.float64)
    output = DecoderOutput(hidden, hidden, weights, torch.zeros(1, 1, 1, dtype=torch.float64))
    memory = Memory(hidden, hidden, hidden > 0, torch.tensor([[7, 9, 7, 3]]))
    probabilities = decoder.logits(output, memory).exp()[0, 0].detach()
    assert float(probabilities.sum()) == pytest.approx(1)
    assert float(probabilities[7]) == pytest.approx(0.5 / 20 + 0.5 * 0.8)
    assert float(probabilities[9]) == pytest.approx(0.5 / 20 + 0.5 * 0.2)
    assert float(probabilities[3]) == pytest.approx(0.5 / 20) == pytest.approx(float(probabilities[4]))
    real = torch.tensor([[True]])
    torch.testing.assert_close(decoder.logits(output, memory, real)[0].exp(), probabilities)


@pytest.mark.parametrize("decoder", DECODERS)
def test_copying_works_with_several_hypotheses(decoder: str) -> None:
    model = make(copying=True, decoder=decoder)
    memory, start = model.encode(*SOURCES)
    rows = torch.tensor([0, 0, 1, 1])
    output, _ = model.decoder(torch.tensor([[2], [9], [10], [11]]), start.select(rows), memory)
    together = model.decoder.logits(output, memory)
    torch.testing.assert_close(together.exp().sum(-1), torch.ones(4, 1, dtype=torch.float64))
    for row in range(4):
        sentence = rows[row : row + 1]
        own = memory.select(sentence)
        alone, _ = model.decoder(torch.tensor([[[2], [9], [10], [11]][row]]), start.select(sentence), own)
        torch.testing.assert_close(together[row], model.decoder.logits(alone, own)[0], **NEAR)
