"""Search against brute force, a plain-Python beam and counts, on a toy Markov model of second order."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from seq2seq.decoding.engine import StepOutput
from seq2seq.decoding.search import SearchOptions, beam, force, greedy, sample
from tests.decoding.toy import BOS, EOS, OPTIONS, Toy, ToyState, limits, tokens_of
from tests.limits import cpu_seconds

ALPHAS = st.sampled_from([0.0, 0.6, 1.0])
SEEDS = st.integers(0, 10**6)


def reference_beam(
    toy: Toy, table: int, longest: int, options: SearchOptions
) -> tuple[list[tuple[tuple[int, ...], float]], int]:
    """`beam` for one sentence, written again with lists and sorting: hypotheses and number of steps."""
    live: list[tuple[float, tuple[int, ...]]] = [(0.0, ())]
    ended: list[tuple[float, tuple[int, ...]]] = []
    for length in range(1, longest + 1):
        rows = [toy.row(table, *((BOS, BOS, *path)[-2:])) for _, path in live]
        continuations = [
            (total + row[token], (*path, token))
            for (total, path), row in zip(live, rows, strict=True)
            for token in range(2, len(row))
        ]
        continuations = sorted(continuations, key=lambda item: -item[0])[: options.beam_size]
        threshold = (
            continuations[-1][0]
            if len(continuations) == options.beam_size and length < longest
            else -math.inf
        )
        for (total, path), row in zip(live, rows, strict=True):
            if total + row[EOS] >= threshold:
                ended.append(((total + row[EOS]) / length**options.length_penalty, path))
        live = continuations
        ended.sort(key=lambda item: -item[0])
        bound = ended[options.n_best - 1][0] if len(ended) >= options.n_best else -math.inf
        highest = live[0][0]
        if highest / longest**options.length_penalty <= bound:
            break
        if len(ended) >= options.beam_size and highest / length**options.length_penalty <= bound:
            break
    return [(path, score) for score, path in ended[: options.n_best]], length


# Results


@settings(max_examples=25, deadline=None)
@given(seed=SEEDS, alpha=ALPHAS, n_best=st.sampled_from([1, 4, 13]))
def test_a_beam_as_wide_as_the_space_is_exhaustive(seed: int, alpha: float, n_best: int) -> None:
    toy = Toy.random(seed)
    options = replace(OPTIONS, beam_size=40, n_best=n_best, length_penalty=alpha)  # 1 + 3 + 9 + 27 sequences
    lengths = (4, 3, 4)
    results = beam(toy.step, toy.start(), options, limits(*lengths))
    for table, (hypotheses, longest) in enumerate(zip(results, lengths, strict=True)):
        everything = sorted(toy.space(longest), key=lambda tokens: -toy.score(table, tokens, alpha))
        assert [h.tokens for h in hypotheses] == everything[:n_best]
        for hypothesis in hypotheses:
            assert hypothesis.score == pytest.approx(toy.score(table, hypothesis.tokens, alpha), abs=1e-5)


def test_there_are_fewer_hypotheses_if_no_more_exist() -> None:
    toy = Toy.random(1, vocabulary=3)
    results = beam(toy.step, toy.start(0), replace(OPTIONS, beam_size=9, n_best=9), limits(2))
    assert sorted(tokens_of(results)[0]) == [(), (2,)]


@settings(max_examples=25, deadline=None)
@given(seed=SEEDS, alpha=ALPHAS)
def test_width_one_is_greedy(seed: int, alpha: float) -> None:
    toy = Toy.random(seed, vocabulary=7)
    options = replace(OPTIONS, beam_size=1, length_penalty=alpha)
    lengths = (1, 5, 9)
    results = beam(toy.step, toy.start(), options, limits(*lengths))
    assert greedy(toy.step, toy.start(), replace(options, beam_size=4, n_best=2), limits(*lengths)) == results
    for table, ((hypothesis,), longest) in enumerate(zip(results, lengths, strict=True)):
        path: list[int] = []
        while len(path) < longest - 1:
            row = toy.row(table, *[BOS, BOS, *path][-2:])
            best = max(range(1, 7), key=row.__getitem__)
            if best == EOS:
                break
            path.append(best)
        assert list(hypothesis.tokens) == path
        assert hypothesis.score == pytest.approx(toy.score(table, path, alpha), abs=1e-5)


@settings(max_examples=8, deadline=None)
@given(seed=SEEDS, alpha=ALPHAS, width=st.integers(2, 6), data=st.data())
def test_any_width_agrees_with_reference(seed: int, alpha: float, width: int, data: st.DataObject) -> None:
    toy = Toy.random(seed, vocabulary=data.draw(st.sampled_from([3, 5, 9])))
    n_best = data.draw(st.integers(1, width))
    options = replace(OPTIONS, beam_size=width, n_best=n_best, length_penalty=alpha)
    lengths, steps = data.draw(st.lists(st.integers(1, 9), min_size=3, max_size=3)), []
    with cpu_seconds(2):
        results = beam(toy.step, toy.start(), options, limits(*lengths))
    for table, (hypotheses, longest) in enumerate(zip(results, lengths, strict=True)):
        expected, needed = reference_beam(toy, table, longest, options)
        steps.append(needed)
        assert [h.tokens for h in hypotheses] == [tokens for tokens, _ in expected]
        assert [h.score for h in hypotheses] == pytest.approx([score for _, score in expected], abs=1e-5)
    assert len(toy.shapes) == max(steps)


@pytest.mark.parametrize("vocabulary", [63, 64, 65, 150])
def test_large_vocabularies_are_ranked_exactly(vocabulary: int) -> None:
    toy = Toy.random(vocabulary, tables=2, vocabulary=vocabulary)
    options = replace(OPTIONS, beam_size=7, n_best=7)
    results = beam(toy.step, toy.start(), options, limits(6, 6))
    for table, hypotheses in enumerate(results):
        expected, _ = reference_beam(toy, table, 6, options)
        assert [h.tokens for h in hypotheses] == [tokens for tokens, _ in expected]


# Batches


@settings(max_examples=4, deadline=None)
@given(seed=SEEDS, width=st.sampled_from([1, 2, 5]), order=st.permutations(range(20)))
def test_a_sentence_has_the_same_result_in_any_batch(seed: int, width: int, order: list[int]) -> None:
    toy = Toy.random(seed, tables=20, vocabulary=6)
    options = replace(OPTIONS, beam_size=width, n_best=width, keep_weights=True)
    lengths = [1 + (number * 7) % 10 for number in range(20)]
    alone = [beam(toy.step, toy.start(n), options, limits(lengths[n]))[0] for n in range(20)]
    together = beam(toy.step, toy.start(*order), options, limits(*(lengths[n] for n in order)))
    for number, hypotheses in zip(order, together, strict=True):
        assert hypotheses == alone[number]  # tokens and all floats, bit for bit
        for one, other in zip(hypotheses, alone[number], strict=True):
            assert one.weights is not None and other.weights is not None
            assert torch.equal(one.weights, other.weights)


def ending_toy(*lengths: int) -> Toy:
    """Table n almost surely gives 3, 4, 5, ... and ends with length `lengths[n]`, EOS included."""
    logits = torch.zeros(len(lengths), 14, 14, 14)
    for table, length in enumerate(lengths):
        for token in range(14):
            following = 3 if token == BOS else token + 1
            logits[table, :, token, EOS if following == length + 2 else min(following, 13)] = 30.0
    return Toy(logits)


def test_finished_sentences_are_removed() -> None:
    toy = ending_toy(1, 3, 3, 7)
    results = greedy(toy.step, toy.start(), OPTIONS, limits(10, 10, 10, 10))
    assert tokens_of(results) == [[()], [(3, 4)], [(3, 4)], [(3, 4, 5, 6, 7, 8)]]
    assert toy.shapes == [(4, 1), (3, 1), (3, 1), (1, 1), (1, 1), (1, 1), (1, 1)]


def test_sentences_are_removed_when_an_eighth_of_the_batch_is_done() -> None:
    toy = ending_toy(1, *[2] * 3, *[4] * 28)
    results = greedy(toy.step, toy.start(), OPTIONS, limits(*[9] * 32))
    assert [len(h.tokens) for (h,) in results] == [0, 1, 1, 1, *[3] * 28]
    assert toy.shapes == [(32, 1), (32, 1), (28, 1), (28, 1)]


def test_the_first_step_has_one_hypothesis_per_sentence() -> None:
    toy = ending_toy(4, 4)
    beam(toy.step, toy.start(), OPTIONS, limits(4, 4))
    assert toy.shapes == [(2, 1), (2, 3), (2, 3), (2, 3)]


def test_a_sentence_is_done_once_no_hypothesis_can_win() -> None:
    toy = ending_toy(2, 5)
    beam(toy.step, toy.start(), replace(OPTIONS, length_penalty=0.0), limits(10, 10))
    assert [size for size, _ in toy.shapes] == [2, 2, 1, 1, 1]


def test_a_sentence_is_done_at_a_step_without_endings_too() -> None:
    toy = Toy(torch.tensor([0.001, 0.01, 0.6, 0.389]).log().repeat(1, 4, 4, 1))
    toy.logits[:, :, BOS] = torch.tensor([0.001, 0.4, 0.58, 0.019]).log()
    options = replace(OPTIONS, beam_size=2, length_penalty=0.0)
    assert tokens_of(beam(toy.step, toy.start(), options, limits(9))) == [[()]]
    assert len(toy.shapes) == 2  # 0.4 ended at once; 0.58 * 0.6 = 0.35 has lost


@settings(max_examples=25, deadline=None)
@given(seed=SEEDS, alpha=ALPHAS, width=st.integers(2, 5))
def test_a_search_for_the_best_alone_finds_the_same_in_fewer_steps(
    seed: int, alpha: float, width: int
) -> None:
    toy = Toy.random(seed)
    options = replace(OPTIONS, beam_size=width, n_best=width, length_penalty=alpha)
    every = beam(toy.step, toy.start(), options, limits(9, 3, 6))
    steps = len(toy.shapes)
    best = beam(toy.step, toy.start(), replace(options, best_only=True), limits(9, 3, 6))
    assert [one[0] for one in best] == [one[0] for one in every]
    assert len(toy.shapes) - steps <= steps


def test_a_search_for_the_best_alone_ends_when_the_others_cannot_reach_it() -> None:
    toy = Toy.random(3, tables=1)
    toy.logits[..., EOS] = 9.0
    options = replace(OPTIONS, beam_size=3, n_best=3, length_penalty=0.0)
    beam(toy.step, toy.start(), options, limits(9))
    steps = len(toy.shapes)
    beam(toy.step, toy.start(), replace(options, best_only=True), limits(9))
    assert (steps, len(toy.shapes) - steps) == (2, 1)


def test_search_continues_until_there_are_enough_endings() -> None:
    toy = Toy(torch.tensor([0.002, 0.5, 0.498]).log().repeat(1, 3, 3, 1))
    toy.logits[:, :, 2] = torch.tensor([0.002, 0.99, 0.008]).log()
    # mean log 0.5 = -0.69 against (log 0.498 + log 0.99) / 2 = -0.35
    for width, tokens in ((1, ()), (2, (2,))):
        options = replace(OPTIONS, beam_size=width)
        assert tokens_of(beam(toy.step, toy.start(), options, limits(9))) == [[tokens]]


def test_no_sentences() -> None:
    toy = Toy.random(0)
    nothing = ToyState(limits(), torch.zeros(0, 1, dtype=torch.int64))
    assert beam(toy.step, nothing, OPTIONS, limits()) == []
    assert greedy(toy.step, nothing, OPTIONS, limits()) == []
    assert sample(toy.step, nothing, OPTIONS, limits()) == []
    assert force(toy.step, nothing, OPTIONS, torch.zeros(0, 0, dtype=torch.int64)) == []
    assert toy.shapes == []


# Scores


@settings(max_examples=8, deadline=None)
@given(seed=SEEDS, alpha=ALPHAS)
def test_n_best_is_sorted_without_duplicates_and_has_true_scores(seed: int, alpha: float) -> None:
    toy = Toy.random(seed, tables=2, vocabulary=8)
    options = replace(OPTIONS, beam_size=6, n_best=6, length_penalty=alpha)
    for table, hypotheses in enumerate(beam(toy.step, toy.start(), options, limits(7, 8))):
        assert len({h.tokens for h in hypotheses}) == len(hypotheses) >= 1
        assert [h.score for h in hypotheses] == sorted((h.score for h in hypotheses), reverse=True)
        for h in hypotheses:
            assert list(h.token_log_probs) == pytest.approx(toy.log_probs(table, h.tokens), abs=1e-5)
            assert h.log_prob == pytest.approx(sum(h.token_log_probs), abs=1e-9)
            assert h.score == pytest.approx(h.log_prob / (len(h.tokens) + 1) ** alpha, abs=1e-9)
            forced = force(toy.step, toy.start(table), options, torch.tensor([h.tokens], dtype=torch.int64))
            assert forced[0].tokens == h.tokens
            assert forced[0].token_log_probs == pytest.approx(h.token_log_probs, abs=1e-6)
            assert forced[0].score == pytest.approx(h.score, abs=1e-6)


def test_forced_tokens_of_unequal_length_and_forbidden_ones() -> None:
    toy = Toy.random(3)
    given_tokens = [(2, 3, 4), (), (BOS, 2)]
    filled = torch.tensor([[2, 3, 4], [EOS] * 3, [BOS, 2, EOS]])
    for table, hypothesis in enumerate(force(toy.step, toy.start(), OPTIONS, filled)):
        assert hypothesis.tokens == given_tokens[table]
        assert list(hypothesis.token_log_probs) == pytest.approx(
            toy.log_probs(table, given_tokens[table]), abs=1e-5
        )


def test_the_probability_of_a_forced_ending_counts() -> None:
    toy = Toy.random(5, tables=3)
    toy.logits[..., EOS] = -20.0
    results = beam(toy.step, toy.start(), OPTIONS, limits(1, 4, 6))
    for table, ((hypothesis,), longest) in enumerate(zip(results, (1, 4, 6), strict=True)):
        assert len(hypothesis.tokens) == longest - 1
        assert not hypothesis.finished
        assert hypothesis.log_prob == pytest.approx(sum(toy.log_probs(table, hypothesis.tokens)), abs=1e-4)
        assert hypothesis.token_log_probs[-1] < -19


def test_a_chosen_ending_at_the_limit_is_finished() -> None:
    toy = ending_toy(3)
    (((hypothesis,)),) = beam(toy.step, toy.start(), OPTIONS, limits(3))
    assert hypothesis.finished and hypothesis.tokens == (3, 4)


def test_forbidden_tokens_are_not_chosen_and_keep_their_probability() -> None:
    toy = Toy.random(8)
    toy.logits[..., 2] = 9.0
    options = replace(OPTIONS, forbidden=(BOS, 2), beam_size=4, n_best=4)
    runs = [
        greedy(toy.step, toy.start(), options, limits(5, 5, 5)),
        beam(toy.step, toy.start(), options, limits(5, 5, 5)),
        sample(toy.step, toy.start(), options, limits(5, 5, 5)),
    ]
    for table, hypotheses in [pair for run in runs for pair in enumerate(run)]:
        for h in hypotheses:
            assert not {BOS, 2} & set(h.tokens)
            assert list(h.token_log_probs) == pytest.approx(toy.log_probs(table, h.tokens), abs=1e-5)


def test_ties_are_broken_by_ending_then_hypothesis_then_token() -> None:
    for vocabulary in (6, 200):
        toy = Toy(torch.zeros(1, vocabulary, vocabulary, vocabulary))
        options = replace(OPTIONS, beam_size=4, n_best=4, length_penalty=0.0)
        assert tokens_of(beam(toy.step, toy.start(), options, limits(2))) == [[(), (2,), (3,), (4,)]]
        toy.logits[..., EOS] = -9.0
        assert tokens_of(beam(toy.step, toy.start(), options, limits(3))) == [
            [(2, 2), (2, 3), (2, 4), (2, 5)]
        ]
        assert tokens_of(greedy(toy.step, toy.start(), options, limits(3))) == [[(2, 2)]]
    toy.logits[..., 150] = 1.0  # the best one stands behind its equals
    assert tokens_of(beam(toy.step, toy.start(), options, limits(2))) == [[(150,), (2,), (3,), (4,)]]


# Attention


def test_weights_are_those_of_the_hypothesis() -> None:
    toy = Toy.random(11, tables=12, vocabulary=8)
    options = replace(OPTIONS, beam_size=5, n_best=5, keep_weights=True)
    lengths = limits(*range(1, 13))
    runs = [beam(toy.step, toy.start(), options, lengths), sample(toy.step, toy.start(), options, lengths)]
    for hypothesis in itertools.chain.from_iterable(itertools.chain.from_iterable(runs)):
        assert hypothesis.weights is not None
        path = [BOS, *hypothesis.tokens]
        expected = torch.zeros(len(path), 16)
        for row in range(len(path)):
            expected[row, : row + 1] = torch.tensor(path[: row + 1])
        assert torch.equal(hypothesis.weights, expected)


def test_weights_are_returned_only_on_request() -> None:
    toy = Toy.random(11)
    assert beam(toy.step, toy.start(), OPTIONS, limits(3, 3, 3))[0][0].weights is None


def test_weights_may_become_narrower_when_longer_sentences_are_done() -> None:
    toy = ending_toy(2, 5)

    def narrowing(tokens: Tensor, state: ToyState) -> StepOutput:
        output = toy.step(tokens, state)
        assert output.weights is not None
        return replace(output, weights=output.weights[..., : 9 if len(tokens) == 2 else 6])

    first, second = greedy(narrowing, toy.start(), replace(OPTIONS, keep_weights=True), limits(9, 9))
    assert first[0].weights is not None and first[0].weights.shape == (2, 9)
    assert second[0].weights is not None and second[0].weights.shape == (5, 6)


# Shortlists


@pytest.mark.parametrize("width", [1, 3])
def test_a_shortlist_is_the_same_as_making_the_rest_impossible(width: int) -> None:
    full, short = Toy.random(21, vocabulary=9), Toy.random(21, vocabulary=9)
    full.logits[..., [2, 4, 7]] = -math.inf
    short.logits[..., [2, 4, 7]] = -math.inf
    short.shortlist = torch.tensor([0, 1, 3, 5, 6, 8])
    options = replace(OPTIONS, beam_size=width, n_best=width, forbidden=(BOS, 7))
    expected = beam(full.step, full.start(), options, limits(6, 6, 6))
    assert beam(short.step, short.start(), options, limits(6, 6, 6)) == expected
    draws = replace(options, n_best=5)
    drawn = sample(full.step, full.start(), draws, limits(6, 6, 6))
    assert sample(short.step, short.start(), draws, limits(6, 6, 6)) == drawn
    tokens = expected[0][0].tokens
    forced = force(short.step, short.start(0), options, torch.tensor([tokens], dtype=torch.int64))
    assert forced[0].tokens == tokens
    assert forced[0].score == pytest.approx(expected[0][0].score, abs=1e-6)


def test_a_forced_token_outside_the_shortlist_is_impossible() -> None:
    toy = Toy.random(21)
    toy.shortlist = torch.tensor([1, 3])
    with pytest.raises(ValueError, match="every hypothesis of sentence 0"):
        force(toy.step, toy.start(0), OPTIONS, torch.tensor([[2]]))


def test_a_shortlist_without_the_ending_is_refused() -> None:
    toy = Toy.random(21)
    toy.shortlist = torch.tensor([2, 3])
    with pytest.raises(ValueError, match=r"candidates is \[2, 3\], expected EOS \(1\) among them"):
        beam(toy.step, toy.start(0), OPTIONS, limits(3))


# Sampling


def sequence_probabilities(toy: Toy, longest: int) -> dict[tuple[int, ...], float]:
    """Probability of each sequence that is sampled, without BOS, and with a certain EOS at the limit."""
    results = {}
    for tokens in toy.space(longest):
        chance, path = 1.0, [BOS, BOS]
        for token in [*tokens, EOS][: longest - 1]:
            row = [math.exp(x) for x in toy.row(0, path[-2], path[-1])]
            chance *= row[token] / sum(row[1:])
            path.append(token)
        results[tokens] = chance
    return results


def test_samples_are_as_frequent_as_they_are_likely() -> None:
    toy = Toy.random(2, tables=1, spread=1.0)
    draws = 5000
    (results,) = sample(toy.step, toy.start(), replace(OPTIONS, n_best=draws, seed=4), limits(3))
    counts = Counter(h.tokens for h in results)
    expected = sequence_probabilities(toy, 3)
    assert sum(expected.values()) == pytest.approx(1.0)
    assert set(counts) <= set(expected)
    squares = sum((counts[s] - draws * p) ** 2 / (draws * p) for s, p in expected.items())
    assert squares < 32.9  # chi-square, 12 degrees of freedom: 999 of 1,000 seeds stay below


def test_temperature_sharpens() -> None:
    toy = Toy.random(2, tables=1, spread=1.0)
    cold, warm = (
        sample(toy.step, toy.start(), replace(OPTIONS, n_best=2000, temperature=t), limits(2))[0]
        for t in (0.5, 1.0)
    )
    row = [math.exp(x) for x in toy.row(0, BOS, BOS)]
    for results, power in ((cold, 2), (warm, 1)):
        share = sum(h.tokens == (2,) for h in results) / 2000
        chance = row[2] ** power / sum(p**power for p in row[1:])
        assert share == pytest.approx(chance, abs=4 * math.sqrt(chance * (1 - chance) / 2000))
    assert cold[0].log_prob == pytest.approx(sum(toy.log_probs(0, cold[0].tokens)), abs=1e-5)


def test_samples_depend_only_on_the_seed_and_the_sentence() -> None:
    toy = Toy.random(6, tables=12, vocabulary=9)
    options = replace(OPTIONS, n_best=3, seed=17)
    lengths = [3 + number for number in range(12)]
    together = sample(toy.step, toy.start(), options, limits(*lengths))
    assert together == sample(toy.step, toy.start(), options, limits(*lengths))
    assert together != sample(toy.step, toy.start(), replace(options, seed=18), limits(*lengths))
    for number in (0, 5, 11):
        alone = sample(toy.step, toy.start(number), options, limits(lengths[number]), ids=[number])
        assert alone[0] == together[number]
    same = sample(toy.step, toy.start(4, 4), options, limits(9, 9))
    assert same[0] != same[1]


def test_samples_are_sorted_by_score() -> None:
    toy = Toy.random(6, tables=1, vocabulary=9)
    (results,) = sample(toy.step, toy.start(), replace(OPTIONS, n_best=40), limits(7))
    assert len(results) == 40
    assert [h.score for h in results] == sorted((h.score for h in results), reverse=True)


def first_tokens(toy: Toy, options: SearchOptions) -> set[tuple[int, ...]]:
    return {h.tokens for h in sample(toy.step, toy.start(), replace(options, n_best=500), limits(2))[0]}


def test_top_k_and_top_p_keep_the_likeliest() -> None:
    logits = torch.tensor([0.05, 0.1, 0.4, 0.15, 0.3]).log()  # of BOS, EOS, 2, 3, 4
    toy = Toy(logits.expand(1, 5, 5, 5).clone())
    options = replace(OPTIONS, forbidden=())
    assert first_tokens(toy, replace(options, top_k=1)) == {(2,)}
    assert first_tokens(toy, replace(options, top_k=3)) == {(2,), (4,), (3,)}
    assert first_tokens(toy, replace(options, top_p=0.3)) == {(2,)}
    assert first_tokens(toy, replace(options, top_p=0.5)) == {(2,), (4,)}
    assert first_tokens(toy, replace(options, top_p=0.8)) == {(2,), (4,), (3,)}
    assert first_tokens(toy, replace(options, top_p=0.9)) == {(2,), (4,), (3,), ()}
    assert first_tokens(toy, options) == {(0,), (2,), (3,), (4,), ()}
    assert first_tokens(toy, replace(options, top_k=3, top_p=0.4)) == {(2,)}  # 0.4 / 0.85 is enough
    assert first_tokens(toy, replace(options, top_k=99)) == first_tokens(toy, options)


def test_top_k_one_is_greedy() -> None:
    toy = Toy.random(31, tables=5, vocabulary=9)
    lengths = limits(8, 8, 8, 8, 8)
    drawn = sample(toy.step, toy.start(), replace(OPTIONS, top_k=1), lengths)
    assert tokens_of(drawn) == tokens_of(greedy(toy.step, toy.start(), OPTIONS, lengths))


# Errors


@pytest.mark.parametrize("bad", [math.nan, math.inf])
@pytest.mark.parametrize("run", [greedy, beam, sample])
def test_scores_that_are_not_finite_stop_the_search(run: Callable[..., object], bad: float) -> None:
    toy = Toy.random(1)
    toy.logits[1, :, :, 3] = bad
    with pytest.raises(ValueError, match=r"log_normaliser of sentences \[1\] is not finite"):
        run(toy.step, toy.start(), OPTIONS, limits(5, 5, 5))


@pytest.mark.parametrize("run", [greedy, beam, sample])
def test_a_sentence_without_a_possible_hypothesis_is_an_error(run: Callable[..., object]) -> None:
    toy = Toy.random(1, vocabulary=3)
    toy.logits[1, ..., 1:] = -math.inf
    with pytest.raises(ValueError, match="every hypothesis of sentence 1 is 0"):
        run(toy.step, toy.start(), OPTIONS, limits(3, 3, 3))


def test_impossible_tokens_are_not_chosen() -> None:
    toy = Toy.random(1)
    toy.logits[..., 3] = -math.inf
    options = replace(OPTIONS, beam_size=30, n_best=30)
    (results,) = beam(toy.step, toy.start(0), options, limits(4))
    assert {h.tokens for h in results} == {s for s in toy.space(4) if 3 not in s}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("beam_size", 0),
        ("n_best", 0),
        ("length_penalty", -0.1),
        ("length_penalty", math.nan),
        ("forbidden", (EOS,)),
        ("temperature", 0.0),
        ("top_k", -1),
        ("top_p", 0.0),
        ("top_p", 1.1),
    ],
)
def test_options_out_of_range_are_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"^{name} is "):
        replace(OPTIONS, **{name: value})


def test_calls_out_of_range_are_refused_by_name() -> None:
    toy = Toy.random(1)
    with pytest.raises(ValueError, match=r"^max_lengths is \[3, 0, 3\], expected 1 or more"):
        beam(toy.step, toy.start(), OPTIONS, limits(3, 0, 3))
    with pytest.raises(ValueError, match=r"^n_best is 4, expected at most 3"):
        beam(toy.step, toy.start(), replace(OPTIONS, n_best=4), limits(3, 3, 3))
    with pytest.raises(ValueError, match=r"^ids is \[1\], expected 3 numbers"):
        sample(toy.step, toy.start(), OPTIONS, limits(3, 3, 3), ids=[1])
