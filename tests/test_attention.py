"""Attention against numbers worked out by hand."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from seq2seq.attention import ATTENTIONS, Additive, General, build_attention
from seq2seq.config import UsageError

MASK = torch.tensor([[True, True, True], [True, True, False]])


@pytest.fixture(params=sorted(ATTENTIONS))
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def tensors() -> tuple[Tensor, Tensor]:
    torch.manual_seed(1)
    return torch.randn(2, 4, 6), torch.randn(2, 3, 6)


def test_rows_sum_to_one_and_padding_is_zero(kind: str) -> None:
    queries, encoded = tensors()
    attention = build_attention(kind, query_size=6, memory_size=6, attention_size=5)
    context, weights, state = attention.attend(queries, attention.project(encoded, MASK))
    torch.testing.assert_close(weights.sum(-1), torch.ones(2, 4), atol=1e-6, rtol=0)
    assert weights[1, :, 2].tolist() == [0.0] * 4
    torch.testing.assert_close(context, torch.einsum("bts,bsm->btm", weights, encoded), atol=1e-6, rtol=0)
    assert state == ()


def test_padding_has_no_say(kind: str) -> None:
    queries, encoded = tensors()
    attention = build_attention(kind, query_size=6, memory_size=6, attention_size=5)
    other = encoded.clone()
    other[1, 2] = 1e4
    one = attention.attend(queries, attention.project(encoded, MASK))
    two = attention.attend(queries, attention.project(other, MASK))
    assert torch.equal(one[0], two[0]) and torch.equal(one[1], two[1])


@pytest.mark.parametrize(("kind", "scale"), [("dot", 1.0), ("scaled_dot", 1 / math.sqrt(2))])
def test_dot_by_hand(kind: str, scale: float) -> None:
    """q = (1, 2); k = (3, 0), (0, 1): scores 3 and 2."""
    attention = build_attention(kind, query_size=2, memory_size=2, attention_size=0)
    memory = attention.project(torch.tensor([[[3.0, 0.0], [0.0, 1.0]]]), torch.ones(1, 2, dtype=torch.bool))
    context, weights, _ = attention.attend(torch.tensor([[[1.0, 2.0]]]), memory)
    first = math.exp(3 * scale) / (math.exp(3 * scale) + math.exp(2 * scale))
    assert weights[0, 0].tolist() == pytest.approx([first, 1 - first], abs=1e-6)
    assert context[0, 0].tolist() == pytest.approx([3 * first, 1 - first], abs=1e-6)


def test_general_by_hand() -> None:
    """W = [[1, 1], [0, 2]]; W k = (3, 0) and (1, 2); q = (1, 2): scores 3 and 5."""
    attention = General(2, 2, 0)
    with torch.no_grad():
        attention.key.weight.copy_(torch.tensor([[1.0, 1.0], [0.0, 2.0]]))
    memory = attention.project(torch.tensor([[[3.0, 0.0], [0.0, 1.0]]]), torch.ones(1, 2, dtype=torch.bool))
    _, weights, _ = attention.attend(torch.tensor([[[1.0, 2.0]]]), memory)
    first = 1 / (1 + math.exp(2))
    assert weights[0, 0].tolist() == pytest.approx([first, 1 - first], abs=1e-6)


def test_additive_by_hand() -> None:
    """One hidden unit: score = 2 tanh(0.5 q + 1 k + 0.1)."""
    attention = Additive(1, 1, 1)
    with torch.no_grad():
        attention.query.weight.fill_(0.5)
        attention.key.weight.fill_(1.0)
        attention.key.bias.fill_(0.1)
        attention.energy.fill_(2.0)
    memory = attention.project(torch.tensor([[[0.3], [-0.7]]]), torch.ones(1, 2, dtype=torch.bool))
    _, weights, _ = attention.attend(torch.tensor([[[0.4]]]), memory)
    scores = [2 * math.tanh(0.6), 2 * math.tanh(-0.4)]
    total = sum(map(math.exp, scores))
    assert weights[0, 0].tolist() == pytest.approx([math.exp(s) / total for s in scores], abs=1e-6)


def test_gradients(kind: str) -> None:
    attention = build_attention(kind, query_size=3, memory_size=3, attention_size=2).double()
    mask = torch.tensor([[True, True, False]])

    def context(queries: Tensor, encoded: Tensor) -> Tensor:
        return attention.attend(queries, attention.project(encoded, mask))[0]

    inputs = [torch.randn(1, n, 3, dtype=torch.float64, requires_grad=True) for n in (2, 3)]
    assert torch.autograd.gradcheck(context, inputs)


def test_refusals() -> None:
    with pytest.raises(UsageError, match=r"4 wide.*6 wide"):
        build_attention("dot", query_size=4, memory_size=6, attention_size=1)
    with pytest.raises(UsageError, match="expected one of additive, dot, scaled_dot, general"):
        build_attention("dots", query_size=4, memory_size=4, attention_size=1)


def test_select() -> None:
    _, encoded = tensors()
    attention = build_attention("additive", query_size=6, memory_size=6, attention_size=5)
    memory = attention.project(encoded, MASK).select(torch.tensor([1]))
    assert torch.equal(memory.values, encoded[1:]) and memory.keys.shape == (1, 3, 5)
    assert memory.mask.tolist() == [[True, True, False]]
