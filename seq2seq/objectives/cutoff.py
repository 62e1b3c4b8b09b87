"""Cutoff (Shen et al., 2020): in the second reading of a batch, parts of the embedded text are zero.

A consistency loss (`nn.losses.r_drop`, `nn.losses.sim_cut`) reads each batch twice: `Batch.twice` puts the
second reading below the first. `cut_second_reading` makes the token vectors of a network lack tokens or
features there.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from seq2seq.nn.embedding import Embedding


def cut(vectors: Tensor, *, tokens: float, features: float) -> Tensor:
    """`vectors` (B,T,E) in which a token is zero with probability `tokens`, and a feature of a sentence, at
    all its tokens, with probability `features`. The others are not scaled.

    Random numbers come from torch's global generator of the device.
    """
    sentences, length, size = vectors.shape
    if tokens:
        vectors = vectors * (torch.rand(sentences, length, 1, device=vectors.device) >= tokens)
    if features:
        vectors = vectors * (torch.rand(sentences, 1, size, device=vectors.device) >= features)
    return vectors


def cut_second_reading(network: nn.Module, *, tokens: float, features: float) -> None:
    """From now on, all source and target embeddings of `network` cut the second half of their sentences while
    it trains. Copies made of it later cut as well."""

    def hook(module: nn.Module, _: Any, vectors: Tensor) -> Tensor | None:
        if not module.training:
            return None
        whole, second = vectors.chunk(2)
        return torch.cat([whole, cut(second, tokens=tokens, features=features)])

    for module in network.modules():
        if isinstance(module, Embedding):
            module.register_forward_hook(hook)
