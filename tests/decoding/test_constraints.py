"""Constraints: what they forbid, compared with brute force; that search applies them in any batch."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from seq2seq.config import DecodingConfig
from seq2seq.decoding.constraints import Constraint, NoRepeatNgrams, configured_constraints
from seq2seq.decoding.decode import decode, growing
from seq2seq.decoding.min_length import MinLength
from seq2seq.decoding.repetition import LimitRepeats
from seq2seq.decoding.repetition_penalty import RepetitionPenalty
from seq2seq.decoding.search import beam, greedy, sample
from seq2seq.engines.torch_engine import TorchEngine
from tests import tiny
from tests.decoding.toy import EOS, OPTIONS, Toy, limits, tokens_of

SEEDS = st.integers(0, 10**6)


def repeats(tokens: Sequence[int], size: int) -> bool:
    """Whether a sequence of `size` tokens occurs twice."""
    ngrams = [tuple(tokens[i : i + size]) for i in range(len(tokens) - size + 1)]
    return len(set(ngrams)) < len(ngrams)


@dataclass(frozen=True)
class StartWith:
    """The first token of each sentence is given: a constraint that depends on the sentence."""

    tokens: tuple[int, ...]

    def select(self, sentences: Sequence[int]) -> StartWith:
        return StartWith(tuple(self.tokens[number] for number in sentences))

    def apply(self, logits: Tensor, prefixes: Tensor, sentences: Tensor, candidates: Tensor | None) -> Tensor:
        if prefixes.shape[-1] == 0:
            assert candidates is None
            for row, number in enumerate(sentences.tolist()):
                others = torch.arange(logits.shape[-1]) != self.tokens[number]
                logits[row] = logits[row].masked_fill(others, -math.inf)
        return logits


@dataclass(frozen=True)
class CheckShapes:
    """Changes nothing; asserts the shapes and types of what it is given."""

    def select(self, sentences: Sequence[int]) -> CheckShapes:
        return self

    def apply(self, logits: Tensor, prefixes: Tensor, sentences: Tensor, candidates: Tensor | None) -> Tensor:
        assert prefixes.dtype == torch.int64
        assert prefixes.shape[:2] == logits.shape[:2]
        assert len(sentences) == len(prefixes)
        return logits


def blocked(prefix: list[int], size: int, candidates: list[int] | None = None) -> set[int]:
    """Columns that the constraint forbids after `prefix`, of ten or of a shortlist."""
    logits = NoRepeatNgrams(size).apply(
        torch.zeros(1, 1, 10 if candidates is None else len(candidates)),
        torch.tensor([[prefix]], dtype=torch.int64),
        torch.tensor([0]),
        None if candidates is None else torch.tensor(candidates),
    )
    return {column for column, logit in enumerate(logits[0, 0].tolist()) if logit == -math.inf}


@pytest.mark.parametrize(
    ("prefix", "size", "expected"),
    [
        ([], 1, set()),
        ([4], 1, {4}),
        ([4, 5], 1, {4, 5}),
        ([4, 5, 4], 2, {5}),
        ([4, 5, 4, 6, 4], 2, {5, 6}),
        ([4, 4], 2, {4}),
        ([4, 5, 6, 4, 5], 3, {6}),
        ([4, 5, 6, 5, 4], 3, set()),
    ],
)
def test_blocked_tokens_by_hand(prefix: list[int], size: int, expected: set[int]) -> None:
    assert blocked(prefix, size) == expected


def test_columns_of_a_shortlist() -> None:
    assert blocked([4, 5, 4], 2, candidates=[3, 5, 8]) == {1}
    assert blocked([4, 6, 4], 2, candidates=[3, 5, 8]) == set()


@given(st.lists(st.integers(0, 3), max_size=12), st.integers(1, 4))
def test_blocked_tokens_agree_with_brute_force(prefix: list[int], size: int) -> None:
    ngrams = {tuple(prefix[i : i + size]) for i in range(len(prefix) - size + 1)}
    last = prefix[len(prefix) - size + 1 :] if len(prefix) >= size - 1 else None
    expected = {token for token in range(10) if last is not None and (*last, token) in ngrams}
    assert blocked(prefix, size) == expected


# In search


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS, size=st.integers(1, 2), n_best=st.sampled_from([1, 4]))
def test_a_wide_beam_finds_the_best_sequences_without_repetition(seed: int, size: int, n_best: int) -> None:
    toy = Toy.random(seed)
    options = replace(OPTIONS, beam_size=130, n_best=n_best)  # more than 1 + 3 + 9 + 27 + 81 sequences
    lengths = (5, 3, 5)
    results = beam(toy.step, toy.start(), options, limits(*lengths), constraints=[NoRepeatNgrams(size)])
    for table, (hypotheses, longest) in enumerate(zip(results, lengths, strict=True)):
        allowed = [tokens for tokens in toy.space(longest) if not repeats(tokens, size)]
        allowed.sort(key=lambda tokens: -toy.score(table, tokens, 1.0))
        assert [h.tokens for h in hypotheses] == allowed[:n_best]
        for hypothesis in hypotheses:  # probabilities stay those of the model
            assert hypothesis.score == pytest.approx(toy.score(table, hypothesis.tokens, 1.0), abs=1e-5)


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS, first=st.lists(st.integers(2, 4), min_size=3, max_size=3))
def test_a_constraint_may_depend_on_the_sentence(seed: int, first: list[int]) -> None:
    toy = Toy.random(seed)
    options = replace(OPTIONS, beam_size=40, n_best=3)
    rule = StartWith(tuple(first))
    results = beam(toy.step, toy.start(), options, limits(4, 2, 4), constraints=[rule, CheckShapes()])
    for table, (hypotheses, longest) in enumerate(zip(results, (4, 2, 4), strict=True)):
        allowed = [tokens for tokens in toy.space(longest) if tokens[:1] == (first[table],)]
        allowed.sort(key=lambda tokens: -toy.score(table, tokens, 1.0))
        assert [h.tokens for h in hypotheses] == allowed[: len(hypotheses)]
        assert len(hypotheses) == min(3, len(allowed))


@settings(max_examples=5, deadline=None)
@given(seed=SEEDS, order=st.permutations(range(20)), width=st.sampled_from([1, 3]))
def test_batches_change_no_result_with_constraints(seed: int, order: list[int], width: int) -> None:
    toy = Toy.random(seed, tables=20, vocabulary=6)
    options = replace(OPTIONS, beam_size=width, n_best=width)
    lengths = [2 + (number * 7) % 10 for number in range(20)]
    rules = [NoRepeatNgrams(2), StartWith(tuple(2 + number % 4 for number in range(20)))]
    together = beam(
        toy.step,
        toy.start(*order),
        options,
        limits(*(lengths[n] for n in order)),
        constraints=[rule.select(order) for rule in rules],
    )
    for number, hypotheses in zip(order, together, strict=True):
        own = [rule.select([number]) for rule in rules]
        (alone,) = beam(toy.step, toy.start(number), options, limits(lengths[number]), constraints=own)
        assert hypotheses == alone
        assert not any(repeats(h.tokens, 2) for h in hypotheses)


def test_greedy_and_samples_obey_constraints() -> None:
    toy = Toy.random(5, vocabulary=6)
    toy.logits[..., EOS] = -9.0
    for run in (greedy, partial(sample, ids=(0, 1, 2))):
        options = replace(OPTIONS, n_best=3)
        free = run(toy.step, toy.start(), options, limits(9, 9, 9))
        bound = run(toy.step, toy.start(), options, limits(9, 9, 9), constraints=[NoRepeatNgrams(2)])
        assert any(repeats(tokens, 2) for hypotheses in tokens_of(free) for tokens in hypotheses)
        assert not any(repeats(tokens, 2) for hypotheses in tokens_of(bound) for tokens in hypotheses)


# In decoding


SOURCES = [[random.Random(n).randrange(260, 300) for _ in range(1 + n % 9)] for n in range(8)]


@pytest.mark.parametrize("beam_size", [1, 3])
@pytest.mark.parametrize("size", [1, 2])
def test_translations_repeat_nothing_in_any_batch(beam_size: int, size: int) -> None:
    engine = TorchEngine(tiny.bundle(seed=3).model)
    config = DecodingConfig(
        beam_size=beam_size, n_best=beam_size, no_repeat_ngram=size, max_length_factor=2.0, batch_size=64
    )
    together = decode(engine, SOURCES, config)
    assert not any(repeats(tokens, size) for hypotheses in tokens_of(together) for tokens in hypotheses)
    alone = [decode(engine, [source], config)[0] for source in SOURCES]
    assert tokens_of(alone) == tokens_of(together)


def test_sentence_numbers_are_positions_in_the_sources() -> None:
    """Sources are sorted by length and cut into batches before search sees them."""
    engine = TorchEngine(tiny.bundle(seed=3).model)
    first = tuple(270 + number for number in range(len(SOURCES)))
    config = DecodingConfig(beam_size=2, batch_size=5, max_length_factor=2.0)
    results = decode(engine, SOURCES, config, constraints=[StartWith(first)])
    assert tuple(best.tokens[0] for best, *_ in results) == first


def test_log_probabilities_stay_those_of_the_model() -> None:
    model = tiny.bundle(seed=3).model
    config = DecodingConfig(beam_size=2, no_repeat_ngram=1, max_length_factor=2.0)
    (best,) = decode(TorchEngine(model), [[270, 280, 290]], config)[0]
    expected = tiny.forced_log_probs(model, [[270, 280, 290]], [best.tokens])[0]
    assert best.log_prob == pytest.approx(expected, abs=1e-4)


def test_a_stream_obeys_the_constraints_of_greedy_decoding() -> None:
    engine = TorchEngine(tiny.bundle(seed=3).model)
    config = DecodingConfig(beam_size=1, no_repeat_ngram=1, max_length_factor=3.0)
    for source in SOURCES[:4]:
        *_, last = growing(engine, source, config)
        (best,) = decode(engine, [source], config)[0]
        assert last.tokens == best.tokens
        free = decode(engine, [source], replace(config, no_repeat_ngram=0))[0][0]
        assert repeats(free.tokens, 1)  # the constraint matters here


def test_settings_switch_constraints_on() -> None:
    off = DecodingConfig(max_repeats=0)
    assert configured_constraints(off) == ()
    expected: tuple[Constraint, ...] = (NoRepeatNgrams(3),)
    assert configured_constraints(replace(off, no_repeat_ngram=3)) == expected
    assert configured_constraints(DecodingConfig()) == (LimitRepeats(3),)
    assert configured_constraints(replace(off, repetition_penalty=1.5)) == (RepetitionPenalty(1.5),)
    short = replace(off, min_length=2, min_length_factor=0.5)
    assert configured_constraints(short, [[5] * 3, [5] * 7, []]) == (MinLength((2, 3, 2)),)
