"""Batches cut into parts, when an update does not fit into memory.

The gradient of an update is a sum over its target tokens, so parts that are computed one after the other have
the gradient of the whole batch (without dropout to 1e-6; with dropout the parts drop other units).
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from dataclasses import replace

import torch

from seq2seq.data.batching import Batch


class MicroBatches:
    """Knows how large a part may be, as sentences × longest side: 0 is without a limit, as at the beginning.

    `say` receives a message each time the limit falls.
    """

    def __init__(self, say: Callable[[str], None] = lambda message: None) -> None:
        self.say, self.limit = say, 0

    def cut(self, group: Sequence[Batch]) -> list[Batch]:
        """The parts of all batches, in order."""
        return [part for batch in group for part in self._parts(batch)]

    def _parts(self, batch: Batch) -> list[Batch]:
        if not self.limit or padded_size(batch) <= self.limit or len(batch.source) == 1:
            return [batch]
        return [part for half in halves(batch) for part in self._parts(half)]

    def lower(self, group: Sequence[Batch], *, step: int) -> bool:
        """After missing memory: allow parts of half the size of the largest one, and free what torch keeps.

        The largest one is that of several sentences. Returns false if `group` has no such part.
        """
        several = [part for part in self.cut(group) if len(part.source) > 1]
        if not several:
            return False
        largest = max(several, key=padded_size)
        self.limit = max(padded_size(largest) // 2, 1)
        self.say(
            f"step {step}: out of memory with {len(largest.source)} sentences, the longest of "
            f"{_longest(largest)} tokens; from here on half as many are computed at once, which takes longer "
            "and gives the same gradient"
        )
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        return True


def padded_size(batch: Batch) -> int:
    """Sentences × length of the longest source or target."""
    return len(batch.source) * _longest(batch)


def _longest(batch: Batch) -> int:
    return max(batch.source.shape[1], batch.target.shape[1])


def halves(batch: Batch) -> tuple[Batch, Batch]:
    """The first and the second half of the sentences, each without padding that it does not need.

    `tokens` and `sentences` are counted anew; with several processes they are those of this process.
    """
    middle = (len(batch.source) + 1) // 2
    return _rows(batch, slice(0, middle)), _rows(batch, slice(middle, None))


def _rows(batch: Batch, rows: slice) -> Batch:
    lengths, real = batch.lengths[rows], batch.real[rows]
    source_length = int(lengths.max())
    target_length = max(int(real.sum(1).max()), 1)
    return replace(
        batch,
        source=batch.source[rows, :source_length],
        lengths=lengths,
        target=batch.target[rows, :target_length],
        labels=batch.labels[rows, :target_length],
        real=real[:, :target_length],
        tokens=int(real.sum()),
        sentences=len(lengths),
        rows=batch.rows[rows],
    )
