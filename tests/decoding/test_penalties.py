"""Length normalisation and coverage penalty, by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from seq2seq.config import DecodingConfig
from seq2seq.decoding.decode import decode
from seq2seq.decoding.hypotheses import Hypothesis
from seq2seq.decoding.penalties import LEAST_ATTENTION, add_coverage, coverage, length_divisor
from seq2seq.decoding.search import beam
from seq2seq.engines.torch_engine import TorchEngine
from seq2seq.errors import UsageError
from tests import tiny
from tests.decoding.toy import OPTIONS, Toy, limits


@pytest.mark.parametrize(
    ("normalisation", "exponent", "length", "expected"),
    [
        ("average", 1.0, 7.0, 7.0),
        ("average", 0.5, 9.0, 3.0),
        ("average", 0.0, 9.0, 1.0),
        ("none", 1.0, 9.0, 1.0),
        ("wu", 1.0, 7.0, 2.0),  # (5 + 7) / 6
        ("wu", 2.0, 13.0, 9.0),  # (18 / 6)^2
        ("wu", 0.6, 1.0, 1.0),
    ],
)
def test_length_divisor_by_hand(normalisation: str, exponent: float, length: float, expected: float) -> None:
    assert length_divisor(length, normalisation, exponent) == pytest.approx(expected)
    lengths = torch.tensor([length], dtype=torch.float64)
    assert length_divisor(lengths, normalisation, exponent).tolist() == pytest.approx([expected])


@pytest.mark.parametrize("normalisation", ["none", "average", "wu"])
def test_a_search_ranks_by_the_normalised_score(normalisation: str) -> None:
    """A beam wide enough to keep everything finds the best of all sequences, by brute force."""
    toy, alpha, longest = Toy.random(4, vocabulary=5), 1.3, 4
    options = replace(OPTIONS, beam_size=40, length_penalty=alpha, length_normalisation=normalisation)
    divide = {
        "none": lambda length: 1.0,
        "average": lambda length: length**alpha,
        "wu": lambda length: ((5 + length) / 6) ** alpha,
    }[normalisation]
    for table, (best,) in enumerate(beam(toy.step, toy.start(), options, limits(*[longest] * 3))):
        scores = {
            tokens: sum(toy.log_probs(table, tokens)) / divide(len(tokens) + 1)
            for tokens in toy.space(longest)
        }
        assert best.tokens == max(scores, key=lambda tokens: scores[tokens])
        assert best.score == pytest.approx(scores[best.tokens], abs=1e-5)


def test_coverage_by_hand() -> None:
    """Attention per source token: 0.5 + 0.25, 0.5 + 0.75 (more than 1 counts as 1), 0."""
    weights = torch.tensor([[0.5, 0.5, 0.0], [0.25, 0.75, 0.0]])
    assert coverage(weights[:, :2]) == pytest.approx(math.log(0.75))
    assert coverage(weights) == pytest.approx(math.log(0.75) + math.log(LEAST_ATTENTION), abs=1e-6)


def hypothesis(score: float, weights: list[list[float]] | None, *tokens: int) -> Hypothesis:
    given = None if weights is None else torch.tensor(weights)
    return Hypothesis(tokens, score, score, (), given)


def test_the_coverage_penalty_changes_the_order() -> None:
    """Of two source tokens, the first hypothesis leaves one at 0.1. EOS (column 3) does not count."""
    first = hypothesis(-1.0, [[0.8, 0.1, 0.1], [0.9, 0.0, 0.1]], 5)
    second = hypothesis(-1.5, [[0.9, 0.0, 0.1], [0.0, 1.0, 0.0]], 6)
    ranked = add_coverage([first, second], weight=0.5, length=2)
    assert [one.tokens for one in ranked] == [(6,), (5,)]
    assert ranked[0].score == pytest.approx(-1.5 + 0.5 * math.log(0.9))
    assert ranked[1].score == pytest.approx(-1.0 + 0.5 * math.log(0.1))
    assert [one.tokens for one in add_coverage([first, second], weight=0.01, length=2)] == [(5,), (6,)]


def test_coverage_without_attention_is_refused() -> None:
    with pytest.raises(UsageError, match=r"coverage_penalty is 0\.5, expected 0: the model has no attention"):
        add_coverage([hypothesis(-1.0, None, 5)], weight=0.5, length=2)


def test_a_decoded_score_is_the_formula_of_wu() -> None:
    """Alone and beside a longer sentence, whose padding must not count as uncovered."""
    engine = TorchEngine(tiny.bundle(seed=3).model)
    config = DecodingConfig(
        beam_size=4, n_best=4, length_normalisation="wu", length_penalty=0.7, coverage_penalty=0.3
    )
    source = [270, 280, 290]
    alone = decode(engine, [source], config)[0]
    beside = decode(engine, [[275] * 9, source], config)[1]
    for one in (*alone, *beside):
        assert one.weights is not None
        attention = one.weights[:, : len(source)].double().sum(0).clamp(max=1.0)
        length = len(one.tokens) + 1
        expected = one.log_prob / ((5 + length) / 6) ** 0.7 + 0.3 * float(attention.log().sum())
        assert one.score == pytest.approx(expected, abs=1e-6)
    assert [one.tokens for one in alone] == [one.tokens for one in beside]
    scores = [one.score for one in alone]
    assert scores == sorted(scores, reverse=True)


def test_the_best_by_coverage_is_found_among_the_whole_beam() -> None:
    engine = TorchEngine(tiny.bundle(seed=3).model)
    config = DecodingConfig(beam_size=4, n_best=4, coverage_penalty=2.0)
    best, *_ = decode(engine, [[270, 280, 290]], config)[0]
    assert decode(engine, [[270, 280, 290]], replace(config, n_best=1))[0] == [best]
