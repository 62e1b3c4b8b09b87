"""Decoders agree with the equations of their papers, computed step by step."""

from __future__ import annotations

from itertools import product
from typing import Any, get_args, get_type_hints

import pytest
import torch
from torch import Tensor

from seq2seq.config import ModelConfig
from seq2seq.nn.attention import ATTENTIONS, Memory
from seq2seq.nn.cells import CELLS
from seq2seq.nn.decoders import DECODERS
from seq2seq.nn.model import Seq2Seq
from tests.nn.networks import NEAR, SOURCES, TARGET, make


def test_the_choices_of_the_setting_are_the_kinds() -> None:
    assert set(get_args(get_type_hints(ModelConfig)["decoder"])) == set(DECODERS)


def allowed(decoder: str, attention: str) -> bool:
    return decoder == "decoupled" or attention != "none"


ALL = [
    (cell, attention, decoder)
    for cell, attention, decoder in product(CELLS, ATTENTIONS, DECODERS)
    if allowed(decoder, attention) and (cell in ("gru", "lstm") or attention in ("none", "additive"))
]


@pytest.mark.parametrize(("cell", "attention", "decoder"), ALL)
def test_single_steps_equal_one_call(cell: str, attention: str, decoder: str) -> None:
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
def test_hypotheses_of_a_sentence_are_independent(attention: str, decoder: str) -> None:
    """K hypotheses per sentence, over two steps, equal K separate runs."""
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


def upper_layers(model: Seq2Seq, hidden: Tensor, states: list[Any], context: Tensor | None = None) -> Tensor:
    """Run the layers above the first, with residual connections; updates `states`."""
    for index, layer in enumerate(list(model.decoder.layers)[1:], 1):
        inputs = hidden if context is None else torch.cat([hidden, context], -1)
        above, states[index] = layer(inputs, states[index])
        hidden = hidden + above
    return hidden


def reference(model: Seq2Seq, kind: str, cell: str) -> Tensor:
    """The input of the output layer (N,T,R), in the order of the papers' equations."""
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
            s = upper_layers(model, s, states, c)
            parts = [s, c, y]
        elif kind == "input_feeding":
            s, states[0] = decoder.layers[0](torch.cat([y, fed], -1), states[0])
            s = upper_layers(model, s, states)
            parts = [s, attended(model, s, memory)]
        elif kind == "bahdanau":
            previous = states[-1][0].transpose(0, 1)
            previous = previous.clamp_min(0) if cell == "ssru" else previous  # its output is not its state
            c = attended(model, previous, memory)
            s, states[0] = decoder.layers[0](torch.cat([y, c], -1), states[0])
            upper_layers(model, s, states)
            parts = [previous, c, y]
        else:
            query, query_state = decoder.layers[0](y, states[0])
            c = attended(model, query, memory)
            s, states[0] = decoder.second(c, query_state)  # type: ignore[operator]
            s = upper_layers(model, s, states, c)
            parts = [s, c, y]
        fed = torch.tanh(torch.cat(parts, -1) @ weight.T + bias)
        vectors.append(fed)
    return torch.cat(vectors, 1)


@pytest.mark.parametrize("cell", ["gru", "lstm", "ssru"])
@pytest.mark.parametrize("kind", DECODERS)
def test_each_decoder_equals_its_equations(kind: str, cell: str) -> None:
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
