"""Loss and BLEU on the validation set, and which scores are better."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from seq2seq.config import DecodingConfig
from seq2seq.data.batching import Batches, PairColumns, token_lengths
from seq2seq.monitoring.losses import mean_loss
from seq2seq.pairs import SentencePair
from seq2seq.training.run_state import RunState
from seq2seq.training.translating import Interrupted, translate_all
from seq2seq.training.validation import ValidationScores, Validator, is_better
from seq2seq.translator import Translator
from tests import tiny

CPU = torch.device("cpu")


def batches(pairs: list[SentencePair], *, max_length: int = 100) -> Batches:
    """Batches of pairs in memory."""
    columns, tokenizer = PairColumns(pairs), tiny.tokenizer()
    return Batches(
        columns,
        source=tokenizer,
        target=tokenizer,
        lengths=token_lengths(columns, tokenizer, tokenizer),
        batch_tokens=40,
        max_length=max_length,
        seed=1,
    )


def test_mean_loss_equals_that_of_each_pair_alone() -> None:
    model, tokenizer, pairs = tiny.bundle().model, tiny.tokenizer(), tiny.pairs(12, seed=4)
    sources, targets = (
        tokenizer.encode_batch([getattr(p, side) for p in pairs]) for side in ("source", "target")
    )
    log_probs = tiny.forced_log_probs(model, sources, targets)
    expected = -sum(log_probs) / sum(len(ids) + 1 for ids in targets)
    assert mean_loss(model, batches(pairs).epoch(0), CPU) == pytest.approx(expected, rel=1e-5)
    assert expected == pytest.approx(math.log(tokenizer.vocab_size), rel=0.2)


def test_mean_loss_uses_no_dropout_and_no_random_numbers() -> None:
    model = tiny.bundle(dropout=0.5).model.train()
    before = torch.get_rng_state()
    assert math.isnan(mean_loss(model, [], CPU))
    assert not model.training and torch.equal(torch.get_rng_state(), before)


def test_scores_of_a_model() -> None:
    pairs = tiny.pairs(6, seed=4)
    scores = Validator(pairs, batches(pairs), CPU).score(tiny.bundle())
    assert scores.loss == mean_loss(tiny.bundle().model, batches(pairs).epoch(0), CPU)
    assert 0 <= scores.bleu <= 100 and "tok:13a" in scores.signature
    assert str(ValidationScores(2.3456, 12.345)) == "validation loss 2.346  greedy BLEU 12.35"


def test_sampling_and_minimum_bayes_risk_of_a_recipe_do_not_reach_the_validation() -> None:
    pairs, plain = tiny.pairs(6, seed=4), tiny.bundle()
    drawn = replace(plain, decoding=DecodingConfig(temperature=2.0, mbr=4, max_length_extra=4))
    greedy = replace(plain, decoding=drawn.decoding.greedy())
    validator = Validator(pairs, batches(pairs), CPU)
    assert validator.score(drawn) == validator.score(greedy)


@pytest.mark.parametrize("looks", [0, 1, 3])
def test_an_interruption_ends_a_validation_within_a_batch(looks: int) -> None:
    """It comes before the loss, while the loss is computed, and between translations."""
    pairs, asked = tiny.pairs(100, seed=4), list[int]()

    def interrupted() -> bool:
        asked.append(1)
        return len(asked) > looks

    with pytest.raises(Interrupted):
        Validator(pairs, batches(pairs[:6]), CPU, interrupted).score(tiny.bundle())
    assert len(asked) == looks + 1


def test_translations_come_in_the_order_of_their_sources() -> None:
    translator, sources = Translator(tiny.bundle()), [pair.source for pair in tiny.pairs(70, seed=4)]
    made = translate_all(translator, sources, lambda: False)
    assert [one.text for one in made] == [translator.translate(source).text for source in sources]


def test_without_a_pair_within_the_limit_there_is_no_loss() -> None:
    pairs = tiny.pairs(6, seed=4)
    validator = Validator(pairs, batches(pairs, max_length=1), CPU)
    scores = validator.score(tiny.bundle())
    assert not validator.has_loss and scores.loss is None
    assert "none" in str(scores)


@pytest.mark.parametrize(
    ("bleu", "loss", "better"),
    [
        (11.0, 9.0, True),
        (9.0, 1.0, False),
        (10.0, 1.9, True),
        (10.0, 2.0, False),
        (10.0, 2.1, False),
        (10.0, None, False),
        (11.0, None, True),
        (99.0, math.nan, False),
        (99.0, math.inf, False),
        (10.0, math.nan, False),
        (10.0, -math.inf, False),
        (math.nan, 1.0, False),
    ],
)
def test_a_higher_bleu_is_better_and_then_a_lower_loss(bleu: float, loss: float | None, better: bool) -> None:
    state = RunState(best_bleu=10.0, best_loss=2.0)
    assert is_better(ValidationScores(loss, bleu), state) is better


def test_the_first_scores_are_better_than_none() -> None:
    assert is_better(ValidationScores(9.0, 0.0), RunState())
    assert is_better(ValidationScores(None, 0.0), RunState())
    assert not is_better(ValidationScores(math.nan, 0.0), RunState())
