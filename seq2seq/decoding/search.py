"""Search turns a step function into translations: greedy, beam, sampling and forced decoding.

A step function takes the newest token of every hypothesis and returns how likely each next token is (see
`engine`). Search decides which hypotheses continue, which end, and when a sentence is done. It knows nothing
of networks (the engine's state is opaque to it) and nothing of text (tokens are numbers).

All four are one loop, `_Search`, with different ways to choose the next tokens (see `choices`). Every
operation works row by row, so the other sentences of a batch change no answer.

Letters: B sentences, K hypotheses of each (K' before the step), V candidate tokens, S source positions.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from seq2seq.decoding.agreement import Agreement, Growing, grown
from seq2seq.decoding.choices import (
    NEVER,
    Array,
    Choice,
    Scores,
    as_array,
    choose_best,
    choose_given,
    choose_sampled,
    columns_of,
    tokens_of,
    uniform_noise,
)
from seq2seq.decoding.constraints import Constraint, is_idle
from seq2seq.decoding.engine import SearchState, StepFunction, StepOutput
from seq2seq.decoding.hypotheses import Hypotheses, Hypothesis, StepRecord, best_hypotheses
from seq2seq.decoding.penalties import Length, length_divisor


@dataclass(frozen=True)
class SearchOptions:
    """How to search. The length limits are per sentence, and an argument of each function."""

    bos: int
    """Token that starts every hypothesis."""
    eos: int
    """Token that ends a hypothesis."""
    beam_size: int = 5
    """K of `beam`."""
    n_best: int = 1
    """Hypotheses returned per sentence: up to beam_size; for `sample`, the number of samples."""
    length_penalty: float = 1.0
    """alpha of score = log_prob / length ** alpha, EOS counted; 0 is the plain sum."""
    length_normalisation: str = "average"
    """What a length divides by: see `penalties.length_divisor`."""
    forbidden: tuple[int, ...] = ()
    """Tokens that are never chosen: padding, BOS, unknown."""
    best_only: bool = False
    """Return the first of the `n_best` hypotheses alone. A sentence is done as soon as it is certain."""
    keep_weights: bool = False
    """Return attention."""
    temperature: float = 1.0
    """Sampling: logits are divided by it."""
    top_k: int = 0
    """Sampling: only among the k likeliest tokens; 0 is all."""
    top_p: float = 1.0
    """Sampling: only among the likeliest tokens that together reach this probability."""
    seed: int = 0
    """Sampling: the same seed and sentence give the same sample."""

    def __post_init__(self) -> None:
        _require(self.beam_size >= 1, "beam_size", self.beam_size, "1 or more")
        _require(self.n_best >= 1, "n_best", self.n_best, "1 or more")
        _require(0 <= self.length_penalty < math.inf, "length_penalty", self.length_penalty, "0 or more")
        _require(self.eos not in self.forbidden, "forbidden", self.forbidden, f"EOS ({self.eos}) not in it")
        _require(0 < self.temperature < math.inf, "temperature", self.temperature, "above 0")
        _require(self.top_k >= 0, "top_k", self.top_k, "0 or more")
        _require(0 < self.top_p <= 1, "top_p", self.top_p, "above 0, at most 1")

    def divisor(self, length: Length) -> Length:
        """What the log probability of a hypothesis of `length` tokens is divided by."""
        return length_divisor(length, self.length_normalisation, self.length_penalty)


def greedy(
    step: StepFunction,
    state: SearchState,
    options: SearchOptions,
    max_lengths: Tensor,
    *,
    constraints: Sequence[Constraint] = (),
) -> Hypotheses:
    """Take the likeliest token at each step: `beam` with a beam of 1. One hypothesis per sentence."""
    single = replace(options, beam_size=1, n_best=1)
    return beam(step, state, single, max_lengths, constraints=constraints)


def beam(
    step: StepFunction,
    state: SearchState,
    options: SearchOptions,
    max_lengths: Tensor,
    *,
    constraints: Sequence[Constraint] = (),
) -> Hypotheses:
    """Beam search. Each step keeps the K likeliest continuations of a sentence.

    A hypothesis ends if its ending is no less likely than the last of these, and at the length limit. There
    EOS is forced, and its probability counts. On ties the ending comes first, then the lower hypothesis, then
    the lower column.

    Args:
        step: computes the scores.
        state: the state before the first step, one hypothesis per sentence.
        options: beam size, number of results and so on.
        max_lengths: (B,) int64, the largest number of tokens of each sentence, EOS included; 1 or more.
        constraints: rules that change the scores of each step, applied in this order.

    Returns:
        Up to `n_best` different hypotheses per sentence, best first.

    Raises:
        ValueError: scores are not finite, or no hypothesis of a sentence is possible.
    """
    _require(options.n_best <= options.beam_size, "n_best", options.n_best, f"at most {options.beam_size}")
    search = _Search(step, state, options, max_lengths, constraints=constraints)
    return search.run(partial(choose_best, options.beam_size))


@torch.inference_mode()
def growing(
    step: StepFunction,
    state: SearchState,
    options: SearchOptions,
    max_lengths: Tensor,
    *,
    constraints: Sequence[Constraint] = (),
) -> Iterator[Growing]:
    """`beam` for one sentence: yields what there is after each step, at last the hypotheses."""
    search = _Search(step, state, options, max_lengths, constraints=constraints)
    agreement = Agreement(options.beam_size)
    for before, endings in search.steps(partial(choose_best, options.beam_size)):
        penalty = options.divisor(float(len(search.records)))
        for tokens, total in zip(before[0], [] if endings is None else endings[0], strict=False):
            if total > NEVER:
                agreement.add(total / penalty, tuple(tokens.tolist()))
        if len(search.sentences):
            yield agreement.of(search.prefixes[0][search.live[0] > NEVER])
    yield grown(search.results()[0])


def sample(
    step: StepFunction,
    state: SearchState,
    options: SearchOptions,
    max_lengths: Tensor,
    *,
    ids: Sequence[int] = (),
    constraints: Sequence[Constraint] = (),
) -> Hypotheses:
    """Draw `n_best` hypotheses per sentence, sorted by score. The same one may be drawn twice.

    A sample depends only on the seed and the sentence's entry in `ids` (default: its row in the batch). The
    other arguments are those of `beam`.
    """
    options = replace(options, beam_size=options.n_best)
    numbers = ids or range(len(max_lengths))
    noise = uniform_noise(options.seed, numbers, max_lengths, samples=options.n_best)
    search = _Search(step, state, options, max_lengths, width=options.n_best, constraints=constraints)
    return search.run(partial(choose_sampled, options.temperature, options.top_k, options.top_p, noise))


def force(
    step: StepFunction, state: SearchState, options: SearchOptions, targets: Tensor
) -> list[Hypothesis]:
    """Score the given tokens, forbidden or not: `targets` (B,T) int64, without BOS, padded with EOS."""
    targets = F.pad(targets, (0, 1), value=options.eos)
    lengths = (targets != options.eos).cumprod(1).sum(1) + 1
    search = _Search(step, state, replace(options, beam_size=1, n_best=1), lengths)
    return [hypotheses[0] for hypotheses in search.run(partial(choose_given, targets))]


class _Search:
    """A running search. Sentences that are done are removed, so B shrinks.

    A sentence is done at its length limit, and when its n-th best ending (`best_only`: its best one, for the
    first of these) scores no less than

    - what any live hypothesis can still reach, log_prob / max_length ** alpha;
    - or, once there are K endings, what any live hypothesis has at its present length. For alpha > 0 this can
      miss a hypothesis that would catch up. Otherwise, width 1 would continue after the greedy answer, and
      loops of nearly certain tokens would run to the length limit.
    """

    def __init__(
        self,
        step: StepFunction,
        state: SearchState,
        options: SearchOptions,
        max_lengths: Tensor,
        *,
        width: int = 1,
        constraints: Sequence[Constraint] = (),
    ) -> None:
        limits = max_lengths.tolist()
        _require(min(limits, default=1) >= 1, "max_lengths", limits, "1 or more")
        self.step, self.state, self.options, self.device = step, state, options, max_lengths.device
        self.constraints, self.max_lengths, size = constraints, np.array(limits), len(limits)
        self.size, self.never = size, (*options.forbidden, options.eos)
        self.divisors = np.array([options.divisor(float(length)) for length in limits])  # at the limit
        self.sentences = np.arange(size)  # (B,) numbers
        self.tokens = np.full((size, width), options.bos)  # (B, K)
        self.prefixes = np.zeros((size, width, 0), np.int64)  # (B, K, t)
        self.live = np.zeros((size, width))  # (B, K) log probabilities
        self.best = np.full((size, options.beam_size), NEVER)  # scores of endings, descending
        # Before this step, a sentence can be done only if a hypothesis ends.
        self.earliest_end = min(limits, default=1)
        self.records: list[StepRecord] = []

    @torch.inference_mode()
    def run(self, choose: Callable[[Scores], Choice]) -> Hypotheses:
        """Extend hypotheses as `choose` says until all sentences are done."""
        for _ in self.steps(choose):
            pass
        return self.results()

    def steps(self, choose: Callable[[Scores], Choice]) -> Iterator[tuple[Array, Array | None]]:
        """One step after the other. Yields the hypotheses before it (B,K',t), and the log probabilities of
        those that ended in it (B,K'), None if there are none."""
        size, width = self.tokens.shape
        if width > 1 and size:
            self.select(self.sentences, np.repeat(self.sentences[:, None], width, 1))
        while len(self.sentences):
            before = self.prefixes
            output = self.step(self.tokens, self.state)
            scores = self.score(output)
            choice = choose(scores)
            endings, done = self.end_hypotheses(choice, scores)
            self.tokens = tokens_of(choice.columns, output.candidates)
            self.live, self.state = choice.totals, output.state
            self.record(choice, endings, output.weights if self.options.keep_weights else None)
            self.keep_chosen(choice, done)
            yield before, endings

    def results(self) -> Hypotheses:
        """The best hypotheses of each sentence."""
        number, divisor = 1 if self.options.best_only else self.options.n_best, self.options.divisor
        return best_hypotheses(self.records, size=self.size, n_best=number, divisor=divisor)

    def on_device(self, array: Array) -> Tensor:
        """`array` as a tensor where the engine computes."""
        tensor = torch.from_numpy(array)
        return tensor if self.device.type == "cpu" else tensor.to(self.device)

    def select(self, rows: Array, hypotheses: Array) -> None:
        """Keep these rows of the state (see `SearchState`)."""
        self.state = self.state.select(rows, hypotheses)

    def score(self, output: StepOutput) -> Scores:
        """Scores of the step on top of the hypotheses so far, after the constraints."""
        # A NaN or +inf among the logits shows in their normaliser: no need to look at each.
        normaliser = as_array(output.log_normaliser)
        if not all(map(math.isfinite, normaliser.ravel().tolist())):
            bad = self.sentences[~np.isfinite(normaliser).all(1)].tolist()
            raise ValueError(f"log_normaliser of sentences {bad} is not finite, expected finite scores")
        logits = output.logits
        rules = [rule for rule in self.constraints if not is_idle(rule, self.prefixes)]
        if rules:
            prefixes, sentences = self.on_device(self.prefixes), self.on_device(self.sentences)
            logits = torch.as_tensor(logits)
            for rule in rules:
                logits = rule.apply(logits, prefixes, sentences, output.candidates)
        blocked, eos = columns_of(self.never, output.candidates)
        base, length = self.live - normaliser, len(self.records) + 1
        endings = base + as_array(logits[..., eos])
        return Scores(base, logits, endings, output.candidates, blocked, self.sentences, length)

    def end_hypotheses(self, choice: Choice, scores: Scores) -> tuple[Array | None, Array | None]:
        """Log probabilities of the endings of this step (B,K'), and which sentences are done (B,).

        Both are None if no hypothesis can end in this step."""
        if scores.length < self.earliest_end and not np.count_nonzero(choice.ends):
            return None, None
        self.earliest_end = 0
        closing = self.max_lengths <= scores.length
        endings = np.where(choice.ends | closing[:, None], scores.endings, NEVER)
        penalty = self.options.divisor(float(scores.length))
        ranked = np.sort(np.concatenate([self.best, endings / penalty], 1), 1)
        self.best = ranked[:, : -self.best.shape[1] - 1 : -1]
        highest, last = choice.totals.max(1), self.options.n_best - 1
        beaten = (highest / penalty <= self.best[:, last]) & (self.best[:, -1] > NEVER)
        lost = highest / self.divisors <= self.best[:, 0 if self.options.best_only else last]
        return endings, closing | beaten | lost

    def record(self, choice: Choice, endings: Array | None, weights: Tensor | Array | None) -> None:
        """Record the step, to trace hypotheses back later."""
        kept = None if weights is None else as_array(weights)
        tables = self.tokens, choice.totals, choice.parents, choice.ends, endings
        self.records.append(StepRecord(self.sentences, *tables, kept))

    def keep_chosen(self, choice: Choice, done: Array | None) -> None:
        """Select the state of the chosen hypotheses, and remove sentences that are `done` (B,)."""
        size, before = choice.ends.shape
        rows, parents = np.arange(size), choice.parents
        if done is not None and (gone := int(done.sum())):
            self.live = np.where(done[:, None], NEVER, self.live)
            if gone * 8 >= size:  # removal copies the memory of the others: worth it for one in eight or more
                rows = np.flatnonzero(~done)
                parents = np.arange(before)[None] if parents is None else parents[rows]
                self.tokens, self.live, self.best = self.tokens[rows], self.live[rows], self.best[rows]
                self.sentences, self.max_lengths = self.sentences[rows], self.max_lengths[rows]
                self.divisors = self.divisors[rows]
        if not len(rows):
            return
        hypotheses = None if parents is None else parents + rows[:, None] * before  # (B, K)
        kept = self.prefixes
        if hypotheses is not None:
            kept = kept.reshape(size * before, len(self.records) - 1)[hypotheses]
            self.select(rows, hypotheses)
        self.prefixes = np.concatenate([kept, self.tokens[..., None]], -1)


def _require(condition: bool, name: str, value: object, expected: str) -> None:
    if not condition:
        raise ValueError(f"{name} is {value!r}, expected {expected}")
