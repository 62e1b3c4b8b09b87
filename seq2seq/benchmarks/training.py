"""Measures updates of a recipe, or of a model that is trained on.

The same batches are read in every round. The first round is not counted: it prepares products, memory and
threads, as the first minute of a training does.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import torch

from seq2seq.benchmarks.matrix_rate import matrix_rates, synchronize
from seq2seq.benchmarks.multiply_adds import operations
from seq2seq.benchmarks.peers import Peer, PeerRound
from seq2seq.benchmarks.texts import words
from seq2seq.bundle.model_directory import Bundle
from seq2seq.config import Settings
from seq2seq.data.batching import Batch, Batches, PairColumns, token_lengths
from seq2seq.errors import DataError, UsageError
from seq2seq.nn.model import build_model, count_parameters
from seq2seq.pairs import SentencePair
from seq2seq.planning.machine import peak_memory
from seq2seq.planning.pieces import cut_into_pieces
from seq2seq.text.tokenizer import Tokenizer
from seq2seq.training.train_step import TrainStep

LATE = 1_000_000
"""The number of the updates: what grows in the first updates, such as scheduled sampling, has grown."""


@dataclass(frozen=True)
class TrainingFigures:
    """What was measured. Speeds are medians over the rounds, a second.

    Attributes:
        weights: of the network; `vocabulary`: target pieces.
        updates: of a round; `batch_tokens`: of the settings.
        target_tokens, source_tokens, sentences, words: a second; EOS is a token, words are the source's.
        least, most: target tokens a second of the slowest and of the fastest round.
        operations: of matrix products a second.
        precision: the number type of the products, "float32" or "bfloat16".
        rates: operations a second of a large matrix product, by number type.
        share: `operations` as a share of the rate of `precision`.
        peak_memory: bytes of the process, with the libraries; `device_memory`: of the GPU, 0 without one.
        peer: target tokens a second of the peer in each round; `ratio`: our median to its median, 0 without.
    """

    device: str
    threads: int
    weights: int
    vocabulary: int
    updates: int
    batch_tokens: int
    rounds: int
    target_tokens: float
    source_tokens: float
    sentences: float
    words: float
    least: float
    most: float
    operations: float
    precision: str
    rates: dict[str, float]
    share: float
    peak_memory: int
    device_memory: int
    peer: tuple[float, ...] = ()
    ratio: float = 0.0


class TrainingBenchmark:
    """Updates of a network with `settings` on `pairs`; with `bundle`, of its network and tokenizers.

    `updates` batches are read in each round. Raises DataError if there is no batch, and UsageError if
    the size of the batches is not set.
    """

    def __init__(
        self,
        settings: Settings,
        pairs: Sequence[SentencePair],
        *,
        device: torch.device,
        updates: int,
        bundle: Bundle | None = None,
    ) -> None:
        if not settings.training.batch_tokens:
            raise UsageError(
                "training.batch_tokens is 0 (auto), expected a number: a trial is no measurement"
            )
        source, target = _tokenizers(settings, pairs, bundle)
        model = replace(
            settings.model if bundle is None else bundle.model.config,
            source_vocab_size=source.vocab_size,
            target_vocab_size=target.vocab_size,
        )
        self.settings, self.device, self.pairs = replace(settings, model=model), device, pairs
        torch.manual_seed(settings.training.seed)
        self.step = TrainStep(build_model(model), settings.training, device)
        columns = PairColumns(list(pairs))
        batches = Batches(
            columns,
            source=source,
            target=target,
            lengths=token_lengths(columns, source, target),
            batch_tokens=settings.training.batch_tokens,
            max_length=settings.data.max_length,
            seed=settings.training.seed,
        )
        self.batches = list(islice(batches.epoch(0), updates))
        if not self.batches:
            raise DataError(f"no pair has at most data.max_length = {settings.data.max_length} tokens")

    def round(self) -> float:
        """Seconds of an update with each batch."""
        synchronize(self.device)
        begin = time.perf_counter()
        for batch in self.batches:
            self._update(batch)
        synchronize(self.device)
        return time.perf_counter() - begin

    def _update(self, batch: Batch) -> None:
        self.step.update([batch], rate=1e-5, step=LATE)

    def operations(self) -> int:
        """Operations of the matrix products of a round: of one batch, and of the others by their size."""
        batch = max(self.batches, key=_cells)
        step = TrainStep(build_model(self.settings.model), self.settings.training, torch.device("cpu"))
        step.bfloat16 = False
        counted = operations(lambda: step.update([batch], rate=1e-5, step=LATE))
        return round(counted * sum(map(_cells, self.batches)) / _cells(batch))

    def run(
        self,
        *,
        rounds: int,
        peer: Peer | None = None,
        say: Callable[[str], None] = lambda _: None,
        seconds_for_rates: float = 1.0,
    ) -> TrainingFigures:
        """Measure `rounds` rounds, each followed by a run of the peer."""
        rates = matrix_rates(self.device, seconds=seconds_for_rates)
        self.round()
        times, theirs = list[float](), list[PeerRound]()
        for number in range(1, rounds + 1):
            times.append(self.round())
            say(f"round {number}: {self._target_tokens / times[-1]:,.0f} target tokens/s")
            if peer is not None:
                theirs.append(peer.run())
                say(f"round {number}: {theirs[-1].target_tokens_per_second:,.0f} of the peer")
        memory = peak_memory()  # before the operations are counted on another network
        device_memory = torch.cuda.max_memory_allocated(self.device) if self.device.type == "cuda" else 0
        return self._figures(times, theirs, rates, memory=memory, device_memory=device_memory)

    @property
    def _target_tokens(self) -> int:
        return sum(batch.tokens for batch in self.batches)

    def _figures(
        self,
        times: Sequence[float],
        theirs: Sequence[PeerRound],
        rates: dict[str, float],
        *,
        memory: int,
        device_memory: int,
    ) -> TrainingFigures:
        seconds, tokens = statistics.median(times), self._target_tokens
        speeds = tuple(one.target_tokens_per_second for one in theirs)
        precision = "bfloat16" if self.step.bfloat16 else "float32"
        speed = self.operations() / seconds
        return TrainingFigures(
            device=str(self.device),
            threads=torch.get_num_threads(),
            weights=count_parameters(self.step.model),
            vocabulary=self.settings.model.target_vocab_size,
            updates=len(self.batches),
            batch_tokens=self.settings.training.batch_tokens,
            rounds=len(times),
            target_tokens=tokens / seconds,
            source_tokens=sum(int(batch.lengths.sum()) for batch in self.batches) / seconds,
            sentences=sum(batch.sentences for batch in self.batches) / seconds,
            words=sum(words(self.pairs[row].source) for batch in self.batches for row in batch.rows)
            / seconds,
            least=tokens / max(times),
            most=tokens / min(times),
            operations=speed,
            precision=precision,
            rates=rates,
            share=speed / rates[precision],
            peak_memory=memory,
            device_memory=device_memory,
            peer=speeds,
            ratio=tokens / seconds / statistics.median(speeds) if speeds else 0.0,
        )


def _cells(batch: Batch) -> int:
    """Positions of source and target, with padding."""
    return batch.source.numel() + batch.target.numel()


def _tokenizers(
    settings: Settings, pairs: Sequence[SentencePair], bundle: Bundle | None
) -> tuple[Tokenizer, Tokenizer]:
    if bundle is not None:
        return bundle.source, bundle.target
    pieces = cut_into_pieces(pairs, settings.data, seed=settings.training.seed)
    return pieces.source, pieces.target
