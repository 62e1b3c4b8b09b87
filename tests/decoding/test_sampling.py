"""Sampling as `decode` does it: frequencies, and the same sample in every batch and order."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import torch

from seq2seq.config import DecodingConfig
from seq2seq.decoding.decode import decode
from seq2seq.decoding.engine import Array, StepOutput
from seq2seq.engines.torch_engine import TorchEngine
from tests import tiny

CONFIG = DecodingConfig(temperature=1.0, n_best=3, sampling_seed=7)
CHANCE = random.Random(1)
SOURCES = [[CHANCE.randrange(260, 300) for _ in range(1 + n % 9)] for n in range(24)]


class Table:
    """An engine whose first token has the probabilities 0.5, 0.25, 0.15, 0.1 (tokens 4 to 7), then EOS."""

    device = torch.device("cpu")
    probabilities = (0.5, 0.25, 0.15, 0.1)

    class State:
        def select(self, sentences: Array, hypotheses: Array) -> Table.State:
            return self

    def start(self, sources: list[list[int]]) -> State:
        return self.State()

    def step(self, tokens: Array, state: State) -> StepOutput:
        first = torch.full((8,), -torch.inf)
        first[4:] = torch.tensor(self.probabilities).log()
        ended = torch.full((8,), -torch.inf)
        ended[3] = 0.0
        logits = torch.where(torch.from_numpy(tokens == 2).unsqueeze(-1), first, ended)
        return StepOutput(logits, logits.logsumexp(-1), None, None, state)


def chi_square(config: DecodingConfig, expected: dict[int, float], *, draws: int = 1000) -> float:
    """Pearson's statistic of the first tokens of `draws` samples of one source."""
    (found,) = decode(Table(), [[5]], replace(config, n_best=draws, mbr=0))
    counts = Counter(one.tokens[0] for one in found)
    assert set(counts) <= set(expected)
    return sum((counts[token] - draws * share) ** 2 / (draws * share) for token, share in expected.items())


def test_frequencies_are_those_of_the_table() -> None:
    """Chi-square of 3 degrees of freedom is above 16.3 once in 1,000; with 2 degrees 13.8, with 1 10.8."""
    table = dict(zip((4, 5, 6, 7), Table.probabilities, strict=True))
    for seed in range(3):
        config = DecodingConfig(temperature=1.0, sampling_seed=seed)
        assert chi_square(config, table) < 16.3
        squares = {token: share**2 for token, share in table.items()}  # a temperature of 1/2
        cold = {token: share / sum(squares.values()) for token, share in squares.items()}
        assert chi_square(replace(config, temperature=0.5), cold) < 16.3
        assert chi_square(replace(config, top_k=3), {4: 0.5 / 0.9, 5: 0.25 / 0.9, 6: 0.15 / 0.9}) < 13.8
        assert chi_square(replace(config, top_p=0.7), {4: 2 / 3, 5: 1 / 3}) < 10.8
    assert chi_square(config, cold) > 50  # the statistic notices a wrong table


def test_different_sources_have_different_samples() -> None:
    """The noise depends on the source: 64 sources do not all draw the same token."""
    found = decode(Table(), [[n] for n in range(4, 68)], DecodingConfig(temperature=1.0))
    counts = Counter(best.tokens[0] for best, *_ in found)
    assert len(counts) == 4 and counts[4] < 50


def test_a_sample_depends_on_nothing_but_seed_and_source() -> None:
    engine = TorchEngine(tiny.bundle(seed=3).model)
    together = [[one.tokens for one in found] for found in decode(engine, SOURCES, CONFIG)]
    for size in (1, 5):
        found = decode(engine, SOURCES, replace(CONFIG, batch_size=size))
        assert [[one.tokens for one in of_one] for of_one in found] == together
    order = random.Random(2).sample(range(len(SOURCES)), 10)
    some = decode(engine, [SOURCES[row] for row in order], CONFIG)
    assert [[one.tokens for one in found] for found in some] == [together[row] for row in order]
    other = decode(engine, SOURCES, replace(CONFIG, sampling_seed=8))
    assert [[one.tokens for one in found] for found in other] != together


def test_log_probabilities_are_those_of_the_model_whatever_the_temperature() -> None:
    model = tiny.bundle(seed=3).model
    config = replace(CONFIG, temperature=0.7, top_k=20, max_repeats=0)
    for one in decode(TorchEngine(model), [SOURCES[4]], config)[0]:
        if one.finished:
            expected = tiny.forced_log_probs(model, [SOURCES[4]], [one.tokens])[0]
            assert abs(one.log_prob - expected) < 1e-3


def test_a_sample_of_the_likeliest_token_is_the_greedy_translation() -> None:
    engine = TorchEngine(tiny.bundle(seed=3).model)
    only = decode(engine, SOURCES, DecodingConfig(temperature=1.0, top_k=1))
    greedy = decode(engine, SOURCES, DecodingConfig(beam_size=1))
    assert [best.tokens for best, *_ in only] == [best.tokens for best, *_ in greedy]
