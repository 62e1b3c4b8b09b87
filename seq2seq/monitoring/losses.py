"""Losses of a model on batches: as they are, and with the sources of other sentences."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

import torch
from torch import nn

from seq2seq.data.batching import Batch
from seq2seq.nn.losses import cross_entropy


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


def source_gain(
    model: nn.Module, batches: Iterable[Batch], device: torch.device, *, tagged: bool = False
) -> float | None:
    """By how much the loss of `batches` rises if each sentence gets the source of another, in nats a token.

    0 means that the model ignores the source: it predicts the target from the target alone. The sources of a
    batch are of similar lengths, so the length of the source counts little. None if no batch has two
    sentences. With `tagged`, the first token of a source is the tag of its target language, which it keeps.
    """
    usable = [batch for batch in batches if len(batch.source) > 1]
    if not usable:
        return None
    swapped = [_swapped(batch, kept=int(tagged)) for batch in usable]
    return mean_loss(model, swapped, device) - mean_loss(model, usable, device)


def _swapped(batch: Batch, *, kept: int) -> Batch:
    """`batch` with the sources of other sentences, but for the first `kept` tokens."""
    source = torch.cat([batch.source[:, :kept], batch.source[:, kept:].roll(1, 0)], 1)
    return replace(batch, source=source, lengths=batch.lengths.roll(1, 0))
