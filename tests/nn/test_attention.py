"""Attention agrees with numbers computed by hand, and with torch's multi-head attention."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import cast, get_args, get_type_hints

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from seq2seq.config import ModelConfig
from seq2seq.errors import UsageError
from seq2seq.nn.attention import ATTENTIONS, Attention, AttentionState, Local, Memory, build_attention

MASK = torch.tensor([[True, True, True], [True, True, False]])
ATTENDING = sorted(set(ATTENTIONS) - {"none"})


def build(kind: str, query_size: int = 6, memory_size: int = 6, attention_size: int = 4) -> Attention:
    sizes = {"query_size": query_size, "memory_size": memory_size, "attention_size": attention_size}
    return build_attention(kind, **sizes, heads=2, window=2)


def fill(attention: Attention, **values: float | Sequence[object]) -> None:
    """Set the parameters by name, with double underscores for dots."""
    parameters = dict(attention.named_parameters())
    assert {name.replace("__", ".") for name in values} == set(parameters)
    with torch.no_grad():
        for name, value in values.items():
            parameter = parameters[name.replace("__", ".")]
            parameter.copy_(torch.tensor(value).view(parameter.shape))


def attend(
    attention: Attention, queries: Tensor, memory: Memory, state: AttentionState | None = None
) -> tuple[Tensor, Tensor, AttentionState]:
    """Call `attend`; `state` defaults to the state at the start."""
    state = attention.start(memory) if state is None else state
    return cast("tuple[Tensor, Tensor, AttentionState]", attention.attend(queries, memory, state))


def memory_of(attention: Attention, encoded: list[list[float]], real: int | None = None) -> Memory:
    """The memory of one sentence. Its first `real` tokens are real, the others padding."""
    length = len(encoded) if real is None else real
    mask = torch.arange(len(encoded)).unsqueeze(0) < length
    return attention.project(torch.tensor([encoded]), mask)


def softmax(scores: Sequence[float]) -> list[float]:
    total = sum(map(math.exp, scores))
    return [math.exp(score) / total for score in scores]


def tensors() -> tuple[Tensor, Tensor]:
    torch.manual_seed(1)
    return torch.randn(2, 4, 6), torch.randn(2, 3, 6)


# Properties of every kind


@pytest.mark.parametrize("kind", ATTENDING)
def test_rows_sum_to_one_and_padding_is_zero(kind: str) -> None:
    queries, encoded = tensors()
    attention = build(kind)
    memory = attention.project(encoded, MASK)
    context, weights, _ = attend(attention, queries, memory)
    assert context.shape == (2, 4, attention.context_size) and weights.shape == (2, 4, 3)
    assert weights[1, :, 2].tolist() == [0.0] * 4
    if kind == "local":
        assert bool((weights.sum(-1) < 1).all()) and bool((weights >= 0).all())
    else:
        torch.testing.assert_close(weights.sum(-1), torch.ones(2, 4), atol=1e-6, rtol=0)
    if kind != "multi_head":
        torch.testing.assert_close(context, torch.einsum("bts,bsm->btm", weights, encoded), atol=1e-6, rtol=0)


@pytest.mark.parametrize("kind", ATTENDING)
def test_padding_changes_nothing(kind: str) -> None:
    """Neither the values on padding nor their number."""
    queries, encoded = tensors()
    attention = build(kind)
    other = encoded.clone()
    other[1, 2] = 1e4
    one = attend(attention, queries, attention.project(encoded, MASK))
    two = attend(attention, queries, attention.project(other, MASK))
    assert torch.equal(one[0], two[0]) and torch.equal(one[1], two[1])

    alone = attend(attention, queries[1:], attention.project(encoded[1:, :2], MASK[1:, :2]))
    wider = torch.cat([other, torch.full((2, 9, 6), 1e4)], 1)
    padded = attention.project(wider, torch.cat([MASK, torch.zeros(2, 9, dtype=torch.bool)], 1))
    together = attend(attention, queries, padded)
    torch.testing.assert_close(together[0][1:], alone[0], atol=1e-6, rtol=0)
    torch.testing.assert_close(together[1][1:, :, :2], alone[1], atol=1e-6, rtol=0)
    assert not together[1][1, :, 2:].any()


@pytest.mark.parametrize("kind", ATTENDING)
def test_steps_and_hypotheses_are_independent(kind: str) -> None:
    """For K = 3 hypotheses of 2 sentences, one call with T = 2 equals two calls with T = 1. A hypothesis that
    is selected twice, at another position, continues in the same way."""
    (_, encoded), attention = tensors(), build(kind)
    memory = attention.project(encoded, MASK)
    queries = torch.randn(2, 3, 2, 6)
    start = tuple(torch.rand(6, 3) * MASK.repeat_interleave(3, 0) for _ in attention.start(memory))
    context, weights, after = attend(attention, queries.flatten(1, 2), memory, start)
    context, weights = context.view(2, 3, 2, -1), weights.view(2, 3, 2, -1)
    state = start
    for step in range(2):
        one = attend(attention, queries[:, :, step], memory, state)
        torch.testing.assert_close(one[0], context[:, :, step], atol=1e-6, rtol=0)
        torch.testing.assert_close(one[1], weights[:, :, step], atol=1e-6, rtol=0)
        state = one[2]
    torch.testing.assert_close(state, after, atol=1e-6, rtol=0)

    rows = torch.tensor([5, 3, 5])  # only sentence 1 remains, with its hypotheses 2, 0 and 2
    only, chosen = memory.select(torch.tensor([1])), tuple(part[rows] for part in start)
    again = attend(attention, queries[1:, [2, 0, 2]].flatten(1, 2), only, chosen)
    torch.testing.assert_close(again[0].view(3, 2, -1), context[1, [2, 0, 2]], atol=1e-6, rtol=0)
    torch.testing.assert_close(again[2], tuple(part[rows] for part in after), atol=1e-6, rtol=0)


@pytest.mark.parametrize("kind", ATTENDING)
def test_gradients_equal_finite_differences(kind: str) -> None:
    """Gradients of context, weights and state with respect to queries, memory, state and parameters."""
    torch.manual_seed(3)
    attention = build(kind, 3, 3, 2).double()
    mask = torch.tensor([[True, True, False]])
    start = attention.start(attention.project(torch.zeros(1, 3, 3).double(), mask))

    def outputs(queries: Tensor, encoded: Tensor, *others: Tensor) -> tuple[Tensor, ...]:
        memory = attention.project(encoded, mask)
        context, weights, after = attend(attention, queries, memory, others[: len(start)])
        return context, weights, *after

    inputs = [torch.randn(1, n, 3, dtype=torch.float64, requires_grad=True) for n in (2, 3)]
    inputs += [torch.rand_like(part).requires_grad_() for part in start]
    assert torch.autograd.gradcheck(outputs, [*inputs, *attention.parameters()])


@pytest.mark.parametrize("kind", sorted(ATTENTIONS))
def test_number_types_inference_mode_and_meta_device(kind: str) -> None:
    queries, encoded = tensors()
    attention = build(kind)
    with torch.inference_mode():
        memory = attention.project(encoded, MASK)
        context, weights, state = attention.attend(queries, memory, attention.start(memory))
        with torch.autocast("cpu", dtype=torch.bfloat16):
            half = attention.project(encoded.bfloat16(), MASK)
            mixed = attention.attend(queries.bfloat16(), half, attention.start(half))
    torch.testing.assert_close(mixed[0].float(), context, atol=0.05, rtol=0)
    if weights is not None and mixed[1] is not None:
        torch.testing.assert_close(mixed[1].float(), weights, atol=0.02, rtol=0)
        assert mixed[1][1, :, 2].tolist() == [0.0] * 4
    exact = attention.double().project(encoded.double(), MASK)
    double = attention.attend(queries.double(), exact, attention.start(exact))
    assert double[0].dtype == torch.float64
    torch.testing.assert_close(double[0].float(), context, atol=1e-5, rtol=0)

    with torch.device("meta"):
        empty = build(kind)
        memory = empty.project(torch.empty(2, 3, 6), torch.empty(2, 3, dtype=torch.bool))
        shape = empty.attend(torch.empty(2, 4, 6), memory, empty.start(memory))
    assert shape[0].shape == context.shape and shape[0].is_meta
    assert [part.shape for part in shape[2]] == [part.shape for part in state]


# Each kind's equation


def test_none_has_an_empty_context() -> None:
    queries, encoded = tensors()
    attention = build("none", 6, 5)
    memory = attention.project(encoded, MASK)
    context, weights, state = attention.attend(queries, memory, attention.start(memory))
    assert context.shape == (2, 4, 0) and attention.context_size == 0
    assert weights is None and state == () and len(memory.values) == 2
    assert not list(attention.parameters())


@pytest.mark.parametrize(("kind", "scale"), [("dot", 1.0), ("scaled_dot", 1 / math.sqrt(2))])
def test_dot_equals_hand_calculation(kind: str, scale: float) -> None:
    """q = (1, 2); k = (3, 0), (0, 1): scores 3 and 2."""
    attention = build(kind, 2, 2, 0)
    memory = memory_of(attention, [[3.0, 0.0], [0.0, 1.0]])
    context, weights, _ = attend(attention, torch.tensor([[[1.0, 2.0]]]), memory)
    first = math.exp(3 * scale) / (math.exp(3 * scale) + math.exp(2 * scale))
    assert weights[0, 0].tolist() == pytest.approx([first, 1 - first], abs=1e-6)
    assert context[0, 0].tolist() == pytest.approx([3 * first, 1 - first], abs=1e-6)


def test_general_equals_hand_calculation() -> None:
    """W = [[1, 1], [0, 2]]; W k = (3, 0) and (1, 2); q = (1, 2): scores 3 and 5."""
    attention = build("general", 2, 2, 0)
    fill(attention, key__weight=[[1.0, 1.0], [0.0, 2.0]])
    memory = memory_of(attention, [[3.0, 0.0], [0.0, 1.0]])
    _, weights, _ = attend(attention, torch.tensor([[[1.0, 2.0]]]), memory)
    first = 1 / (1 + math.exp(2))
    assert weights[0, 0].tolist() == pytest.approx([first, 1 - first], abs=1e-6)


def test_additive_equals_hand_calculation() -> None:
    """One hidden unit: score = 2 tanh(0.5 q + 1 k + 0.1)."""
    attention = build("additive", 1, 1, 1)
    fill(attention, query__weight=0.5, key__weight=1.0, key__bias=0.1, energy=2.0)
    _, weights, _ = attend(attention, torch.tensor([[[0.4]]]), memory_of(attention, [[0.3], [-0.7]]))
    expected = softmax([2 * math.tanh(0.6), 2 * math.tanh(-0.4)])
    assert weights[0, 0].tolist() == pytest.approx(expected, abs=1e-6)


def test_normalised_additive_equals_hand_calculation() -> None:
    """v = (3, 4), so v / ‖v‖ = (0.6, 0.8); g = 2: score = 1.2 tanh(q + k + 0.1) + 1.6 tanh(2 q - k)."""
    attention = build("normalised_additive", 1, 1, 2)
    fill(
        attention,
        query__weight=[1.0, 2.0],
        key__weight=[1.0, -1.0],
        key__bias=[0.1, 0.0],
        energy=[3.0, 4.0],
        gain=2.0,
    )
    _, weights, _ = attend(attention, torch.tensor([[[0.4]]]), memory_of(attention, [[0.3], [-0.7]]))
    expected = [1.2 * math.tanh(0.8) + 1.6 * math.tanh(0.5), 1.2 * math.tanh(-0.2) + 1.6 * math.tanh(1.5)]
    assert weights[0, 0].tolist() == pytest.approx(softmax(expected), abs=1e-6)


def test_normalised_additive_starts_equal_to_additive() -> None:
    """Both start with b = 0, and g starts at ‖v‖. After that g scales the scores, and ‖v‖ does not."""
    queries, encoded = tensors()
    normalised, additive = build("normalised_additive"), build("additive")
    additive.load_state_dict({k: v for k, v in normalised.state_dict().items() if k != "gain"})
    assert not additive.get_parameter("key.bias").any()
    keys = additive.keys(encoded)
    scores = additive.score(queries, keys)
    torch.testing.assert_close(normalised.score(queries, keys), scores, atol=1e-6, rtol=0)
    with torch.no_grad():
        normalised.get_parameter("energy").mul_(7)
        normalised.get_parameter("gain").mul_(3)
    torch.testing.assert_close(normalised.score(queries, keys), 3 * scores, atol=1e-6, rtol=0)


def test_multi_head_equals_hand_calculation() -> None:
    """Two heads of one unit, all projections 1 but W_V = 10 and W_O = [[1, 1], [0, 2]]. q = (1, 2);
    k = (0, ln 3), (ln 3, 0): head 1 scores 0 and ln 3, head 2 2 ln 3 and 0."""
    attention = build("multi_head", 2, 2, 2)
    one = [[1.0, 0.0], [0.0, 1.0]]
    fill(
        attention,
        query__weight=one,
        key__weight=one,
        value__weight=[[10.0, 0.0], [0.0, 10.0]],
        output__weight=[[1.0, 1.0], [0.0, 2.0]],
    )
    log = math.log(3)
    memory = memory_of(attention, [[0.0, log], [log, 0.0], [50.0, 50.0]], real=2)
    context, weights, _ = attend(attention, torch.tensor([[[1.0, 2.0]]]), memory)
    # head 1: (1/4, 3/4), context 10 (3/4 ln 3); head 2: (9/10, 1/10), context 10 (9/10 ln 3)
    assert weights[0, 0].tolist() == pytest.approx([0.575, 0.425, 0.0], abs=1e-6)
    assert context[0, 0].tolist() == pytest.approx([16.5 * log, 18 * log], abs=1e-5)


def test_multi_head_equals_torch() -> None:
    """With the same weights in torch's function, and sources of different lengths."""
    torch.manual_seed(2)
    queries, encoded = torch.randn(2, 4, 8), torch.randn(2, 3, 6)
    attention = build("multi_head", 8, 6, 8)
    context, weights, _ = attend(attention, queries, attention.project(encoded, MASK))
    of = attention.get_parameter
    expected, mean = functional.multi_head_attention_forward(
        query=queries.transpose(0, 1),  # time first
        key=encoded.transpose(0, 1),
        value=encoded.transpose(0, 1),
        embed_dim_to_check=8,
        num_heads=2,
        in_proj_weight=None,
        in_proj_bias=None,
        bias_k=None,
        bias_v=None,
        add_zero_attn=False,
        dropout_p=0.0,
        out_proj_weight=of("output.weight"),
        out_proj_bias=None,
        key_padding_mask=~MASK,
        use_separate_proj_weight=True,
        q_proj_weight=of("query.weight"),
        k_proj_weight=of("key.weight"),
        v_proj_weight=of("value.weight"),
    )
    torch.testing.assert_close(context, expected.transpose(0, 1), atol=1e-6, rtol=0)
    torch.testing.assert_close(weights, mean, atol=1e-6, rtol=0)


