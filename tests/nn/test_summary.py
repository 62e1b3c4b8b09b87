"""A network as a table: layers and numbers computed by hand."""

from __future__ import annotations

import pytest
from torch import nn

from seq2seq.nn.summary import Layer, layers, table


class Tied(nn.Module):
    """7 words of 4 units, a recurrent layer of 3 units, and an output with the weights of the embedding."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(7, 4)
        self.recurrent = nn.GRU(4, 3)
        self.dropout = nn.Dropout(0.5)
        self.deep = nn.ModuleList([nn.Linear(3, 4, bias=False)])
        self.output = nn.Linear(4, 7)
        self.output.weight = self.words.weight


def test_layers_equal_hand_calculation() -> None:
    """28 + (9·4 + 9·3 + 9 + 9 = 81) + 12 + 7 biases = 128; the shared 28 are counted once."""
    assert layers(Tied()) == [
        Layer("words", "Embedding", ((7, 4),), 28, 28 / 128),
        Layer("recurrent", "GRU", ((9, 4), (9, 3), (9,), (9,)), 81, 81 / 128),
        Layer("deep.0", "Linear", ((4, 3),), 12, 12 / 128),
        Layer("output", "Linear", ((7, 4), (7,)), 7, 7 / 128, shared=("words.weight",)),
    ]


def test_table_shows_every_layer_and_the_total() -> None:
    assert table(layers(Tied())).split("\n") == [
        "layer      kind       shape                          parameters    share",
        "words      Embedding  7×4                                    28   21.9 %",
        "recurrent  GRU        9×4, 9×3, 2 of 9                       81   63.3 %",
        "deep.0     Linear     4×3                                    12    9.4 %",
        "output     Linear     7×4, 7 (shared: words.weight)           7    5.5 %",
        "total                                                       128  100.0 %",
    ]


def test_a_module_that_is_used_twice_is_one_row() -> None:
    shared = nn.Linear(2, 2)
    both = nn.Sequential(shared, nn.Tanh(), shared)
    assert [(layer.name, layer.parameters) for layer in layers(both)] == [("0", 6)]


@pytest.mark.parametrize("model", [nn.Dropout(), nn.Sequential()])
def test_a_model_without_weights_has_no_layers(model: nn.Module) -> None:
    assert layers(model) == []
    assert table([]).split("\n")[-1].split() == ["total", "0", "100.0", "%"]
