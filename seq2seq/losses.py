"""Training losses, summed over tokens and returned with nothing divided: whoever sums batches divides once."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def cross_entropy(logits: Tensor, targets: Tensor, *, smoothing: float = 0.0) -> Tensor:
    """Label-smoothed cross entropy (Szegedy et al., 2016) in nats, summed over tokens.

    `logits` (N,V), `targets` (N,). The target distribution gives 1 − s + s/V to the true token and s/V to each
    other. Computed in float32 whatever the precision of the network.
    """
    return F.cross_entropy(logits.float(), targets, reduction="sum", label_smoothing=smoothing)