def local_at(share: float) -> Attention:
    """D = 2, so σ = 1; W = 1; v such that σ(vᵀ tanh(W_p q)) is `share` for q = 1, where W_p = 0.5."""
    attention = build("local", 1, 1, 1)
    logit = math.log(share / (1 - share))
    fill(attention, key__weight=1.0, position__weight=0.5, centre=logit / math.tanh(0.5))
    return attention


def test_local_equals_hand_calculation() -> None:
    """Four real tokens: p = 4 × 0.7 = 2.8. The window is 0.8 to 4.8, and position 4 is padding. The softmax
    of the scores 0, ln 2 and ln 5 is 1/8, 2/8 and 5/8; their distances from p are 1.8, 0.8 and 0.2."""
    attention = local_at(0.7)
    encoded = [[9.0], [0.0], [math.log(2)], [math.log(5)], [9.0], [9.0]]
    context, weights, _ = attend(attention, torch.ones(1, 1, 1), memory_of(attention, encoded, real=4))
    gaussian = [math.exp(-0.5 * offset**2) for offset in (1.8, 0.8, 0.2)]
    expected = [0.0, gaussian[0] / 8, gaussian[1] / 4, gaussian[2] * 5 / 8, 0.0, 0.0]
    assert weights[0, 0].tolist() == pytest.approx(expected, abs=1e-6)
    assert weights[0, 0, [0, 4, 5]].tolist() == [0.0] * 3
    mean = expected[2] * math.log(2) + expected[3] * math.log(5)
    assert context.item() == pytest.approx(mean, abs=1e-6)  # not divided by the sum of the weights, 0.82


