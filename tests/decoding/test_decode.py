"""The one decode path: order kept, limits held, and a sentence's answer never depends on its batch."""

from __future__ import annotations

import random

import pytest
import torch

from seq2seq.config import DecodingConfig
from seq2seq.data.sample import sample_corpus
from seq2seq.decoding.decode import decode, greedy_stream, length_limits
from seq2seq.decoding.torch_engine import TorchEngine
from seq2seq.translator import Translator
from tests import tiny


@pytest.fixture(scope="module")
def translator() -> Translator:
    return Translator.from_pretrained("en-fr")


def sentences(translator: Translator, number: int, longest: int) -> list[list[int]]:
    """Token ids of English text of 1 to `longest` tokens, lengths spread evenly on a logarithmic scale."""
    chance = random.Random(3)
    text = [pair.source for pair in sample_corpus(seed=5, train=3000, valid=1, test=1).train]
    found = []
    for _ in range(number):
        length, ids = int((longest + 1) ** chance.random()), list[int]()
        while len(ids) < length:
            ids += translator.source_tokenizer.encode(chance.choice(text))
        found.append(ids[:length])
    return found


def disagreements(translator: Translator, sources: list[list[int]], config: DecodingConfig) -> list[str]:
    """Sentences whose best tokens differ between batch sizes though the answers are not equally likely."""
    order = list(range(len(sources)))
    random.Random(4).shuffle(order)
    answers, misses, bad = [], 0, []
    for size in (1, 7, 32, 128):
        options = DecodingConfig(**{**config.__dict__, "batch_size": size})
        shuffled = decode(translator.engine, [sources[row] for row in order], options)
        answers.append([found[0] for _, found in sorted(zip(order, shuffled, strict=True))])
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
def test_batches_change_no_answer(translator: Translator, beam_size: int) -> None:
    config = DecodingConfig(beam_size=beam_size)
    assert disagreements(translator, sentences(translator, 40, 40), config) == []


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_batches_change_none_of_a_thousand_answers(translator: Translator) -> None:
    """1 to 120 tokens, batches of 1, 7, 32 and 128, shuffled. Two hypotheses, as ties between them are what
    five would add: the width makes no other difference to a row."""
    assert disagreements(translator, sentences(translator, 1000, 120), DecodingConfig(beam_size=2)) == []


def test_limits_by_hand() -> None:
    config = DecodingConfig(max_length_factor=1.5, max_length_extra=4)
    assert length_limits([[5, 6, 7, 3], [3]], config).tolist() == [8, 4]


def test_every_answer_ends_within_its_limit() -> None:
    torch.manual_seed(0)
    model = tiny.bundle().model.eval()
    config = DecodingConfig(beam_size=3, n_best=3, max_length_factor=1.0, max_length_extra=2)
    for source, found in zip(
        [[5], [5, 6, 7]], decode(TorchEngine(model), [[5], [5, 6, 7]], config), strict=True
    ):
        assert 1 <= len(found) <= 3
        assert all(len(hypothesis.tokens) + 1 <= len(source) + 2 for hypothesis in found)
        assert len({hypothesis.tokens for hypothesis in found}) == len(found)


def test_score_is_the_sum_of_the_chosen_log_probabilities() -> None:
    model = tiny.bundle().model.eval()
    source, target = [5, 6], [7, 8]
    tokens, lengths = torch.tensor([[5, 6, 3]]), torch.tensor([3])
    memory, state = model.encode(tokens, lengths)
    total = 0.0
    for given, wanted in zip([2, 7, 8], [7, 8, 3], strict=True):
        output, state = model.decoder(torch.tensor([[given]]), state, memory)
        scores = model.decoder.logits(output, memory)[0, 0].double()
        total += float((scores[wanted] - scores.exp().sum().log()).detach())
    assert tiny.forced_log_probs(model, [source], [target])[0] == pytest.approx(total, abs=1e-5)


def test_growing_ends_with_the_greedy_answer(translator: Translator) -> None:
    for source in sentences(translator, 5, 20):
        partial = list(greedy_stream(translator.engine, source, DecodingConfig()))
        greedy = decode(translator.engine, [source], DecodingConfig(beam_size=1))[0][0]
        assert [len(tokens) for tokens in partial] == list(range(1, len(partial) + 1))
        assert not greedy.finished or tuple(partial[-1] if partial else ()) == greedy.tokens
