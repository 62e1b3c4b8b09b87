"""Guided alignment (Chen et al., 2016): attention learns from a word alignment of the training pairs, too.

The pieces of the training pairs are aligned by `augmentation.alignment` before the training. A piece of the
target and one of the source that are each other's best translation are linked. With the attention weights a
of a target piece that has links L, the objective gains

    −w Σ_{s in L} log a_s / |L|

summed over all such pieces. The weight w may fall to 0, so that the end of the training is free.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from seq2seq.augmentation.alignment import AlignmentTable, align_numbers, best_links
from seq2seq.augmentation.words import WordArrays
from seq2seq.config import Settings
from seq2seq.config.checks import require
from seq2seq.data.batching import Batch, Batches
from seq2seq.text.tokenizer import Tokenizer

MOST_PAIRS = 100_000
"""The alignment is learned from so many pairs, spread evenly over the data."""
_ITERATIONS = 5
_CHUNK = 10_000
_LEAST = 1e-30  # of a weight whose logarithm is taken


def check_guided_alignment(settings: Settings) -> None:
    """Raise UsageError if attention is to be guided where there is none."""
    weight, attention = settings.training.guided_alignment, settings.model.attention
    expected = "0, because model.attention is 'none': there is nothing to guide"
    require(not weight or attention != "none", "training.guided_alignment", weight, expected)


def weight_at(step: int, *, weight: float, steps: int) -> float:
    """w at update `step`: it falls linearly from `weight` to 0 in `steps` updates. With 0 steps it stays."""
    return weight * max(0.0, 1 - (step - 1) / steps) if steps else weight


def alignment_loss(weights: Tensor, links: Tensor) -> Tensor:
    """The cross entropy of attention `weights` (B,T,S) with the `links` (B,T,S), true where two pieces are
    linked; summed over the target pieces with a link."""
    numbers = links.sum(-1, keepdim=True).clamp_min(1)
    return -(weights.float().clamp_min(_LEAST).log() * (links / numbers)).sum()


class GuidedAlignment:
    """The additional objective of the batches that a network reads. It sees the attention weights of the last
    pass of `decoder` over a target.

    `table` has the pieces by their ids plus 1 as words. `weight` and `steps` are those of `weight_at`.
    """

    def __init__(self, decoder: nn.Module, table: AlignmentTable, *, weight: float, steps: int) -> None:
        self.table, self.weight, self.steps = table, weight, steps
        self._weights: Tensor | None = None
        decoder.register_forward_hook(self._see)

    def __deepcopy__(self, memo: dict[int, Any]) -> GuidedAlignment:
        """This object: a copy of the network, such as that of a validation, needs no second table."""
        return self

    def forget(self) -> None:
        """Let go of the weights of a pass that failed, and with them of all its tensors."""
        self._weights = None

    def _see(self, decoder: nn.Module, _: Any, result: Any) -> None:
        self._weights = result[0].weights if decoder.training else None

    def objective(self, batch: Batch, *, step: int, readings: int) -> Tensor | float:
        """w × the loss of the pass over `batch` that was just made, a mean over its `readings`."""
        weights, self._weights = self._weights, None
        weight = weight_at(step, weight=self.weight, steps=self.steps)
        if not weight or weights is None:
            return 0.0
        links = self.links(batch, len(batch.source) // readings).to(weights.device)
        return alignment_loss(weights, links.repeat(readings, 1, 1)) * (weight / readings)

    def links(self, batch: Batch, sentences: int) -> Tensor:
        """Which pieces of the first `sentences` rows of `batch` are linked, (B,T,S), by the labels."""
        sources, labels = batch.source[:sentences].cpu().numpy(), batch.labels[:sentences].cpu().numpy()
        lengths, real = batch.lengths[:sentences].tolist(), batch.real[:sentences].sum(1).tolist()
        links = np.zeros((sentences, labels.shape[1], sources.shape[1]), bool)
        for row, (width, height) in enumerate(zip(lengths, real, strict=True)):
            if height:  # else a process without a sentence, which computes without effect
                source = sources[row : row + 1, :width].astype(np.int32) + 1
                target = labels[row : row + 1, :height].astype(np.int32) + 1
                forward, backward = best_links(*self.table.scores(source, target))
                links[row, :height, :width] = (forward & backward)[0].T
        return torch.from_numpy(links)


def guide(
    decoder: nn.Module,
    batches: Batches,
    *,
    weight: float,
    steps: int,
    check: Callable[[], None] = lambda: None,
) -> GuidedAlignment:
    """Align the pairs of `batches`, without noise and with the best splits, and guide `decoder` by that.

    It takes some seconds to a minute, and up to 1 GB of memory. The same data give the same alignment.
    `check` is called now and then meanwhile; what it raises ends the work.
    """
    rows = batches.rows[:: max(1, -(-len(batches.rows) // MOST_PAIRS))]
    size = max(batches.source.vocab_size, batches.target.vocab_size)
    sides = (("source", batches.source), ("target", batches.target))
    source, target = (_numbered(_ids(batches, rows, side, tokenizer, check)) for side, tokenizer in sides)
    table = align_numbers(source, target, size, iterations=_ITERATIONS, check=check)
    numbers = {str(number): number for number in range(1, size + 1)}
    return GuidedAlignment(decoder, replace(table, vocabulary=numbers), weight=weight, steps=steps)


def _ids(
    batches: Batches, rows: np.ndarray, side: str, tokenizer: Tokenizer, check: Callable[[], None]
) -> Iterator[list[int]]:
    """The token ids of a side of some pairs, with EOS, as the network reads them."""
    for start in range(0, len(rows), _CHUNK):
        check()
        texts = batches.data[rows[start : start + _CHUNK].tolist()][side]
        for ids in tokenizer.encode_batch(texts):
            yield [*ids, tokenizer.eos_id]


def _numbered(sentences: Iterator[list[int]]) -> WordArrays:
    """Token ids as words that are numbered from 1."""
    texts = list(sentences)
    numbers = np.fromiter(chain.from_iterable(texts), np.int32) + 1
    offsets = np.cumsum([0, *map(len, texts)], dtype=np.int64)
    return WordArrays(numbers, numbers, numbers, offsets)
