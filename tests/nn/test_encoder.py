"""Encoder shapes agree with a loop over layers, directions and tokens."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from seq2seq.nn.cells import build_cell
from seq2seq.nn.encoder import Encoder

SHAPES = ["bidirectional", "forward", "backward", "gnmt", "alternating"]
LENGTHS = torch.tensor([4, 2, 1])


def make(shape: str, *, cell: str = "gru", layers: int = 3, residual: bool = True) -> Encoder:
    torch.manual_seed(1)
    encoder = Encoder(
        shape=shape,
        build=lambda inputs, hidden: build_cell(cell, inputs, hidden),
        input_size=5,
        hidden_size=3,
        layers=layers,
        dropout=0.0,
        residual=residual,
        return_states=True,
    )
    return encoder.double().eval()


def inputs() -> Tensor:
    return torch.randn(3, 4, 5, generator=torch.Generator().manual_seed(2), dtype=torch.float64)


def run_tokens(cell: torch.nn.Module, sentence: Tensor, *, backward: bool) -> tuple[Tensor, Tensor]:
    """Outputs (S,H) in source order and last state (H,) of one sentence (S,I), token by token."""
    state, outputs = None, []
    for token in sentence.flip(0) if backward else sentence:
        output, state = cell(token.view(1, 1, -1), state)
        outputs.append(output[0, 0])
    assert state is not None
    stacked = torch.stack(outputs)
    return stacked.flip(0) if backward else stacked, state[0][0, 0]


def expected(encoder: Encoder, shape: str, sentence: Tensor) -> tuple[Tensor, Tensor]:
    """Outputs (S,M) and the top layer's last state (M,)."""
    below, top = sentence, torch.empty(0)
    for index, layer in enumerate(encoder.layers):
        if shape == "alternating":
            halves = below.chunk(2, -1) if index else (below, below)
            directions = [
                run_tokens(layer.first, halves[0], backward=index % 2 == 1),
                run_tokens(layer.second, halves[1], backward=index % 2 == 0),
            ]
        elif shape == "bidirectional" or (shape == "gnmt" and index == 0):
            directions = [
                run_tokens(layer.ahead, below, backward=False),
                run_tokens(layer.back, below, backward=True),
            ]
        else:
            directions = [run_tokens(layer.cell, below, backward=shape == "backward")]
        outputs = torch.cat([outputs for outputs, _ in directions], -1)
        top = torch.cat([state for _, state in directions])
        below = outputs + below if index and outputs.shape == below.shape else outputs
    return below, top


@pytest.mark.parametrize("cell", ["gru", "lstm"])
@pytest.mark.parametrize("shape", SHAPES)
def test_each_shape_equals_the_loop(shape: str, cell: str) -> None:
    encoder, embedded = make(shape, cell=cell), inputs()
    encoded = encoder(embedded, LENGTHS)
    assert len(encoded.states) == 3
    for row, length in enumerate(LENGTHS.tolist()):
        outputs, state = expected(encoder, shape, embedded[row, :length])
        torch.testing.assert_close(encoded.outputs[row, :length], outputs, atol=1e-10, rtol=0)
        torch.testing.assert_close(encoded.states[-1][0][0, row], state, atol=1e-10, rtol=0)
    assert encoded.mask.tolist() == [[True] * n + [False] * (4 - n) for n in LENGTHS.tolist()]


@pytest.mark.parametrize("shape", SHAPES)
def test_padding_changes_nothing(shape: str) -> None:
    encoder, embedded = make(shape), inputs()
    other = embedded.clone()
    other[1, 2:] = 100.0
    one, two = encoder(embedded, LENGTHS), encoder(other, LENGTHS)
    torch.testing.assert_close(one.outputs[1, :2], two.outputs[1, :2], atol=0, rtol=0)
    for state, same in zip(one.states, two.states, strict=True):
        torch.testing.assert_close(state[0], same[0], atol=0, rtol=0)


def test_without_residual_connections_layers_are_chained() -> None:
    encoder, embedded = make("forward", residual=False), inputs()[:1]
    hidden = embedded
    for layer in encoder.layers:
        hidden, _ = layer.cell(hidden)
    torch.testing.assert_close(encoder(embedded, LENGTHS[:1]).outputs, hidden, atol=1e-12, rtol=0)
