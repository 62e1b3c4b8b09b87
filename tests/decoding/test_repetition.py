"""Loops end: what the limit forbids, compared with brute force; that a network cannot go round in search."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from seq2seq.config import DecodingConfig
from seq2seq.decoding.decode import decode, growing
from seq2seq.decoding.engine import Array, StepOutput
from seq2seq.decoding.repetition import LimitRepeats
from seq2seq.decoding.search import beam
from seq2seq.text.tokenizer import Tokenizer
from tests.decoding.toy import EOS, OPTIONS, Toy, limits

VOCABULARY = 1200  # large enough for the rule about different tokens


def left(prefix: Sequence[int], *, repeats: int = 3, likeliest: int = 0, vocabulary: int = 20) -> set[int]:
    """The tokens that the rule leaves possible after `prefix`; EOS is 1, `likeliest` the most probable."""
    logits = torch.zeros(1, 1, vocabulary)
    logits[..., likeliest] = 5.0
    given_logits = logits.clone()
    rule = LimitRepeats(repeats, eos=1)
    changed = rule.apply(logits, torch.tensor([[list(prefix)]], dtype=torch.int64), torch.tensor([0]), None)
    possible = changed > -math.inf
    assert torch.equal(changed[possible], given_logits[possible])  # probabilities stay those of the model
    return set(possible[0, 0].nonzero().flatten().tolist())


def times_in_a_row(tokens: Sequence[int], size: int) -> int:
    """How often the last `size` tokens stand one after the other at the end of `tokens`."""
    last, count = list(tokens[-size:]), 0
    while (
        len(tokens) >= size * (count + 1) and list(tokens[len(tokens) - size * (count + 1) :][:size]) == last
    ):
        count += 1
    return count


ALL = set(range(20))


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ([5] * 7, ALL),
        ([5] * 8, ALL - {5}),
        ([4] + [5] * 8, ALL - {5}),
        ([5] * 8 + [4], ALL),
        ([5, 6] * 4, ALL),  # a ninth token only begins a repetition
        ([5, 6] * 4 + [5], ALL - {6}),
        ([6] + [5, 6] * 4, ALL - {5}),
        ([5, 6, 7] * 3 + [5, 6], ALL - {7}),
        ([5, 6, 7] * 2 + [5, 6], ALL),
        ([5, 6, 7, 8, 9] * 3 + [5, 6, 7, 8], ALL - {9}),
        (list(range(2, 18)) * 3 + list(range(2, 17)), ALL - {17}),  # 16 tokens
    ],
)
def test_forbidden_tokens_by_hand(prefix: list[int], expected: set[int]) -> None:
    assert left(prefix) == expected


def test_the_hypothesis_ends_if_the_loop_is_likeliest() -> None:
    assert left([5] * 8, likeliest=5) == {1}
    assert left([5] * 8, likeliest=6) == ALL - {5}
    assert left([5, 6, 7] * 3 + [5, 6], likeliest=7) == {1}


@settings(max_examples=300)
@given(st.lists(st.integers(2, 4), max_size=40), st.integers(1, 4))
def test_forbidden_tokens_agree_with_brute_force(prefix: list[int], repeats: int) -> None:
    expected = {
        token
        for token in range(20)
        if any(
            times_in_a_row([*prefix, token], size) > max(repeats, math.ceil(8 / size))
            for size in range(1, 17)
        )
    }
    assert left(prefix, repeats=repeats, likeliest=10) == ALL - expected


def test_tokens_must_be_different_enough() -> None:
    alike = [2 + (number * number) % 10 for number in range(32)]
    varied = [2 + number % 12 + 12 * (number // 12) for number in range(32)]
    assert len(set(alike)) <= 10
    assert left(alike, vocabulary=VOCABULARY) == {1}
    assert left(varied, vocabulary=VOCABULARY) == set(range(VOCABULARY))
    assert len(left(alike, vocabulary=300)) > 1  # digits or phonemes repeat of necessity


def test_a_hypothesis_does_not_end_where_a_rule_forbids_it() -> None:
    for penalty in (1e4, math.inf):
        logits = torch.zeros(1, 1, 20)
        logits[..., 5], logits[..., 1] = 5.0, -penalty
        changed = LimitRepeats(3, eos=1).apply(logits, torch.tensor([[[5] * 8]]), torch.tensor([0]), None)
        assert changed[0, 0, 5] == -math.inf
        assert changed[0, 0, 6] == 0.0


def test_columns_of_a_shortlist() -> None:
    logits, shortlist = torch.zeros(1, 1, 3), torch.tensor([3, 9, 5])
    logits[..., 1] = 1.0
    rule = LimitRepeats(3)
    changed = rule.apply(logits, torch.tensor([[[5] * 8]]), torch.tensor([0]), shortlist)
    assert changed.tolist() == [[[0.0, 1.0, -math.inf]]]
    without = torch.tensor([3, 9, 7])
    assert rule.apply(changed, torch.tensor([[[5] * 8]]), torch.tensor([0]), without) is changed


# In search


@dataclass(frozen=True)
class LoopState:
    """Number of steps so far, and the loop of each sentence."""

    step: int
    loops: list[list[int]]

    def select(self, sentences: Array, hypotheses: Array) -> LoopState:
        return replace(self, loops=[self.loops[number] for number in sentences.tolist()])


class LoopEngine:
    """Repeats its source over and over, with EOS much less likely, and counts the rows of its steps."""

    device = torch.device("cpu")

    def __init__(self, *, noise: float = 0.0) -> None:
        self.noise, self.rows = noise, 0

    def start(self, sources: Sequence[Sequence[int]]) -> LoopState:
        return LoopState(0, [list(source[:-1]) for source in sources])

    def step(self, tokens: Array, state: LoopState) -> StepOutput:
        self.rows += len(tokens)
        logits = torch.zeros(*tokens.shape, VOCABULARY)
        for row, loop in enumerate(state.loops):
            logits[row, :, loop[state.step % len(loop)]] = 12.0
            logits[row, :, 20:25] = self.noise
        return StepOutput(logits, logits.logsumexp(-1), None, None, replace(state, step=state.step + 1))


@pytest.mark.parametrize("beam_size", [1, 5])
@pytest.mark.parametrize("noise", [0.0, 9.0])
def test_a_network_that_repeats_itself_stops(beam_size: int, noise: float) -> None:
    engine = LoopEngine(noise=noise)
    config = DecodingConfig(beam_size=beam_size, max_length_factor=30)
    sources = [[30], [30, 31], [30, 31, 32], list(range(30, 46))]
    for source, (best, *_) in zip(sources, decode(engine, sources, config), strict=True):
        assert len(best.tokens) < max(40, 5 * len(source))
    free = decode(engine, sources, replace(config, max_repeats=0))
    assert all(len(best.tokens) + 1 == 30 * len(s) + 10 for s, (best, *_) in zip(sources, free, strict=True))


def test_a_stream_ends_with_a_loop() -> None:
    *_, last = growing(LoopEngine(), [30, 31], DecodingConfig(beam_size=1, max_length_factor=100))
    assert last.tokens == (*(30, 31) * 4, 30)  # four times each of the two sequences


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), width=st.sampled_from([1, 3]))
def test_batches_change_no_result(seed: int, width: int) -> None:
    toy = Toy.random(seed, tables=6, vocabulary=4)
    toy.logits[..., EOS] -= 4.0  # long answers
    options = replace(OPTIONS, beam_size=width, n_best=width)
    rule = LimitRepeats(2, eos=EOS)
    together = beam(toy.step, toy.start(), options, limits(*[16] * 6), constraints=[rule])
    for table, hypotheses in enumerate(together):
        (alone,) = beam(toy.step, toy.start(table), options, limits(16), constraints=[rule])
        assert alone == hypotheses
        for hypothesis in hypotheses:  # probabilities stay those of the model
            expected = sum(toy.log_probs(table, hypothesis.tokens))
            assert hypothesis.log_prob == pytest.approx(expected, abs=1e-4)
            ends = range(1, len(hypothesis.tokens) + 1)
            assert all(times_in_a_row(hypothesis.tokens[:end], 3) <= 3 for end in ends)


def test_equal_sentences_are_decoded_once() -> None:
    engine, config = LoopEngine(), DecodingConfig(beam_size=2, batch_size=4)
    once = decode(engine, [[30], [40, 41]], config)
    rows, engine.rows = engine.rows, 0
    many = decode(engine, [[30], [40, 41], [30]] * 50, config)
    assert engine.rows == rows
    assert many == [once[0], once[1], once[0]] * 50


@dataclass(frozen=True)
class EndAt:
    """The hypotheses of sentence number n end after n tokens."""

    lengths: tuple[int, ...]

    def select(self, sentences: Sequence[int]) -> EndAt:
        return EndAt(tuple(self.lengths[number] for number in sentences))

    def apply(self, logits: Tensor, prefixes: Tensor, sentences: Tensor, candidates: Tensor | None) -> Tensor:
        for row, number in enumerate(sentences.tolist()):
            ends = prefixes.shape[-1] >= self.lengths[number]
            logits[row, :, Tokenizer.eos_id] = 50.0 if ends else -50.0
        return logits


def test_sentences_with_constraints_are_decoded_apart_unless_asked() -> None:
    config, rule = DecodingConfig(beam_size=1), EndAt((0, 1, 2))
    results = decode(LoopEngine(), [[30]] * 3, config, constraints=[rule])
    assert [len(best.tokens) for best, *_ in results] == [0, 1, 2]
    merged = decode(LoopEngine(), [[30]] * 3, config, constraints=[rule], merge=True)
    assert [len(best.tokens) for best, *_ in merged] == [0, 0, 0]
