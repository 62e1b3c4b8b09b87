"""Guided alignment: the loss by hand, the links, the same gradient in parts, and better attention."""

from __future__ import annotations

import math
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from functools import cache
from weakref import ReferenceType, ref

import numpy as np
import pytest
import torch
from torch import Tensor

from seq2seq.config import Settings
from seq2seq.data.batching import Batch, Batches, PairColumns, token_lengths
from seq2seq.data.sample import SamplePair, sample_corpus
from seq2seq.errors import UsageError
from seq2seq.monitoring.micro_batches import halves
from seq2seq.nn.model import build_model
from seq2seq.objectives.guided_alignment import (
    alignment_loss,
    check_guided_alignment,
    guide,
    weight_at,
)
from seq2seq.pairs import SentencePair
from seq2seq.text.tokenizer import Tokenizer
from seq2seq.training import train_step
from seq2seq.training.train_step import TrainStep
from tests import tiny

CPU = torch.device("cpu")


def test_the_loss_by_hand() -> None:
    """One piece with one link, one with two, and one without."""
    weights = torch.tensor([[[0.5, 0.25, 0.25], [0.1, 0.2, 0.7], [0.9, 0.05, 0.05]]])
    links = torch.tensor([[[False, True, False], [True, False, True], [False, False, False]]])
    expected = -math.log(0.25) - (math.log(0.1) + math.log(0.7)) / 2
    assert alignment_loss(weights, links).item() == pytest.approx(expected)


def test_a_weight_of_zero_gives_no_infinite_loss_or_gradient() -> None:
    scores = torch.tensor([[[0.0, -500.0]]], requires_grad=True)
    loss = alignment_loss(scores.softmax(-1), torch.tensor([[[False, True]]]))
    loss.backward()
    assert torch.isfinite(loss) and scores.grad is not None and torch.isfinite(scores.grad).all()


def test_the_weight_falls_to_zero() -> None:
    assert [weight_at(step, weight=0.5, steps=5) for step in (1, 2, 5, 6, 100)] == pytest.approx(
        [0.5, 0.4, 0.1, 0.0, 0.0]
    )
    assert weight_at(10**6, weight=0.5, steps=0) == 0.5


def batches(
    pairs: Sequence[SentencePair],
    tokens: Tokenizer,
    *,
    batch_tokens: int = 200,
    rank: int = 0,
    world: int = 1,
) -> Batches:
    data = PairColumns(list(pairs))
    return Batches(
        data,
        source=tokens,
        target=tokens,
        lengths=token_lengths(data, tokens, tokens),
        batch_tokens=batch_tokens,
        max_length=100,
        seed=1,
        rank=rank,
        world=world,
    )


@cache
def word_tokenizer() -> Tokenizer:
    """Each number word is a piece."""
    texts = [text for pair in tiny.pairs(400) for text in (pair.source, pair.target)]
    return Tokenizer.train(iter(texts), vocab_size=330)


def trained_step(**changes: float | str) -> tuple[TrainStep, Batches]:
    """A step whose attention is guided, and its batches."""
    settings = tiny.settings(**changes)
    size = word_tokenizer().vocab_size
    model = tiny.model_config(source_vocab_size=size, target_vocab_size=size, dropout=0.0)
    torch.manual_seed(1)
    step = TrainStep(build_model(model), settings.training, CPU)
    read = batches(tiny.pairs(400), word_tokenizer())
    step.guide = guide(step.model.decoder, read, weight=0.7, steps=0)
    return step, read


def test_a_number_word_is_linked_to_its_translation() -> None:
    step, read = trained_step()
    batch = next(iter(read.epoch(0)))
    assert step.guide is not None
    links, right, found = step.guide.links(batch, len(batch.source)), 0, 0
    tokens = word_tokenizer()
    for row, t, s in links.nonzero().tolist():
        source, target = (
            tokens.decode([int(ids[row, place])]).strip()
            for ids, place in ((batch.source, s), (batch.labels, t))
        )
        if source in tiny.ENGLISH and target in tiny.FRENCH:
            found += 1
            right += tiny.ENGLISH.index(source) == tiny.FRENCH.index(target)
    assert found > 20 and right / found > 0.9