def test_local_centre_depends_on_the_real_length() -> None:
    """p is a share of the real length, not of the padded length. Even at its ends the window has a token."""
    attention = local_at(0.5)
    assert isinstance(attention, Local)
    mask = torch.arange(8) < torch.tensor([[8], [3], [1]])
    centres = attention.centres(torch.ones(3, 1, 1), mask)
    assert centres.flatten().tolist() == pytest.approx([4.0, 1.5, 0.5], abs=1e-6)
    with torch.no_grad():
        attention.centre.fill_(1e4)
    queries = torch.tensor([-1.0, 1.0]).view(1, 2, 1).expand(3, -1, -1)
    assert attention.centres(queries, mask).tolist() == [[0.0, 8.0], [0.0, 3.0], [0.0, 1.0]]
    _, weights, _ = attend(attention, queries, attention.project(torch.ones(3, 8, 1), mask))
    gaussian = [math.exp(-0.5 * offset**2) for offset in range(3)]
    assert weights[0, 0].tolist() == pytest.approx([b / 3 for b in gaussian] + [0.0] * 5, abs=1e-6)
    assert weights[0, 1].tolist() == pytest.approx([0.0] * 6 + [gaussian[2] / 2, gaussian[1] / 2], abs=1e-6)
    assert weights[2, 1].tolist() == pytest.approx([gaussian[1]] + [0.0] * 7, abs=1e-6)


