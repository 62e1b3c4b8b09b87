"""Decoders against their papers' order of things, written out step by step; copying by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
import torch
from torch import Tensor

from seq2seq.config import ModelConfig
from seq2seq.errors import UsageError
from seq2seq.nn.attention import ATTENTIONS, Memory
from seq2seq.nn.cells import CELLS
from seq2seq.nn.decoder import DECODERS, DecoderOutput, DecoderState
from seq2seq.nn.model import Seq2Seq, build_model

SMALL = ModelConfig(
    embedding_size=6,
    encoder_size=4,
    decoder_layers=3,
    decoder_size=8,
    attention_size=8,
    attention_heads=2,
    source_vocab_size=20,
    target_vocab_size=20,
)
SOURCES = torch.tensor([[5, 6, 7, 3], [8, 3, 0, 0]]), torch.tensor([4, 2])
TARGET = torch.tensor([[2, 9, 10, 11], [2, 12, 13, 14]])
NEAR = {"atol": 1e-10, "rtol": 0.0}


def make(**changes: Any) -> Seq2Seq:
    torch.manual_seed(0)
    return build_model(replace(SMALL, **changes)).double().eval()


def allowed(decoder: str, attention: str) -> bool:
    return decoder == "decoupled" or attention != "none"


ALL = [
    (cell, attention, decoder)
    for cell, attention, decoder in product(CELLS, ATTENTIONS, DECODERS)
    if allowed(decoder, attention) and (cell in ("gru", "lstm") or attention in ("none", "additive"))
]


@pytest.mark.parametrize(("cell", "attention", "decoder"), ALL)
def test_steps_equal_the_whole(cell: str, attention: str, decoder: str) -> None:
    model = make(cell=cell, attention=attention, decoder=decoder)
    memory, state = model.encode(*SOURCES)
    whole, end = model.decoder(TARGET, state, memory)
    logits = model.decoder.logits(whole, memory)
    for step in range(4):
        output, state = model.decoder(TARGET[:, step : step + 1], state, memory)
        torch.testing.assert_close(model.decoder.logits(output, memory)[:, 0], logits[:, step], **NEAR)
        if attention == "none":
            assert output.weights is whole.weights is None
        else:
            assert output.weights is not None and whole.weights is not None
            torch.testing.assert_close(output.weights[:, 0], whole.weights[:, step], **NEAR)
    for one, other in zip(state.cells, end.cells, strict=True):
        for part, same in zip(one, other, strict=True):
            torch.testing.assert_close(part, same, **NEAR)


@pytest.mark.parametrize(("attention", "decoder"), sorted({(a, d) for _, a, d in ALL}))
def test_hypotheses_are_queries(attention: str, decoder: str) -> None:
    """K hypotheses a sentence, over two steps, equal as many runs of their own."""
    model = make(attention=attention, decoder=decoder)
    memory, start = model.encode(*SOURCES)
    rows = torch.tensor([0, 0, 0, 1, 1, 1])
    first, second = torch.tensor([[2], [9], [10], [11], [12], [13]]), torch.arange(6).unsqueeze(1) + 4
    _, state = model.decoder(first, start.select(rows), memory)
    together, _ = model.decoder(second, state, memory)
    for row in range(6):
        sentence = rows[row : row + 1]
        own = memory.select(sentence)
        _, state = model.decoder(first[row : row + 1], start.select(sentence), own)
        alone, _ = model.decoder(second[row : row + 1], state, own)
        torch.testing.assert_close(together.hidden[row], alone.hidden[0], **NEAR)


def attended(model: Seq2Seq, query: Tensor, memory: Memory) -> Tensor:
    """Context (N,1,C) for the queries (N,1,H)."""
    context, _, _ = model.decoder.attention.attend(query, memory, ())
    return context


def climb(model: Seq2Seq, hidden: Tensor, states: list[Any], context: Tensor | None = None) -> Tensor:
    """Layers above the first with residuals; `states` is brought up to date."""
    for index, layer in enumerate(list(model.decoder.layers)[1:], 1):
        inputs = hidden if context is None else torch.cat([hidden, context], -1)
        above, states[index] = layer(inputs, states[index])
        hidden = hidden + above
    return hidden


def reference(model: Seq2Seq, kind: str, cell: str) -> Tensor:
    """The vectors under the output layer, as the papers' equations order them: (N,T,R)."""
    decoder = model.decoder
    memory, start = model.encode(*SOURCES)
    states, vectors = list(start.cells), []
    assert decoder.readout is not None
    weight, bias = decoder.readout.weight, decoder.readout.bias
    fed = torch.zeros(2, 1, 6, dtype=torch.float64)
    for step in range(4):
        y = decoder.embedding(TARGET[:, step : step + 1])
        if kind == "decoupled":
            s, states[0] = decoder.layers[0](y, states[0])
            c = attended(model, s, memory)
            s = climb(model, s, states, c)
            read = [s, c, y]
        elif kind == "input_feeding":
            s, states[0] = decoder.layers[0](torch.cat([y, fed], -1), states[0])
            s = climb(model, s, states)
            read = [s, attended(model, s, memory)]
        elif kind == "bahdanau":
            past = states[-1][0].transpose(0, 1)
            past = past.clamp_min(0) if cell == "ssru" else past  # whose output is not its state
            c = attended(model, past, memory)
            s, states[0] = decoder.layers[0](torch.cat([y, c], -1), states[0])
            climb(model, s, states)
            read = [past, c, y]
        else:
            between, passing = decoder.layers[0](y, states[0])
            c = attended(model, between, memory)
            s, states[0] = decoder.second(c, passing)  # type: ignore[operator]
            s = climb(model, s, states, c)
            read = [s, c, y]
        fed = torch.tanh(torch.cat(read, -1) @ weight.T + bias)
        vectors.append(fed)
    return torch.cat(vectors, 1)


