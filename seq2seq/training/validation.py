"""Validation: loss and BLEU of a model on the validation set, and whether they are better than before."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import torch

from seq2seq.bundle.model_directory import Bundle
from seq2seq.data.batching import Batches
from seq2seq.evaluation.metrics import bleu
from seq2seq.monitoring.losses import mean_loss
from seq2seq.pairs import SentencePair
from seq2seq.training.run_state import RunState
from seq2seq.translation import Translation
from seq2seq.translator import Translator

Item = TypeVar("Item")

LOSS_PAIRS = 5_000
"""The validation loss is that of at most so many pairs, so that a validation takes bounded time."""
_TOGETHER = 32  # sentences translated between two looks for an interruption


class Interrupted(Exception):
    """A validation was asked to end. It has no result."""


@dataclass(frozen=True)
class ValidationScores:
    """`loss` in nats a target token, None if no validation pair is within the length limit; greedy `bleu`
    with the `signature` that reproduces it."""

    loss: float | None
    bleu: float
    signature: str = ""

    def __str__(self) -> str:
        loss = "none (all pairs are too long)" if self.loss is None else f"{self.loss:.3f}"
        return f"validation loss {loss}  greedy BLEU {self.bleu:.2f}"


class Validator:
    """Scores models on the pairs of a validation set.

    The loss is that of `batches`, which leave out pairs beyond the length limit. BLEU is that of the greedy
    translations of `pairs`, made by the same `Translator` that users have. `interrupted` is called every few
    sentences.
    """

    def __init__(
        self,
        pairs: Sequence[SentencePair],
        batches: Batches,
        device: torch.device,
        interrupted: Callable[[], bool] = lambda: False,
    ) -> None:
        self.pairs, self.batches, self.device, self.interrupted = pairs, batches, device, interrupted

    def score(self, bundle: Bundle) -> ValidationScores:
        """Loss and BLEU of the model of `bundle`. Raises Interrupted as soon as `interrupted` is true."""
        batches = stoppable(self.batches.epoch(0), self.interrupted)
        loss = mean_loss(bundle.model, batches, self.device) if self.has_loss else None
        bundle.model.eval()
        translator = Translator(replace(bundle, decoding=bundle.decoding.greedy()), device=str(self.device))
        made = translate_all(translator, [pair.source for pair in self.pairs], self.interrupted)
        references, language = [pair.target for pair in self.pairs], translator.target_language
        score = bleu([one.text for one in made], references, language=language)
        return ValidationScores(loss, score.score, score.signature)

    @property
    def has_loss(self) -> bool:
        """Whether any pair is within the length limit."""
        return len(self.batches.rows) > 0


def stoppable(items: Iterable[Item], interrupted: Callable[[], bool]) -> Iterator[Item]:
    """Yield `items`. Raises Interrupted before the next one as soon as `interrupted` returns true."""
    for item in items:
        if interrupted():
            raise Interrupted
        yield item


def translate_all(
    translator: Translator, sources: Sequence[str], interrupted: Callable[[], bool]
) -> list[Translation]:
    """Translations of `sources`, in order. They are made by `translator.translate`, a few at a time.

    Raises Interrupted as soon as `interrupted` returns true.
    """
    order = sorted(range(len(sources)), key=lambda number: len(sources[number]))
    made: dict[int, Translation] = {}
    for start in stoppable(range(0, len(order), _TOGETHER), interrupted):
        chosen = order[start : start + _TOGETHER]
        made.update(zip(chosen, translator.translate([sources[number] for number in chosen]), strict=True))
    return [made[number] for number in range(len(sources))]


def is_better(scores: ValidationScores, state: RunState) -> bool:
    """Whether `scores` are better than the best ones of the run: a higher BLEU, or the same BLEU and a lower
    loss (a hard task has a BLEU of 0 for hours). A loss that is not finite is never better."""
    if scores.loss is not None and not math.isfinite(scores.loss):
        return False
    if scores.bleu != state.best_bleu:
        return scores.bleu > state.best_bleu
    return scores.loss is not None and scores.loss < state.best_loss
