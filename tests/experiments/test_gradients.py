"""Gradients through time agree with closed forms and with finite differences."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from seq2seq.errors import DataError
from seq2seq.experiments.gradients import decoder_gradient_norms, norms_by_distance, through_time
from seq2seq.nn.cells import build_cell
from seq2seq.nn.padding import pad
from seq2seq.pairs import SentencePair
from seq2seq.translator import Translator
from tests import tiny


class Linear(nn.Module):
    """h_t = λ h_{t-1} + x_t, in the interface of a cell."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(factor))

    def forward(self, inputs: Tensor, state: tuple[Tensor, ...] | None = None) -> tuple[Tensor, object]:
        h = inputs[:, 0] + self.factor * (torch.zeros(1) if state is None else state[0][0])
        return h.unsqueeze(1), (h.unsqueeze(0),)


def zeroed(kind: str, hidden_size: int) -> nn.Module:
    """A cell of 2 inputs whose weights and biases are all 0."""
    cell = build_cell(kind, 2, hidden_size)
    with torch.no_grad():
        for parameter in cell.parameters():
            parameter.zero_()
    return cell


@pytest.mark.parametrize("factor", [0.5, 1.0, 1.7])
def test_linear_layer_multiplies_the_gradient_by_its_factor_at_each_step(factor: float) -> None:
    """∂(v·h_T)/∂h_{T-d} = λ^d v; rows of norm 5 and 13 have the mean 9."""
    v = torch.tensor([[3.0, 4.0], [5.0, 12.0]])
    norms, loss = through_time(Linear(factor), torch.ones(2, 5, 2), lambda outputs: (outputs * v).sum())
    assert norms == pytest.approx([9 * factor**d for d in (1, 2, 3, 4)])
    assert loss == pytest.approx((7 + 17) / 2 * sum(factor**d for d in range(5)))


@pytest.mark.parametrize("factor", [0.5, 0.9, 1.5])
def test_simple_recurrent_layer_is_linear_around_zero(factor: float) -> None:
    """Without input h stays 0, where tanh has the slope 1, so U = λI gives λ^d too."""
    cell = zeroed("rnn", 3)
    (recurrent,) = (parameter for parameter in cell.parameters() if parameter.shape == (3, 3))
    with torch.no_grad():
        recurrent.copy_(factor * torch.eye(3))
    norms, _ = through_time(cell, torch.zeros(1, 9, 2), lambda outputs: 2 * outputs[:, 0].sum())
    assert norms == pytest.approx([2 * factor**d for d in range(1, 9)], rel=1e-5)


@pytest.mark.parametrize(("kind", "first"), [("gru", 1.0), ("lstm", 0.5), ("gru_reset_before", 1.0)])
def test_half_open_gates_pass_half_of_the_gradient(kind: str, first: float) -> None:
    """All weights 0: every gate is σ(0) = ½, so a GRU has h_t = ½ h_{t-1}; an LSTM C_t = ½ C_{t-1} and
    h = ½ tanh C, and no gradient passes through its h."""
    norms, _ = through_time(zeroed(kind, 3), torch.zeros(1, 7, 2), lambda outputs: outputs[:, 1].sum())
    assert norms == pytest.approx([first * 0.5**d for d in range(1, 7)], rel=1e-5)


def test_states_that_are_not_read_have_no_gradient() -> None:
    """Two states of two parts, only one part of the newer one is read: 3 and 4 have the norm 5."""
    parts = [torch.ones(1, 1, 2, requires_grad=True) for _ in range(4)]
    loss = (parts[3] * torch.tensor([3.0, 4.0])).sum()
    assert norms_by_distance(loss, [parts[:2], parts[2:]]) == [5.0, 0.0]


@pytest.mark.parametrize("kind", ["rnn", "gru", "lstm", "gru_reset_before", "layernorm_lstm"])
def test_norms_agree_with_finite_differences(kind: str) -> None:
    torch.manual_seed(0)
    cell, inputs = build_cell(kind, 2, 3).double(), torch.randn(1, 6, 2).double()
    weights = torch.randn(3).double()

    def loss(outputs: Tensor) -> Tensor:
        return (outputs[0] * weights).sin().sum()

    def loss_from(state: tuple[Tensor, ...], step: int) -> float:
        for row in range(step, 6):
            outputs, state = cell(inputs[:, row : row + 1], state)
        return loss(outputs[:, 0]).item()

    norms, _ = through_time(cell, inputs, loss)
    for distance in range(1, 6):
        _, state = cell(inputs[:, : 6 - distance])
        slopes = []
        for part, tensor in enumerate(state):
            for unit in range(3):
                moved = []
                for change in (1e-5, -1e-5):
                    shifted = tensor.detach().clone()
                    shifted[0, 0, unit] += change
                    moved.append(loss_from((*state[:part], shifted, *state[part + 1 :]), 6 - distance))
                slopes.append((moved[0] - moved[1]) / 2e-5)
        assert norms[distance - 1] == pytest.approx(math.hypot(*slopes), rel=1e-5)


def test_norms_of_a_decoder_agree_with_finite_differences() -> None:
    translator = Translator(tiny.bundle(cell="lstm"), name="tiny")
    translator.model.double()
    pairs = [SentencePair("one two", "un"), SentencePair("one two three", "un deux trois quatre")]
    ids = translator.target_tokenizer.encode(pairs[1].target)
    result = decoder_gradient_norms(translator, pairs, 3)
    assert result.label == "tiny" and len(result.norms) == 3
    source, lengths = pad([[*translator.source_tokenizer.encode(pairs[1].source), 3]])
    target = torch.tensor([[2, *ids[:3]]])  # <s> and the three tokens before the predicted one
    memory, start = translator.model.encode(source, lengths)
    decoder = translator.model.decoder

    def loss(step: int, change: tuple[int, int, int, float] | None) -> float:
        _, state = decoder(target[:, :step], start, memory)
        if change is not None:
            layer, part, unit, size = change
            cells = [[tensor.detach().clone() for tensor in cell] for cell in state.cells]
            cells[layer][part][0, 0, unit] += size
            state = replace(state, cells=tuple(map(tuple, cells)))
        output, _ = decoder(target[:, step:], state, memory)
        return -decoder.logits(output, memory)[0, -1].log_softmax(-1)[ids[3]].item()

    assert result.loss == pytest.approx(loss(1, None))
    for distance in (1, 2, 3):
        step = len(target[0]) - distance
        slopes = [
            (loss(step, (layer, part, unit, 1e-5)) - loss(step, (layer, part, unit, -1e-5))) / 2e-5
            for layer in range(2)
            for part in range(2)
            for unit in range(16)
        ]
        assert result.norms[distance - 1] == pytest.approx(math.hypot(*slopes), rel=1e-5)


def test_sentences_that_are_too_short_are_a_data_error() -> None:
    with pytest.raises(DataError, match="no target sentence has more than 50 tokens; lower the distance"):
        decoder_gradient_norms(Translator(tiny.bundle()), tiny.pairs(5), 50)
