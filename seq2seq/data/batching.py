"""Batches of token ids from raw text: deterministic, bucketed by length, filled up to a token budget.

A batch is addressed by (seed, epoch, index), so that a resumed run finds its place again. Sentences are
shuffled over the whole corpus, sorted by length within pools of `POOL` sentences, cut into batches and the
batches of a pool shuffled. Text is encoded when its batch is made, with a random generator seeded from the
address, by one thread that runs ahead of training. Several processes share a batch: each takes every
`world`-th sentence of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from seq2seq.data.pairs import SentencePair
from seq2seq.nn.padding import pad
from seq2seq.text.tokenizer import Tokenizer

POOL = 20_000
AHEAD = 4
TENSORS = ("source", "lengths", "target", "labels", "real")


class TextColumns(Protocol):
    """Rows of raw text, such as a memory-mapped data set: `rows[[3, 1]] == {"source": [...], "target":
    [...]}`."""

    def __len__(self) -> int: ...
    def __getitem__(self, rows: list[int], /) -> Any: ...


class PairColumns:
    """Sentence pairs in memory as columns of text."""

    def __init__(self, pairs: Sequence[SentencePair]) -> None:
        self.pairs = pairs

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, rows: list[int]) -> dict[str, list[str]]:
        return {side: [getattr(self.pairs[row], side) for row in rows] for side in ("source", "target")}


@dataclass(frozen=True)
class Batch:
    """One micro-batch: source (B,S) ending in EOS, its lengths (B,); target (B,T) = BOS y, and labels (B,T) =
    y EOS, with `real` (B,T) true where a label stands. `tokens` and `sentences` count the whole batch, over
    all ranks; `rows` are the numbers of this rank's pairs in the data."""

    source: Tensor
    lengths: Tensor
    target: Tensor
    labels: Tensor
    real: Tensor
    tokens: int
    sentences: int
    rows: tuple[int, ...]

    def to(self, device: torch.device) -> Batch:
        """The same batch on `device`."""
        return self._with(lambda tensor: tensor.to(device))

    def twice(self) -> Batch:
        """Every row a second time, after all the others; the counts stay those of one."""
        return self._with(lambda tensor: torch.cat([tensor, tensor]))

    def _with(self, change: Callable[[Tensor], Tensor]) -> Batch:
        changed: dict[str, Any] = {name: change(getattr(self, name)) for name in TENSORS}
        return replace(self, **changed)


def token_lengths(
    data: TextColumns, source: Tokenizer, target: Tokenizer, *, chunk: int = 10_000
) -> np.ndarray:
    """Lengths (N, 2) in tokens, EOS included, of every pair: what batches are planned by. 4 bytes a pair."""
    lengths = np.zeros((len(data), 2), np.uint16)
    for start in range(0, len(data), chunk):
        rows = data[list(range(start, min(start + chunk, len(data))))]
        for side, (tokenizer, column) in enumerate(((source, "source"), (target, "target"))):
            counts = [min(len(ids) + 1, 65535) for ids in tokenizer.encode_batch(rows[column])]
            lengths[start : start + len(counts), side] = counts
    return lengths


class Batches:
    """All batches of a corpus, for any epoch."""

    def __init__(
        self,
        data: TextColumns,
        *,
        source: Tokenizer,
        target: Tokenizer,
        lengths: np.ndarray,
        batch_tokens: int,
        max_length: int,
        seed: int,
        sampling: float = 0.0,
        alpha: float = 0.2,
        rank: int = 0,
        world: int = 1,
    ) -> None:
        self.data, self.source, self.target = data, source, target
        self.batch_tokens, self.seed, self.sampling, self.alpha = batch_tokens, seed, sampling, alpha
        self.rank, self.world, self.max_length = rank, world, max_length
        self.lengths = lengths
        self.rows = np.flatnonzero(lengths.max(1) <= max_length + 1)  # EOS is not counted against the limit
        self.skipped = len(lengths) - len(self.rows)

    def plan(self, epoch: int) -> Iterator[np.ndarray]:
        """The rows of each batch of `epoch`, in order. Costs no encoding."""
        random = np.random.default_rng((self.seed, epoch))
        order = random.permutation(self.rows)
        for start in range(0, len(order), POOL):
            pool = order[start : start + POOL]
            size = self.lengths[pool].astype(np.int64)
            pool = pool[np.lexsort((size[:, 0], size[:, 1]))]  # by target length, then source length
            batches = self._cut(pool)
            for index in random.permutation(len(batches)):
                yield batches[index]

    def _cut(self, pool: np.ndarray) -> list[np.ndarray]:
        """Runs of `pool` whose padded size, on the longer side, stays within the budget."""
        batches, first, widest = [], 0, 0
        for position, row in enumerate(pool):
            wider = max(widest, int(self.lengths[row].max()))
            if position > first and wider * (position + 1 - first) > self.batch_tokens:
                batches.append(pool[first:position])
                first, wider = position, int(self.lengths[row].max())
            widest = wider
        if first < len(pool):
            batches.append(pool[first:])
        return batches

    def epoch(self, epoch: int, *, start: int = 0) -> Iterator[Batch]:
        """The batches of `epoch` from number `start` on, encoded by a thread that runs `AHEAD` of the
        caller."""
        with ThreadPoolExecutor(1, thread_name_prefix="batches") as worker:
            waiting: list[Future[Batch]] = []
            for index, rows in enumerate(self.plan(epoch)):
                if index < start:
                    continue
                waiting.append(worker.submit(self.make, rows, epoch=epoch, index=index))
                if len(waiting) > AHEAD:
                    yield waiting.pop(0).result()
            for future in waiting:
                yield future.result()

    def make(self, rows: np.ndarray, *, epoch: int, index: int) -> Batch:
        """Encode the rows of batch (`epoch`, `index`); the split of a sentence depends on nothing else."""
        text = self.data[rows.tolist()]
        random = np.random.default_rng((self.seed, epoch, index))
        eos, bos = Tokenizer.eos_id, Tokenizer.bos_id
        sources = [[*ids, eos] for ids in self._encode(self.source, text["source"], random)]
        targets = [[*ids, eos] for ids in self._encode(self.target, text["target"], random)]
        tokens = sum(map(len, targets))
        mine = slice(self.rank, None, self.world)
        sources, targets = sources[mine] or sources[:1], targets[mine] or targets[:1]
        idle = self.rank >= len(rows)  # more processes than sentences: this one computes, and counts nothing
        source, lengths = pad(sources)
        labels, label_lengths = pad(targets)
        real = (torch.arange(labels.shape[1]) < label_lengths.unsqueeze(1)) & (not idle)
        target = torch.cat([torch.full((len(labels), 1), bos), labels[:, :-1]], 1)
        return Batch(source, lengths, target, labels, real, tokens, len(rows), tuple(rows[mine].tolist()))

    def _encode(self, tokenizer: Tokenizer, texts: list[str], random: np.random.Generator) -> list[list[int]]:
        """Best splits, or with probability `sampling` random ones, cut where sampling overshoots the
        limit."""
        ids = tokenizer.encode_batch(texts)
        if self.sampling > 0:
            seed = int(random.integers(1, 2**31))
            sampled = tokenizer.encode_batch(texts, sample=True, alpha=self.alpha, seed=seed)
            chosen = random.random(len(texts)) < self.sampling
            # a random split may be far longer than what the batch was planned for
            ids = [
                s if pick and len(s) <= 2 * len(best) + 4 else best
                for s, best, pick in zip(sampled, ids, chosen, strict=True)
            ]
        return ids
