"""Batches of token ids from raw text: deterministic, bucketed by length, filled up to a token budget.

A batch is identified by (seed, epoch, index), so that a resumed run continues at the same batch. Sentences
are shuffled over the whole corpus, sorted by length within pools of `POOL` sentences and cut into batches;
the batches of a pool are shuffled again. A text with a random split counts with the length that it probably
has. Text is encoded when its batch is made, by one thread that runs ahead of training, with a random
generator that depends on these three numbers alone. Several processes share a batch: each takes every
`world`-th sentence of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from seq2seq.augmentation.noise import Noise
from seq2seq.data.mixing import rows_of_epoch
from seq2seq.nn.padding import pad
from seq2seq.pairs import SentencePair
from seq2seq.text.tokenizer import Tokenizer

POOL = 20_000
AHEAD = 4
GROWTH_ROWS = 500  # pairs by which the length of random splits is estimated
_COLUMNS = ("source", "target", "direction")
TENSORS = ("source", "lengths", "target", "labels", "real")


class TextColumns(Protocol):
    """Rows of raw text, such as a memory-mapped data set.

    `rows[[3, 1]]` is `{"source": [two texts], "target": [two texts]}`, in data of several directions also
    with their numbers as "direction".
    """

    def __len__(self) -> int: ...
    def __getitem__(self, rows: list[int], /) -> Any: ...


class PairColumns:
    """Sentence pairs in memory as columns of text."""

    def __init__(self, pairs: Sequence[SentencePair]) -> None:
        self.pairs = pairs

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, rows: list[int]) -> dict[str, list[Any]]:
        return {name: [getattr(self.pairs[row], name) for row in rows] for name in _COLUMNS}


@dataclass(frozen=True)
class Batch:
    """One batch of token ids, padded.

    source (B,S): source tokens and EOS; lengths (B,): tokens in each row of it.
    target (B,T): BOS and target tokens, the input of the decoder; labels (B,T): target tokens and EOS.
    real (B,T): true where `labels` is a token and not padding.
    tokens, sentences: numbers of target tokens and sentences of the whole batch, over all processes.
    rows: the numbers of this process's pairs in the data.
    """

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
        """All rows a second time, below the first; the counts stay the same."""
        return self._with(lambda tensor: torch.cat([tensor, tensor]))

    def _with(self, change: Callable[[Tensor], Tensor]) -> Batch:
        changed: dict[str, Any] = {name: change(getattr(self, name)) for name in TENSORS}
        return replace(self, **changed)


def token_lengths(
    data: TextColumns,
    source: Tokenizer,
    target: Tokenizer,
    *,
    tagged: bool = False,
    chunk: int = 10_000,
    check: Callable[[], None] = lambda: None,
) -> np.ndarray:
    """Lengths (N,2) of all pairs in tokens, by which batches are planned. 4 bytes per pair.

    EOS is included, and with `tagged` the tag of the target language in front of each source. `check` is
    called before each chunk; what it raises ends the work.
    """
    lengths = np.zeros((len(data), 2), np.uint16)
    for start in range(0, len(data), chunk):
        check()
        rows = data[list(range(start, min(start + chunk, len(data))))]
        for side, (tokenizer, column) in enumerate(((source, "source"), (target, "target"))):
            more = 2 if tagged and side == 0 else 1
            counts = [min(len(ids) + more, 65535) for ids in tokenizer.encode_batch(rows[column])]
            lengths[start : start + len(counts), side] = counts
    return lengths


class Batches:
    """The batches of a corpus in any epoch.

    `batch_tokens` limits sentences × length of the longest source or target of a batch, padding included.
    Pairs with more than `max_length` tokens on one side are left out; `skipped` counts them.
    `sampling`, `alpha` and `noise` change the text or its split into tokens, anew in each epoch. `tags` are
    the token ids that stand in front of the sources of each direction; () if there is one direction.
    `shares` (N,) say how often an epoch has each pair (see `mixing`); None: once.
    """

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
        noise: Noise | None = None,
        tags: Sequence[int] = (),
        shares: np.ndarray | None = None,
        rank: int = 0,
        world: int = 1,
    ) -> None:
        self.tags = tags
        self.data, self.source, self.target = data, source, target
        self.batch_tokens, self.seed, self.sampling, self.alpha = batch_tokens, seed, sampling, alpha
        self.noise, self.rank, self.world, self.max_length = noise, rank, world, max_length
        self.lengths = lengths
        self.rows = np.flatnonzero(lengths.max(1) <= max_length + 1)  # EOS is not counted against the limit
        self.skipped = len(lengths) - len(self.rows)
        self.shares = None if shares is None else shares[self.rows]
        self._drawn_in: tuple[int, np.ndarray] = -1, np.zeros((0, 2), bool)  # the epoch, and its drawn texts

    @cached_property
    def longest_source(self) -> int:
        """As many source tokens, EOS included, as nearly all sentences have at most (99.9 %)."""
        return int(np.quantile(self.lengths[self.rows, 0], 0.999))

    @cached_property
    def pairs(self) -> int:
        """Pairs of an epoch."""
        return len(self._rows_of(0))

    def _rows_of(self, epoch: int) -> np.ndarray:
        """The rows of `epoch`, with repetitions, in any order."""
        if self.shares is None:
            return self.rows
        return rows_of_epoch(self.rows, self.shares, seed=self.seed, epoch=epoch)

    def plan(self, epoch: int) -> Iterator[np.ndarray]:
        """Yield the rows of each batch of `epoch`, in order, without encoding anything."""
        random = np.random.default_rng((self.seed, epoch))
        order = random.permutation(self._rows_of(epoch))
        for start in range(0, len(order), POOL):
            pool = order[start : start + POOL]
            size = self._planned_lengths(pool, epoch)
            by_length = np.lexsort((size[:, 0], size[:, 1]))  # by target length, then source length
            batches = self._cut(pool[by_length], size[by_length].max(1))
            for index in random.permutation(len(batches)):
                yield batches[index]

    def _planned_lengths(self, rows: np.ndarray, epoch: int) -> np.ndarray:
        """Lengths (N,2) of `rows` in `epoch`. Texts whose split is drawn have about so many pieces."""
        size = self.lengths[rows].astype(np.int64)
        if self.sampling > 0:
            size = np.where(self._drawn(epoch)[rows], np.ceil(size * self._growth).astype(np.int64), size)
        return size

    def _drawn(self, epoch: int) -> np.ndarray:
        """Which texts (N,2) of the data have a random split in `epoch`."""
        if self._drawn_in[0] != epoch:
            random = np.random.default_rng((self.seed, epoch, 2**32 - 1))
            self._drawn_in = epoch, random.random(self.lengths.shape, np.float32) < self.sampling
        return self._drawn_in[1]

    @cached_property
    def _growth(self) -> np.ndarray:
        """How many times as many pieces a random split has as the best one, by side (2,)."""
        rows = self.rows[:: max(1, len(self.rows) // GROWTH_ROWS)]
        text = self.data[rows.tolist()]
        sums = [
            sum(map(len, tokenizer.encode_batch(text[side], sample=True, alpha=self.alpha, seed=self.seed)))
            for side, tokenizer in (("source", self.source), ("target", self.target))
        ]
        others = np.array([2 if self.tags else 1, 1]) * len(rows)  # tags and EOS
        return np.maximum(1.0, (np.array(sums) + others) / self.lengths[rows].sum(0))

    def _cut(self, pool: np.ndarray, sizes: np.ndarray) -> list[np.ndarray]:
        """Cut `pool`, with lengths `sizes` (N,), into batches whose padded size is at most `batch_tokens`."""
        batches, first, widest = [], 0, 0
        for position, size in enumerate(sizes.tolist()):
            wider = max(widest, size)
            if position > first and wider * (position + 1 - first) > self.batch_tokens:
                batches.append(pool[first:position])
                first, wider = position, size
            widest = wider
        if first < len(pool):
            batches.append(pool[first:])
        return batches

    def epoch(self, epoch: int, *, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of `epoch` from number `start` on. A thread encodes up to `AHEAD` batches
        ahead.
        """
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
        """Encode the rows of batch (`epoch`, `index`)."""
        text = self.data[rows.tolist()]
        random = np.random.default_rng((self.seed, epoch, index))
        limits = 2 * self.lengths[rows].astype(np.int64) + 2  # twice the planned pieces (without EOS), and 4
        source_texts, target_texts = self._noised(text["source"], text["target"], limits, random)
        eos, bos = Tokenizer.eos_id, Tokenizer.bos_id
        drawn = self._drawn(epoch)[rows] if self.sampling > 0 else np.zeros(limits.shape, bool)
        encoded = [
            self._encode(tokenizer, texts, limits[:, side], drawn[:, side], random)
            for side, (tokenizer, texts) in enumerate(
                ((self.source, source_texts), (self.target, target_texts))
            )
        ]
        sources, targets = ([[*ids, eos] for ids in side] for side in encoded)
        if self.tags:
            sources = [[self.tags[n], *ids] for n, ids in zip(text["direction"], sources, strict=True)]
        tokens = sum(map(len, targets))
        mine = slice(self.rank, None, self.world)
        sources, targets = sources[mine] or sources[:1], targets[mine] or targets[:1]
        idle = self.rank >= len(rows)  # more processes than sentences: this one computes without effect
        source, lengths = pad(sources)
        labels, label_lengths = pad(targets)
        real = (torch.arange(labels.shape[1]) < label_lengths.unsqueeze(1)) & (not idle)
        target = torch.cat([torch.full((len(labels), 1), bos), labels[:, :-1]], 1)
        return Batch(source, lengths, target, labels, real, tokens, len(rows), tuple(rows[mine].tolist()))

    def _noised(
        self, sources: list[str], targets: list[str], limits: np.ndarray, random: np.random.Generator
    ) -> tuple[list[str], list[str]]:
        """The texts with noise, if there is any. A pair stays clean if one of its noised sides has more
        pieces than its limit (B,2) or than `max_length`, because the batch was planned by the clean texts.
        """
        if not self.noise:
            return sources, targets
        noised = self.noise.apply(sources, targets, random)
        changed = [
            index
            for index, pair in enumerate(zip(sources, targets, strict=True))
            if (noised[0][index], noised[1][index]) != pair
        ]
        for side, tokenizer in enumerate((self.source, self.target)):
            ids = tokenizer.encode_batch([noised[side][index] for index in changed])
            for index, pieces in zip(changed, ids, strict=True):
                if len(pieces) > min(limits[index, side], self.max_length):
                    noised[0][index], noised[1][index] = sources[index], targets[index]
        return noised

    def _encode(
        self,
        tokenizer: Tokenizer,
        texts: list[str],
        limits: np.ndarray,
        drawn: np.ndarray,
        random: np.random.Generator,
    ) -> list[list[int]]:
        """Token ids of `texts`: the best split, or a random one where `drawn` (B,) is true. A random split
        with more pieces than its limit (B,) is replaced by the best one, because it would widen the batch.
        """
        ids = tokenizer.encode_batch(texts)
        if self.sampling > 0:
            seed = int(random.integers(1, 2**31))
            chosen = np.flatnonzero(drawn).tolist()
            split = [texts[row] for row in chosen]
            sampled = tokenizer.encode_batch(split, sample=True, alpha=self.alpha, seed=seed)
            for row, pieces in zip(chosen, sampled, strict=True):
                if len(pieces) <= limits[row]:
                    ids[row] = pieces
        return ids
