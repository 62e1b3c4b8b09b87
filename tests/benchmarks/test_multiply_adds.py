"""Operations counted by the program, and by hand."""

from __future__ import annotations

import torch
from torch import nn

from seq2seq.benchmarks.multiply_adds import operations
from seq2seq.engines.prepacked import prepack


def test_a_product_has_two_operations_for_each_input_of_each_output() -> None:
    left, right = torch.ones(3, 5), torch.ones(5, 7)
    assert operations(lambda: left @ right) == 2 * 3 * 5 * 7


def test_the_gradients_of_a_layer_need_as_much_twice() -> None:
    layer, inputs = nn.Linear(5, 7), torch.ones(3, 5, requires_grad=True)
    assert operations(lambda: layer(inputs).sum().backward()) == 3 * (2 * 3 * 5 * 7)


def test_recurrent_layers_are_counted() -> None:
    """An LSTM has four gates, a GRU three, each with a matrix for the input and one for the state."""
    inputs = torch.ones(2, 6, 4)
    lstm, gru = nn.LSTM(4, 8, batch_first=True), nn.GRU(4, 8, batch_first=True)
    steps = 2 * 6
    assert operations(lambda: lstm(inputs)) == steps * 4 * 2 * (4 * 8 + 8 * 8)
    assert operations(lambda: gru(inputs)) == steps * 3 * 2 * (4 * 8 + 8 * 8)


def test_the_products_of_decoding_are_counted() -> None:
    packed = prepack(nn.Sequential(nn.Linear(5, 7)))
    with torch.no_grad():
        assert operations(lambda: packed(torch.ones(3, 5))) == 2 * 3 * 5 * 7