def test_a_pass_that_fails_leaves_no_tensor(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the second try, with a smaller part, would need the memory of both."""
    step, read = trained_step()
    kept, original = list[ReferenceType[Tensor]](), train_step.cross_entropy

    def loss(logits: Tensor, targets: Tensor, **options: float) -> Tensor:
        kept.append(ref(logits))
        if len(kept) == 1:
            raise MemoryError
        assert kept[0]() is None, "the graph of the first try"
        return original(logits, targets, **options)

    monkeypatch.setattr(train_step, "cross_entropy", loss)
    step.update([next(iter(read.epoch(0)))], rate=1e-3, step=1)
    assert len(kept) > 2


def test_a_copy_of_the_network_has_no_second_table() -> None:
    step, _ = trained_step()
    (hook,) = deepcopy(step.model).decoder._forward_hooks.values()
    assert hook.__self__ is step.guide  # type: ignore[attr-defined]


def test_aligning_can_be_interrupted() -> None:
    step, read = trained_step()
    calls = iter(range(10))

    def check() -> None:
        if next(calls) == 3:
            raise SystemExit(143)

    with pytest.raises(SystemExit):
        guide(step.model.decoder, read, weight=1.0, steps=0, check=check)


def gradients(step: TrainStep, group: Sequence[Batch], tokens: int) -> dict[str, Tensor]:
    step.model.zero_grad()
    for batch in group:
        _, objective = step._read(batch, 1)
        (objective / tokens).backward()
    return {name: w.grad.clone() for name, w in step.model.named_parameters() if w.grad is not None}


@pytest.mark.parametrize("consistency", [0.0, 1.0])
def test_parts_of_a_batch_have_its_gradient(consistency: float) -> None:
    """As parts of an update, and of two processes. Without dropout both readings are the same."""
    step, read = trained_step(consistency=consistency)
    for module in step.model.modules():
        if isinstance(getattr(module, "p", None), float):
            module.p = 0.0  # type: ignore[assignment]
    batch = max(read.epoch(0), key=lambda batch: batch.labels.shape[1])
    whole = gradients(step, [batch], batch.tokens)
    quarters = [part for half in halves(batch) for part in halves(half)]
    processes = [
        batches(tiny.pairs(400), word_tokenizer(), rank=rank, world=2).make(
            np.array(batch.rows), epoch=0, index=0
        )
        for rank in (0, 1)
    ]
    for group in (quarters, processes):
        parts = gradients(step, group, batch.tokens)
        for name, gradient in whole.items():
            torch.testing.assert_close(parts[name], gradient, rtol=1e-4, atol=1e-6)
    step.guide = None
    plain = gradients(step, [batch], batch.tokens)
    assert not all(torch.allclose(plain[name], gradient, atol=1e-5) for name, gradient in whole.items())


def test_validation_is_not_guided_and_nothing_is_kept() -> None:
    step, read = trained_step()
    batch = next(iter(read.epoch(0)))
    step.model.eval()
    step._logits(batch)
    assert step.guide is not None and step.guide.objective(batch, step=1, readings=1) == 0.0


def test_without_attention_it_is_refused() -> None:
    settings = replace(Settings(), model=replace(Settings().model, attention="none"))
    check_guided_alignment(settings)
    guided = replace(settings, training=replace(settings.training, guided_alignment=0.5))
    with pytest.raises(UsageError, match=r"guided_alignment is 0\.5, expected 0"):
        check_guided_alignment(guided)


# The sample corpus, whose word alignments are known


def word_of(tokens: Tokenizer, ids: Sequence[int]) -> list[int]:
    """The word, between spaces, that each piece belongs to."""
    words, word = [], -1
    for piece in tokens.pieces(ids):
        word += piece.startswith("▁")
        words.append(word)
    return words


@torch.no_grad()
def error_rate(step: TrainStep, read: Batches, pairs: Sequence[SamplePair], tokens: Tokenizer) -> float:
    """Of the links of each target piece to the source piece that attention reads most (Och & Ney, 2003)."""
    found = true = both = 0
    step.model.eval()
    for batch in read.epoch(0):
        memory, state = step.model.encode(batch.source, batch.lengths)
        weights = step.model.decoder(batch.target, state, memory)[0].weights
        assert weights is not None
        for row, number in enumerate(batch.rows):
            sources = word_of(tokens, batch.source[row, : batch.lengths[row] - 1].tolist())
            targets = word_of(tokens, batch.labels[row][batch.real[row]].tolist()[:-1])
            read_most = weights[row, : len(targets), : len(sources)].argmax(-1).tolist()
            links = {(sources[s], targets[t]) for t, s in enumerate(read_most)}
            expected = set(pairs[number].alignment)
            found, true, both = found + len(links), true + len(expected), both + len(links & expected)
    return 1 - 2 * both / (found + true)


@pytest.mark.slow
def test_attention_agrees_more_with_the_known_alignment() -> None:
    corpus = sample_corpus(train=3000, valid=100, test=1)
    pairs = [SentencePair(pair.source, pair.target) for pair in corpus.train]
    tokens = Tokenizer.train((text for pair in pairs for text in (pair.source, pair.target)), vocab_size=1500)
    valid = batches([SentencePair(pair.source, pair.target) for pair in corpus.valid], tokens)
    rates = {}
    for weight in (0.0, 1.0):
        size = tokens.vocab_size
        model = tiny.model_config(
            source_vocab_size=size, target_vocab_size=size, embedding_size=48, encoder_size=48,
            decoder_size=64, attention_size=48,
        )  # fmt: skip
        torch.manual_seed(1)
        step = TrainStep(build_model(model), tiny.settings(ema=0.0).training, CPU)
        read = batches(pairs, tokens, batch_tokens=1500)
        if weight:
            step.guide = guide(step.model.decoder, read, weight=weight, steps=0)
        for number, batch in enumerate(read.epoch(0), 1):
            step.update([batch], rate=5e-3, step=number)
        rates[weight] = error_rate(step, valid, corpus.valid, tokens)
    assert rates[1.0] < rates[0.0] - 0.1, rates
