"""Decoding keeps the order and the limits, and a sentence's result does not depend on its batch."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest
import torch
from torch.nn import functional as F

from seq2seq.config import DecodingConfig
from seq2seq.data.sample import sample_corpus
from seq2seq.decoding.decode import FORBIDDEN, decode, growing, length_limits
from seq2seq.decoding.engine import Array, StepOutput
from seq2seq.decoding.search import SearchOptions, force
from seq2seq.engines.torch_engine import TorchEngine
from seq2seq.translator import Translator
from tests import tiny


@pytest.fixture(scope="module")
def translator() -> Translator:
    return Translator.from_pretrained("en-fr")


def sentences(translator: Translator, number: int, longest: int) -> list[list[int]]:
    """Token ids of English text of 1 to `longest` tokens, lengths spread evenly on a logarithmic scale."""
    generator = random.Random(3)
    text = [pair.source for pair in sample_corpus(seed=5, train=3000, valid=1, test=1).train]
    sources = []
    for _ in range(number):
        length, ids = int((longest + 1) ** generator.random()), list[int]()
        while len(ids) < length:
            ids += translator.source_tokenizer.encode(generator.choice(text))
        sources.append(ids[:length])
    return sources


def disagreements(translator: Translator, sources: list[list[int]], config: DecodingConfig) -> list[str]:
    """Sentences whose best tokens differ between batch sizes, unless both are equally likely within 1e-5."""
    order = list(range(len(sources)))
    random.Random(4).shuffle(order)
    answers, misses, bad = [], 0, []
    for size in (1, 7, 32, 128):
        options = replace(config, batch_size=size)
        shuffled = decode(translator.engine, [sources[row] for row in order], options)
        answers.append([hypotheses[0] for _, hypotheses in sorted(zip(order, shuffled, strict=True))])
    for row, (alone, *others) in enumerate(zip(*answers, strict=True)):
        for other in others:
            if other.tokens == alone.tokens:
                if abs(other.score - alone.score) > 1e-4:
                    bad.append(f"{row}: scores {alone.score} and {other.score}")
                continue
            misses += 1
            ids, penalty = sources[row], config.length_penalty
            one, two = tiny.forced_log_probs(translator.model, [ids, ids], [alone.tokens, other.tokens])
            gap = one / (len(alone.tokens) + 1) ** penalty - two / (len(other.tokens) + 1) ** penalty
            if abs(gap) > 1e-5:
                bad.append(f"{row}: {alone.tokens} and {other.tokens}, {gap} apart")
    print(f"{misses} near-ties among {len(sources)} sentences")
    return bad


@pytest.mark.parametrize("beam_size", [1, 5])
def test_batches_change_no_result(translator: Translator, beam_size: int) -> None:
    config = DecodingConfig(beam_size=beam_size)
    assert disagreements(translator, sentences(translator, 40, 40), config) == []


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_batches_change_none_of_a_thousand_results(translator: Translator) -> None:
    """1 to 120 tokens, shuffled, in batches of 1, 7, 32 and 128. A beam of 2 is enough to have ties between
    hypotheses; a wider one makes no other difference to a row."""
    assert disagreements(translator, sentences(translator, 1000, 120), DecodingConfig(beam_size=2)) == []


def test_limits_by_hand() -> None:
    config = DecodingConfig(max_length_factor=1.5, max_length_extra=4)
    assert length_limits([[5, 6, 7, 3], [3]], config).tolist() == [8, 4]
    assert length_limits([], config).tolist() == []


def test_the_largest_settings_give_finite_limits() -> None:
    config = DecodingConfig(max_length_factor=100, max_length_extra=10_000)
    assert length_limits([[5] * 10_000 + [3]], config).tolist() == [1_010_000]


def test_every_result_ends_within_its_limit() -> None:
    torch.manual_seed(0)
    model = tiny.bundle().model.eval()
    config = DecodingConfig(beam_size=3, n_best=3, max_length_factor=1.0, max_length_extra=2)
    sources = [[5], [5, 6, 7]]
    for source, hypotheses in zip(sources, decode(TorchEngine(model), sources, config), strict=True):
        assert 1 <= len(hypotheses) <= 3
        assert all(len(hypothesis.tokens) + 1 <= len(source) + 2 for hypothesis in hypotheses)
        assert len({hypothesis.tokens for hypothesis in hypotheses}) == len(hypotheses)


def test_forced_log_probability_is_that_of_the_training_path() -> None:
    model = tiny.bundle().model.eval()
    engine = TorchEngine(model)
    options = SearchOptions(bos=2, eos=3)
    sources, targets = [[5, 6], [7]], [[7, 8], [9, 10]]
    start = engine.start([[*source, 3] for source in sources])
    forced = force(engine.step, start, options, torch.tensor(targets))
    expected = tiny.forced_log_probs(model, sources, targets)
    assert [hypothesis.log_prob for hypothesis in forced] == pytest.approx(expected, abs=1e-5)


def test_forbidden_tokens_are_never_chosen() -> None:
    engine = TorchEngine(tiny.bundle(seed=3).model)
    for config in (DecodingConfig(beam_size=1), DecodingConfig(beam_size=3)):
        (best,) = decode(engine, [[270, 280]], config)[0]
        chosen = best.tokens[0]
        (other,) = decode(engine, [[270, 280]], config, forbidden=(*FORBIDDEN, chosen))[0]
        assert chosen not in other.tokens
        if config.beam_size == 1:
            *_, last = growing(engine, [270, 280], config, forbidden=(*FORBIDDEN, chosen))
            assert last.tokens == other.tokens


def test_a_stream_ends_with_the_greedy_translation(translator: Translator) -> None:
    for source in sentences(translator, 5, 20):
        *partial, last = growing(translator.engine, source, DecodingConfig(beam_size=1))
        greedy = decode(translator.engine, [source], DecodingConfig(beam_size=1))[0][0]
        assert [one.tokens for one in partial] == [greedy.tokens[: n + 1] for n in range(len(partial))]
        assert last.tokens == greedy.tokens and list(last.found) == [greedy]


class ShortlistEngine:
    """A third-party engine: alternates the tokens 7 and 9, then ends. It has a shortlist and no attention."""

    device = torch.device("cpu")
    candidates = torch.tensor([9, 3, 7])

    @dataclass(frozen=True)
    class State:
        lengths: torch.Tensor  # (B,) steps to the end
        steps: int = 0

        def select(self, sentences: Array, hypotheses: Array) -> ShortlistEngine.State:
            return replace(self, lengths=self.lengths[sentences])

    def start(self, sources: Sequence[Sequence[int]]) -> State:
        return self.State(torch.tensor([len(source) for source in sources]))

    def step(self, newest: Array, state: State) -> StepOutput:
        tokens = torch.from_numpy(newest)
        ends = (state.lengths <= state.steps + 1).view(-1, 1).expand_as(tokens)
        column = torch.where(ends, 1, torch.where(tokens == 7, 0, 2))
        logits = 20.0 * F.one_hot(column, 3).float()
        after = replace(state, steps=state.steps + 1)
        return StepOutput(logits, logits.logsumexp(-1), self.candidates, None, after)


def test_any_engine_with_start_and_step_decodes() -> None:
    engine = ShortlistEngine()
    for size in (1, 2):
        results = decode(engine, [[5, 5, 5], [], [5]], DecodingConfig(beam_size=size, batch_size=2))
        assert [best.tokens for best, *_ in results] == [(7, 9, 7), (), (7,)]
        assert results[0][0].weights is None
    assert [one.tokens for one in growing(engine, [5, 5], DecodingConfig(beam_size=1))] == [
        (7,),
        (7, 9),
        (7, 9),
    ]
