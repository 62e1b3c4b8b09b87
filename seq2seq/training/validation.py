"""Validation: the loss of a model on the validation set."""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from torch import nn

from seq2seq.data.batching import Batch
from seq2seq.nn.losses import cross_entropy


@torch.no_grad()
def mean_loss(model: nn.Module, batches: Iterable[Batch], device: torch.device) -> float:
    """Cross entropy in nats a target token, without label smoothing; `exp` of it is the perplexity."""
    model.eval()
    loss, tokens = 0.0, 0
    for batch in batches:
        moved = batch.to(device)
        logits = model(moved.source, moved.lengths, moved.target, moved.real)
        loss += float(cross_entropy(logits, moved.labels[moved.real]))
        tokens += batch.tokens
    return loss / tokens if tokens else math.nan
