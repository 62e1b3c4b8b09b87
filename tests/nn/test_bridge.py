"""The decoder's first state, by every bridge."""

from __future__ import annotations

import pytest
import torch

from seq2seq.nn.decoder import DecoderState
from tests.nn.networks import NEAR, SOURCES, make


@pytest.mark.parametrize("bridge", ["zero", "last", "mean", "projected", "backward"])
@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_every_bridge_gives_a_state_for_each_layer(bridge: str, cell: str) -> None:
    model = make(bridge=bridge, cell=cell, encoder_layers=3)
    _, state = model.encode(*SOURCES)
    assert isinstance(state, DecoderState) and len(state.cells) == 3
    for layer in state.cells:
        assert [part.shape for part in layer] == [(1, 2, 8)] * (2 if cell == "lstm" else 1)
        assert (float(layer[0].detach().abs().sum()) == 0) == (bridge == "zero")


def test_mean_bridge_equals_hand_calculation() -> None:
    model = make()
    encoded = model.encoder(model.source(SOURCES[0]), SOURCES[1])
    state = model.decoder.bridge(encoded)
    project = model.decoder.bridge.project
    assert project is not None
    mean = encoded.outputs[1, :2].mean(0)
    expected = torch.tanh(project.weight @ mean + project.bias).view(3, 8)
    for layer, wanted in zip(state, expected, strict=True):
        torch.testing.assert_close(layer[0][0, 1], wanted, atol=1e-10, rtol=0)


def test_last_bridge_copies_each_layer() -> None:
    model = make(bridge="last", encoder_layers=3, cell="lstm")
    encoded = model.encoder(model.source(SOURCES[0]), SOURCES[1])
    memory = model.decoder.attention.project(encoded.outputs, encoded.mask)
    start = model.decoder.start(encoded, memory)
    assert isinstance(start, DecoderState) and len(start.cells) == 3
    for copied, original in zip(start.cells, encoded.states, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(copied, original, strict=True))


def test_backward_bridge_projects_the_last_backward_state() -> None:
    """tanh(W h + b) of the backward direction's last state, which is at the first token."""
    model = make(bridge="backward", encoder_layers=2)
    encoded = model.encoder(model.source(SOURCES[0]), SOURCES[1])
    project = model.decoder.bridge.project
    assert project is not None
    last = encoded.states[-1][0][0, :, 4:]
    expected = torch.tanh(last @ project.weight.T + project.bias).view(2, 3, 8)
    start = model.decoder.bridge(encoded)
    for layer in range(3):
        torch.testing.assert_close(start[layer][0][0], expected[:, layer], **NEAR)


@pytest.mark.parametrize(
    ("shape", "layers"), [("bidirectional", 1), ("bidirectional", 2), ("alternating", 3)]
)
def test_backward_bridge_uses_the_state_at_the_first_token(shape: str, layers: int) -> None:
    """Without residual connections, the backward half of the first token's output is the projected state."""
    model = make(bridge="backward", encoder_shape=shape, encoder_layers=layers, residual=False)
    encoded = model.encoder(model.source(SOURCES[0]), SOURCES[1])
    project = model.decoder.bridge.project
    assert project is not None
    expected = torch.tanh(encoded.outputs[:, 0, 4:] @ project.weight.T + project.bias)
    start = model.decoder.bridge(encoded)
    torch.testing.assert_close(torch.cat([layer[0][0] for layer in start], -1), expected, **NEAR)
