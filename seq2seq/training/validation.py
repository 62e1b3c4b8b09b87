"""Validation: loss and BLEU of a model on the validation set, and whether they are better than before."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import nn

from seq2seq.bundle.model_directory import Bundle
from seq2seq.data.batching import Batch, Batches
from seq2seq.evaluation.scoring import evaluate
from seq2seq.nn.losses import cross_entropy
from seq2seq.pairs import SentencePair
from seq2seq.training.run_state import RunState
from seq2seq.translator import Translator


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
    translations of `pairs`, made by the same `Translator` that users have.
    """

    def __init__(self, pairs: Sequence[SentencePair], batches: Batches, device: torch.device) -> None:
        self.pairs, self.batches, self.device = pairs, batches, device

    def score(self, bundle: Bundle) -> ValidationScores:
        """Loss and BLEU of the model of `bundle`."""
        loss = mean_loss(bundle.model, self.batches.epoch(0), self.device) if self.has_loss else None
        greedy = replace(bundle, decoding=replace(bundle.decoding, beam_size=1, n_best=1))
        bundle.model.eval()
        evaluation = evaluate(Translator(greedy, device=str(self.device)), self.pairs, all_scores=False)
        bleu = evaluation.scores["bleu"]
        return ValidationScores(loss, bleu.score, bleu.signature)

    @property
    def has_loss(self) -> bool:
        """Whether any pair is within the length limit."""
        return len(self.batches.rows) > 0


@torch.no_grad()
def mean_loss(model: nn.Module, batches: Iterable[Batch], device: torch.device) -> float:
    """Cross entropy in nats a target token, without label smoothing; its exponential is the perplexity.

    NaN without batches.
    """
    model.eval()
    loss, tokens = 0.0, 0
    for batch in batches:
        moved = batch.to(device)
        logits = model(moved.source, moved.lengths, moved.target, moved.real)
        loss += float(cross_entropy(logits, moved.labels[moved.real]))
        tokens += batch.tokens
    return loss / tokens if tokens else math.nan


def is_better(scores: ValidationScores, state: RunState) -> bool:
    """Whether `scores` are better than the best ones of the run: a higher BLEU, or the same BLEU and a lower
    loss (a hard task has a BLEU of 0 for hours). A loss that is not finite is never better."""
    if scores.loss is not None and not math.isfinite(scores.loss):
        return False
    if scores.bleu != state.best_bleu:
        return scores.bleu > state.best_bleu
    return scores.loss is not None and scores.loss < state.best_loss
