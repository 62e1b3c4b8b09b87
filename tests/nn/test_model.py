"""The whole network: padding, real tokens, shared weights, bridges, gradients, sizes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args, get_type_hints

import pytest
import torch

from seq2seq.config import ModelConfig
from seq2seq.errors import UsageError
from seq2seq.nn.attention import ATTENTIONS
from seq2seq.nn.cells import CELLS
from seq2seq.nn.losses import cross_entropy
from seq2seq.nn.model import Seq2Seq, build_model, count_parameters

SMALL = ModelConfig(
    embedding_size=6,
    encoder_layers=2,
    encoder_size=4,
    decoder_layers=3,
    decoder_size=8,
    attention_size=5,
    source_vocab_size=20,
    target_vocab_size=20,
)


def make(config: ModelConfig = SMALL) -> Seq2Seq:
    torch.manual_seed(0)
    return build_model(config).double().eval()


def sources() -> tuple[torch.Tensor, torch.Tensor]:
    return torch.tensor([[5, 6, 7, 3], [8, 3, 0, 0]]), torch.tensor([4, 2])


def kinds() -> list[dict[str, Any]]:
    """Changes of SMALL that cover every cell, attention, decoder, encoder shape, bridge and readout."""
    hints = get_type_hints(ModelConfig)
    parts = ("decoder", "encoder_shape", "bridge", "readout")
    literal = [{part: value} for part in parts for value in get_args(hints[part])]
    changes: list[dict[str, Any]] = [*({"cell": cell} for cell in CELLS), *literal]
    changes += [{"attention": attention} for attention in ATTENTIONS]
    changes += [
        {"decoder": "input_feeding", "attention": "coverage"},
        {"decoder": "bahdanau", "cell": "lstm"},
    ]
    changes += [{"decoder": "conditional", "cell_depth": 2}, {"copying": True}, {"residual": False}]
    needs: dict[str, dict[str, Any]] = {
        "bridge-last": {"encoder_layers": 3, "decoder_layers": 3},
        "encoder_shape-gnmt": {"encoder_layers": 2},
        "readout-none": {"tie_output": False},
        "attention-multi_head": {"attention_size": 8},
    }
    return [change | needs.get(name_of(change), {}) for change in changes]


def name_of(change: dict[str, Any]) -> str:
    return "-".join(f"{name}-{value}" for name, value in change.items())


@pytest.mark.parametrize("change", kinds(), ids=name_of)
def test_padding_changes_nothing(change: dict[str, Any]) -> None:
    """A short pair has the same scores beside a longer pair and alone."""
    model = make(replace(SMALL, **change))
    target = torch.tensor([[2, 9, 10, 11], [2, 12, 0, 0]])
    real = torch.tensor([[True] * 4, [True, True, False, False]])
    together = model(*sources(), target, real)[4:]
    alone = model(torch.tensor([[8, 3]]), torch.tensor([2]), target[1:, :2], real[1:, :2])
    torch.testing.assert_close(together, alone, atol=1e-10, rtol=0)


def test_training_scores_real_tokens_only() -> None:
    model = make()
    target = torch.tensor([[2, 9, 10], [2, 12, 0]])
    real = torch.tensor([[True, True, True], [True, True, False]])
    logits = model(*sources(), target, real)
    assert logits.shape == (5, 20)
    memory, state = model.encode(*sources())
    output, _ = model.decoder(target, state, memory)
    torch.testing.assert_close(logits, model.decoder.logits(output, memory)[real], atol=1e-10, rtol=0)


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_gradients_reach_every_weight(cell: str) -> None:
    model = make(replace(SMALL, cell=cell)).train()
    real = torch.ones(2, 3, dtype=torch.bool)
    logits = model(*sources(), torch.tensor([[2, 9, 10], [2, 12, 13]]), real)
    cross_entropy(logits, torch.tensor([9, 10, 3, 12, 13, 3])).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None and float(parameter.grad.abs().sum()) > 0, name


@pytest.mark.parametrize("change", kinds(), ids=name_of)
def test_gradients_equal_finite_differences(change: dict[str, Any]) -> None:
    """Central differences of the loss, for the weight with the largest gradient in each tensor."""
    model = make(replace(SMALL, **{"encoder_layers": 1, "decoder_layers": 2, **change}))
    real = torch.ones(2, 2, dtype=torch.bool)
    labels = torch.tensor([9, 3, 12, 3])

    def loss() -> torch.Tensor:
        return cross_entropy(model(*sources(), torch.tensor([[2, 9], [2, 12]]), real), labels, smoothing=0.1)

    loss().backward()
    for name, parameter in model.named_parameters():
        flat, gradient = parameter.data.view(-1), parameter.grad
        assert gradient is not None
        index = int(gradient.abs().argmax())
        old, small = float(flat[index]), 1e-5
        with torch.no_grad():
            flat[index] = old + small
            above = float(loss())
            flat[index] = old - small
            below = float(loss())
            flat[index] = old
        assert float(gradient.view(-1)[index]) == pytest.approx((above - below) / (2 * small), rel=1e-5), name


def test_shared_weights_are_one_tensor() -> None:
    tied = make()
    assert tied.source.table.weight is tied.decoder.embedding.table.weight is tied.decoder.output.weight
    loose = make(replace(SMALL, tie_output=False, tie_source=False))
    assert loose.source.table.weight is not loose.decoder.output.weight
    assert count_parameters(loose) - count_parameters(tied) == 2 * 20 * 6


def test_a_model_without_vocabulary_sizes_is_refused() -> None:
    with pytest.raises(UsageError, match="vocab_size"):
        build_model(ModelConfig())


def test_number_of_parameters_equals_hand_calculation() -> None:
    """GRU: 3 H (I + H + 2) per layer. The numbers are the sizes of SMALL."""

    def gru(inputs: int, hidden: int) -> int:
        return 3 * hidden * (inputs + hidden + 2)

    encoder = 2 * gru(6, 4) + 2 * gru(8, 4)
    decoder = gru(6, 8) + 2 * gru(8 + 8, 8)
    attention = 8 * 5 + (8 * 5 + 5) + 5
    bridge = 8 * 24 + 24
    readout = (8 + 8 + 6) * 6 + 6
    output = 20  # bias; the weights are those of the embedding
    assert count_parameters(make()) == 20 * 6 + encoder + decoder + attention + bridge + readout + output


def test_word_dropout_zeroes_whole_words() -> None:
    torch.manual_seed(0)
    model = build_model(replace(SMALL, word_dropout=0.5, embedding_dropout=0.0)).train()
    vectors = model.source(torch.full((1, 2000), 7))[0]
    zeroed = (vectors == 0).all(1)
    assert 0.45 < float(zeroed.float().mean()) < 0.55
    assert not (vectors[~zeroed] == 0).any()