def test_coverage_equals_hand_calculation() -> None:
    """One hidden unit: score = 2 tanh(0.5 q + k - 1.5 c + 0.1), for three steps and two real tokens. A
    position that was attended to gets less weight at the next step."""
    attention = build("coverage", 1, 1, 1)
    fill(attention, query__weight=0.5, key__weight=1.0, key__bias=0.1, energy=2.0, covered=-1.5)
    queries, keys, covered = [0.4, 0.4, -1.0], [0.3, -0.7], [0.0, 0.0]
    expected = []
    for query in queries:
        hidden = [0.5 * query + key - 1.5 * c + 0.1 for key, c in zip(keys, covered, strict=True)]
        expected.append(softmax([2 * math.tanh(value) for value in hidden]))
        covered = [c + weight for c, weight in zip(covered, expected[-1], strict=True)]
    memory = memory_of(attention, [[0.3], [-0.7], [5.0]], real=2)
    _, weights, state = attend(attention, torch.tensor(queries).view(1, 3, 1), memory)
    for row, wanted in zip(weights[0], expected, strict=True):
        assert row.tolist() == pytest.approx([*wanted, 0.0], abs=1e-6)
    assert state[0][0].tolist() == pytest.approx([*covered, 0.0], abs=1e-6)
    assert expected[0] == pytest.approx([0.8622, 0.1378], abs=1e-4) and expected[1][0] < 0.5


