"""Encoder shapes against walks written out, direction by direction."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from seq2seq.config import ModelConfig
from seq2seq.errors import UsageError
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
        want_state=True,
    )
    return encoder.double().eval()


def inputs() -> Tensor:
    return torch.randn(3, 4, 5, generator=torch.Generator().manual_seed(2), dtype=torch.float64)


def walk(cell: torch.nn.Module, sentence: Tensor, *, back: bool) -> tuple[Tensor, Tensor]:
    """Outputs (S,H) in source order and last state (H,) of one sentence (S,I), a token at a time."""
    state, outputs = None, []
    for token in sentence.flip(0) if back else sentence:
        output, state = cell(token.view(1, 1, -1), state)
        outputs.append(output[0, 0])
    assert state is not None
    walked = torch.stack(outputs)
    return walked.flip(0) if back else walked, state[0][0, 0]


def expected(encoder: Encoder, shape: str, sentence: Tensor) -> tuple[Tensor, Tensor]:
    """Outputs (S,M) and the top layer's last state (M,)."""
    below, top = sentence, torch.empty(0)
    for index, layer in enumerate(encoder.layers):
        if shape == "alternating":
            halves = below.chunk(2, -1) if index else (below, below)
            walks = [
                walk(layer.first, halves[0], back=index % 2 == 1),
                walk(layer.second, halves[1], back=index % 2 == 0),
            ]
        elif shape == "bidirectional" or (shape == "gnmt" and index == 0):
            walks = [walk(layer.ahead, below, back=False), walk(layer.back, below, back=True)]
        else:
            walks = [walk(layer.cell, below, back=shape == "backward")]
        outputs, top = torch.cat([w[0] for w in walks], -1), torch.cat([w[1] for w in walks])
        below = outputs + below if index and outputs.shape == below.shape else outputs
    return below, top


@pytest.mark.parametrize("cell", ["gru", "lstm"])
@pytest.mark.parametrize("shape", SHAPES)
def test_shapes(shape: str, cell: str) -> None:
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


def test_without_residuals() -> None:
    encoder, embedded = make("forward", residual=False), inputs()[:1]
    hidden = embedded
    for layer in encoder.layers:
        hidden, _ = layer.cell(hidden)
    torch.testing.assert_close(encoder(embedded, LENGTHS[:1]).outputs, hidden, atol=1e-12, rtol=0)


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
        ({"variational_dropout": 1.0}, "0 <= p < 1"),
        ({"attention_size": 0}, "attention_size.*whole number from 1"),
        ({"readout_size": -1}, "readout_size.*0 or more"),
        ({"cell_depth": 0}, "whole number from 1"),
    ],
)
def test_what_does_not_go_together(changes: dict[str, object], reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        replace(ModelConfig(), **changes)  # type: ignore[arg-type]