@pytest.mark.parametrize("cell", ["gru", "lstm", "ssru"])
@pytest.mark.parametrize("kind", DECODERS)
def test_order_of_the_papers(kind: str, cell: str) -> None:
    model = make(decoder=kind, cell=cell)
    memory, state = model.encode(*SOURCES)
    output, _ = model.decoder(TARGET, state, memory)
    torch.testing.assert_close(output.hidden, reference(model, kind, cell), **NEAR)


@pytest.mark.parametrize("kind", DECODERS)
def test_gradients_reach_every_weight(kind: str) -> None:
    model = make(decoder=kind, copying=True).train()
    logits = model(*SOURCES, TARGET, torch.ones(2, 4, dtype=torch.bool))
    logits.log_softmax(-1)[:, 5].sum().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None and float(parameter.grad.abs().sum()) > 0, name


def test_maxout_takes_the_greater_of_two() -> None:
    model = make(readout="maxout")
    readout = model.decoder.readout
    assert readout is not None and readout.weight.shape == (12, 8 + 8 + 6)
    with torch.no_grad():
        readout.weight.zero_()
        readout.bias.copy_(torch.tensor([1.0, 3, -2, -5, 0, 0, 4, 1, 2, 2, -1, 0]))
    nothing = torch.zeros(1, 1, 22, dtype=torch.float64)
    assert model.decoder.read_out(nothing).tolist() == [[[3, -2, 0, 4, 2, 0]]]


def test_no_readout_scores_the_top_layer() -> None:
    model = make(readout="none", tie_output=False)
    memory, state = model.encode(*SOURCES)
    output, after = model.decoder(TARGET[:, :1], state, memory)
    below = model.decoder(TARGET[:, :1], state, memory)[1].cells
    assert model.decoder.readout is None and output.hidden.shape == (2, 1, 8)
    total = sum(layer[0][0] for layer in below)  # residuals: the top is the sum of all layers
    torch.testing.assert_close(output.hidden[:, 0], total, **NEAR)
    assert model.decoder.logits(output, memory).shape == (2, 1, 20) and len(after.cells) == 3


@pytest.mark.parametrize("changes", [{"decoder_layers": 1, "attention": "none"}, {"decoder": "conditional"}])
def test_without_a_readout_units_are_dropped_once(changes: dict[str, Any]) -> None:
    """Half of the units are to go; dropped twice, three quarters would."""
    wide = {"decoder_size": 256, "tie_output": False, "readout": "none", "dropout": 0.5, "residual": False}
    model = make(**wide, **changes).train()
    memory, state = model.encode(*SOURCES)
    output, _ = model.decoder(TARGET, state, memory)
    assert 0.4 < float((output.hidden == 0).double().mean()) < 0.6


def test_copying_by_hand() -> None:
    """Gate 0 is one half: p = ½ softmax + ½ what attention gives to the token's positions."""
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
def test_copying_with_several_hypotheses(decoder: str) -> None:
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


def test_last_bridge_copies_layer_by_layer() -> None:
    model = make(bridge="last", encoder_layers=3, cell="lstm")
    encoded = model.encoder(model.source(SOURCES[0]), SOURCES[1])
    memory = model.decoder.attention.project(encoded.outputs, encoded.mask)
    start = model.decoder.start(encoded, memory)
    assert isinstance(start, DecoderState) and len(start.cells) == 3
    for mine, theirs in zip(start.cells, encoded.states, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(mine, theirs, strict=True))


def test_backward_bridge_by_hand() -> None:
    """tanh(W h) of the state in which the direction from the end stops, at the first token."""
    model = make(bridge="backward", encoder_layers=2)
    encoded = model.encoder(model.source(SOURCES[0]), SOURCES[1])
    project = model.decoder.bridge.project
    assert project is not None
    stopped = encoded.states[-1][0][0, :, 4:]
    expected = torch.tanh(stopped @ project.weight.T + project.bias).view(2, 3, 8)
    start = model.decoder.bridge(encoded)
    for layer in range(3):
        torch.testing.assert_close(start[layer][0][0], expected[:, layer], **NEAR)


@pytest.mark.parametrize(
    ("shape", "layers"), [("bidirectional", 1), ("bidirectional", 2), ("alternating", 3)]
)
def test_backward_bridge_takes_the_state_at_the_first_token(shape: str, layers: int) -> None:
    """Without residuals the outputs are states: that half's output there is the state that is projected."""
    model = make(bridge="backward", encoder_shape=shape, encoder_layers=layers, residual=False)
    encoded = model.encoder(model.source(SOURCES[0]), SOURCES[1])
    project = model.decoder.bridge.project
    assert project is not None
    expected = torch.tanh(encoded.outputs[:, 0, 4:] @ project.weight.T + project.bias)
    start = model.decoder.bridge(encoded)
    torch.testing.assert_close(torch.cat([layer[0][0] for layer in start], -1), expected, **NEAR)


def test_unknown_kinds_are_refused() -> None:
    with pytest.raises(UsageError, match="expected one of"):
        make(attention="bilinear")
    assert math.isclose(SMALL.memory_size, 8)
