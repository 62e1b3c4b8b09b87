"""Small data and models for tests: number words, a tokenizer, a network of 10,000 weights, settings."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import torch

from seq2seq.bundle.model_directory import Bundle
from seq2seq.config import DataConfig, DecodingConfig, ModelConfig, Settings, TrainingConfig
from seq2seq.data.batching import PairColumns, token_lengths
from seq2seq.monitoring.progress import Progress
from seq2seq.nn.model import Seq2Seq, build_model
from seq2seq.pairs import SentencePair
from seq2seq.text.tokenizer import Tokenizer
from seq2seq.training_data.prepared import Prepared

ENGLISH = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
FRENCH = ["zéro", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf"]


def pairs(number: int, *, seed: int = 0) -> list[SentencePair]:
    """`number` random sentences of 1 to 6 number words, each with its translation."""
    chance = random.Random(seed)
    digits = [[chance.randrange(10) for _ in range(chance.randint(1, 6))] for _ in range(number)]
    return [
        SentencePair(" ".join(ENGLISH[d] for d in row), " ".join(FRENCH[d] for d in row)) for row in digits
    ]


@cache
def tokenizer() -> Tokenizer:
    """A joint tokenizer of the number words, about 300 pieces."""
    return Tokenizer.train(
        (text for pair in pairs(200) for text in (pair.source, pair.target)), vocab_size=300
    )


def model_config(**changes: Any) -> ModelConfig:
    """A network of about 10,000 weights."""
    base = ModelConfig(
        embedding_size=12,
        encoder_size=8,
        decoder_size=16,
        attention_size=8,
        source_vocab_size=tokenizer().vocab_size,
        target_vocab_size=tokenizer().vocab_size,
    )
    return replace(base, **changes)


def settings(
    *, model: dict[str, Any] | None = None, data: dict[str, Any] | None = None, **training: Any
) -> Settings:
    """Settings of a run of a few steps; `training` by its fields."""
    base = TrainingConfig(
        batch_tokens=60, warmup_steps=4, learning_rate=5e-3, validation_sentences=6, patience=0
    )
    return Settings(
        model=model_config(**(model or {})),
        data=DataConfig(**{"vocab_size": 300, **(data or {})}),
        training=replace(base, **training),
        decoding=DecodingConfig(beam_size=2, max_length_factor=1.0, max_length_extra=4),
    )


@cache
def prepared(number: int = 60) -> Prepared:
    """`number` pairs in memory, prepared for a trainer."""
    columns = PairColumns(pairs(number, seed=1))
    return Prepared(columns, tokenizer(), tokenizer(), token_lengths(columns, tokenizer(), tokenizer()))


class RecordingProgress(Progress):
    """Progress that prints nothing and keeps its messages."""

    def __init__(self) -> None:
        super().__init__(show=False)
        self.messages: list[str] = []

    def say(self, message: str) -> None:
        self.messages.append(message)


def bundle(*, seed: int = 0, **changes: Any) -> Bundle:
    """An untrained model with its tokenizer, for English to French."""
    torch.manual_seed(seed)
    return Bundle(
        model=build_model(model_config(**changes)).eval(),
        source=tokenizer(),
        target=tokenizer(),
        directions=(("en", "fr"),),
        metrics={"validation": {"bleu": 1.5}},
        card="# en → fr\n",
    )


@cache
def tagged(*languages: str) -> Tokenizer:
    """Like `tokenizer`, with a tag for each language."""
    texts = (text for pair in pairs(200) for text in (pair.source, pair.target))
    return Tokenizer.train(texts, vocab_size=300 + len(languages), tags=languages)


def bundle_of_directions(*directions: tuple[str, str], **changes: Any) -> Bundle:
    """An untrained model of several directions, with a tag for each target language."""
    joint = tagged(*dict.fromkeys(target for _, target in directions))
    sizes = {"source_vocab_size": joint.vocab_size, "target_vocab_size": joint.vocab_size}
    return replace(bundle(**sizes, **changes), source=joint, target=joint, directions=directions)


@torch.inference_mode()
def forced_log_probs(
    model: Seq2Seq, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]
) -> list[float]:
    """Log probability of each target given its source, EOS included, by the training path: all steps at once.

    A second way to the number that search gives step by step.
    """
    totals = []
    for source, target in zip(sources, targets, strict=True):
        tokens = torch.tensor([[*source, Tokenizer.eos_id]])
        inputs = torch.tensor([[Tokenizer.bos_id, *target]])
        labels = torch.tensor([*target, Tokenizer.eos_id])
        real = torch.ones_like(inputs, dtype=torch.bool)
        logits = model(tokens, torch.tensor([tokens.shape[1]]), inputs, real).float()
        totals.append(float(logits.log_softmax(-1).gather(1, labels.unsqueeze(1)).sum()))
    return totals