def test_coverage_starts_at_zero() -> None:
    _, encoded = tensors()
    attention = build("coverage")
    (state,) = attention.start(attention.project(encoded, MASK))
    assert state.tolist() == [[0.0] * 3] * 2


# Parameter names of models on disk, and errors

ADDITIVE = {"query.weight": (4, 5), "key.weight": (4, 6), "key.bias": (4,), "energy": (4,)}


@pytest.mark.parametrize(
    ("kind", "shapes"),
    [
        ("general", {"key.weight": (5, 6)}),
        ("additive", ADDITIVE),
        ("normalised_additive", ADDITIVE | {"gain": ()}),
        ("coverage", ADDITIVE | {"covered": (4,)}),
        ("local", {"key.weight": (5, 6), "position.weight": (4, 5), "centre": (4,)}),
        (
            "multi_head",
            {"query.weight": (4, 5), "key.weight": (4, 6), "value.weight": (4, 6), "output.weight": (6, 4)},
        ),
    ],
)
def test_parameter_names_are_those_of_stored_models(kind: str, shapes: dict[str, tuple[int, ...]]) -> None:
    """H = 5, M = 6, A = 4."""
    attention = build(kind, 5, 6, 4)
    assert {name: tuple(value.shape) for name, value in attention.named_parameters()} == shapes
    assert attention.context_size == 6


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(UsageError, match=r"decoder_size is 4, expected 6, the width of the encoder"):
        build("dot", 4, 6)
    with pytest.raises(UsageError, match="expected one of none, dot, scaled_dot, general, additive"):
        build("dots")
    with pytest.raises(UsageError, match=r"attention_size is 5, expected a multiple of .*, which is 2"):
        build("multi_head", attention_size=5)
    sizes = {"query_size": 6, "memory_size": 6, "attention_size": 4}
    with pytest.raises(UsageError, match="attention_heads, which is 0"):
        build_attention("multi_head", **sizes, heads=0)
    with pytest.raises(UsageError, match="attention_window is 0"):
        build_attention("local", **sizes, window=0)


def test_select_keeps_the_rows_of_a_memory() -> None:
    _, encoded = tensors()
    memory = build("additive").project(encoded, MASK)
    row = torch.tensor([1])
    chosen = memory.select(row)
    assert torch.equal(chosen.values, encoded[1:]) and chosen.keys.shape == (1, 3, 4)
    assert chosen.mask.tolist() == [[True, True, False]] and chosen.tokens is None
    tokens = torch.tensor([[7, 8, 3], [9, 3, 0]])
    copied = Memory(memory.keys, memory.values, memory.mask, tokens).select(row).tokens
    assert copied is not None and copied.tolist() == [[9, 3, 0]]


def test_the_choices_of_the_setting_are_the_kinds() -> None:
    assert set(get_args(get_type_hints(ModelConfig)["attention"])) == set(ATTENTIONS)
