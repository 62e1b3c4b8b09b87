"""Reordered weights give the numbers of torch's own layers, and leave the model unchanged."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from seq2seq.config import DecodingConfig
from seq2seq.decoding.decode import decode
from seq2seq.engines import prepacked
from seq2seq.engines.prepacked import PackedGRU, PackedLinear, PackedLSTM, prepack
from seq2seq.engines.torch_engine import TorchEngine
from tests import tiny


@pytest.mark.parametrize("rows", [1, 5, 16, 33])
def test_linear_agrees_with_torch(rows: int) -> None:
    torch.manual_seed(0)
    for bias in (True, False):
        linear, inputs = nn.Linear(40, 70, bias=bias), torch.randn(rows, 1, 40)
        with torch.inference_mode():
            torch.testing.assert_close(PackedLinear(linear)(inputs), linear(inputs), atol=1e-5, rtol=0)


@pytest.mark.parametrize("steps", [1, 3])
@pytest.mark.parametrize(("kind", "packed"), [(nn.GRU, PackedGRU), (nn.LSTM, PackedLSTM)])
def test_recurrence_agrees_with_torch(kind: type[nn.RNNBase], packed: type[nn.Module], steps: int) -> None:
    torch.manual_seed(0)
    kernel = kind(12, 20, batch_first=True)
    inputs, hidden, cell = torch.randn(5, steps, 12), torch.randn(1, 5, 20), torch.randn(1, 5, 20)
    state = hidden if kind is nn.GRU else (hidden, cell)
    with torch.inference_mode():
        outputs, after = packed(kernel)(inputs, state)
        expected, expected_after = kernel(inputs, state)
    torch.testing.assert_close(outputs, expected, atol=1e-6, rtol=0)
    torch.testing.assert_close(after, expected_after, atol=1e-6, rtol=0)


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_a_model_translates_the_same(cell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny.bundle(cell=cell, encoder_layers=2).model.eval()
    before = {name: weight.clone() for name, weight in model.named_parameters()}
    packed = prepack(model)
    kinds = {type(module) for module in packed.modules()}
    assert packed is not model and kinds & {PackedLinear, PackedGRU, PackedLSTM}
    sources = [[5, 6, 7], [8], [9, 10, 11, 12]]
    config = DecodingConfig(beam_size=3, n_best=3)
    results = decode(TorchEngine(model), sources, config)
    monkeypatch.setattr(prepacked, "_available", lambda: False)
    plain = TorchEngine(model)
    assert plain.model is model
    for one, other in zip(decode(plain, sources, config), results, strict=True):
        assert [h.tokens for h in one] == [h.tokens for h in other]
        assert [h.score for h in one] == pytest.approx([h.score for h in other], abs=1e-5)
    assert not {type(module) for module in model.modules()} & {PackedLinear, PackedGRU, PackedLSTM}
    assert all(torch.equal(before[name], weight) for name, weight in model.named_parameters())


def test_other_precisions_stay_as_they_are() -> None:
    model = tiny.bundle().model.double()
    assert prepack(model) is model
