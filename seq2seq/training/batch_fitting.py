"""`--training.batch-tokens auto`: the largest batch that fits into memory and is still sensible.

A batch that is too large wastes data: an epoch then has few updates. A CPU gains nothing from more than some
thousand tokens. A GPU does, so there the size is doubled as long as an update of the longest sentences fits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch

from seq2seq.config import Settings
from seq2seq.data.batching import Batch, Batches
from seq2seq.errors import is_out_of_memory
from seq2seq.nn.model import build_model
from seq2seq.processes import distributed
from seq2seq.training.train_step import TrainStep
from seq2seq.training_data.prepared import Prepared

AUTO = 0
"""The value of `training.batch_tokens` that stands for auto."""
CPU_TOKENS, CPU_TOKENS_LARGE, LARGE = 2_000, 4_000, 100_000
"""A batch on a CPU, and one for so many pairs or more."""
GPU_START, GPU_MOST, GPU_UPDATES = 4_000, 32_000, 200
"""On a GPU: the first size that is tried, the largest one, and so many updates an epoch at least."""
GPU_SHARE = 0.85
"""An update may take this share of a GPU's memory: sizes of batches differ, and so do their fragments."""


def with_fitted_batch(
    settings: Settings, prepared: Prepared, device: torch.device, *, say: Callable[[str], None]
) -> Settings:
    """`settings` with the number of tokens that suits the data, the network and `device`, if it is auto.

    With several processes no size is tried: one that failed would leave the others waiting.
    """
    if settings.training.batch_tokens != AUTO:
        return settings
    first, largest = _sensible(prepared.lengths, settings.data.max_length, device)
    size, reason = first, "not tried, because several processes train together"
    if distributed.world() == 1:
        trial = Trial(settings, prepared, device)
        size = largest_that_fits(trial.fits, first=first, largest=largest)
        reason = "an update of the longest sentences fits into memory"
    say(f"batches of {size:,} tokens (training.batch_tokens is auto; {reason})")
    return replace(settings, training=replace(settings.training, batch_tokens=size))


def largest_that_fits(fits: Callable[[int], bool], *, first: int, largest: int) -> int:
    """`first`, doubled while it fits, up to `largest`, or halved until it fits, down to 1."""
    size = first
    while size > 1 and not fits(size):
        size //= 2
    if size == first:
        while 2 * size <= largest and fits(2 * size):
            size *= 2
    return size


def _sensible(lengths: np.ndarray, max_length: int, device: torch.device) -> tuple[int, int]:
    """The size to begin with, and the largest one that makes sense for sentences of these lengths (N,2)."""
    used = lengths[lengths.max(1) <= max_length + 1].max(1)
    if device.type != "cuda":
        size = CPU_TOKENS_LARGE if len(used) >= LARGE else CPU_TOKENS
        return size, size
    largest = min(GPU_MOST, max(CPU_TOKENS, int(used.sum()) // GPU_UPDATES))
    return min(GPU_START, largest), largest


class Trial:
    """Makes updates of the longest sentences, with a network of its own, to see whether they fit."""

    def __init__(self, settings: Settings, prepared: Prepared, device: torch.device) -> None:
        self.device = device
        self.step = TrainStep(build_model(settings.model), settings.training, device)
        self.batches = Batches(
            prepared.data,
            source=prepared.source,
            target=prepared.target,
            lengths=prepared.lengths,
            batch_tokens=1,
            max_length=settings.data.max_length,
            seed=settings.training.seed,
            tags=prepared.tags,
        )
        longest_first = np.argsort(-self.batches.lengths[self.batches.rows].max(1), kind="stable")
        self.rows = self.batches.rows[longest_first]

    def fits(self, size: int) -> bool:
        """Whether an update of `size` tokens fits: sentences as long as any in the data."""
        longest = int(self.batches.lengths[self.rows[0]].max())
        batch = self.batches.make(self.rows[: max(1, size // longest)], epoch=0, index=0)
        return self._fits(batch)

    def _fits(self, batch: Batch) -> bool:
        self.step.micro_batches.limit = 0
        if self.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self.device)
        try:
            self.step.update([batch], rate=0.0, step=1)
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            return False
        if self.device.type == "cuda":
            total = torch.cuda.get_device_properties(self.device).total_memory
            if torch.cuda.max_memory_allocated(self.device) > GPU_SHARE * total:
                return False
        return self.step.micro_batches.limit == 0  # it was not cut into parts
