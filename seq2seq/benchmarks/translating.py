"""Measures translations by engine, number of threads, beam size and batch size, all in turn.

In each round every combination translates all texts once, so that whatever else the machine does meets all
of them. Then each text is translated alone.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import product

import torch

from seq2seq.benchmarks.first_translation import FirstTranslation, first_translations
from seq2seq.benchmarks.matrix_rate import matrix_rate
from seq2seq.benchmarks.multiply_adds import operations
from seq2seq.benchmarks.peers import Peer
from seq2seq.benchmarks.texts import words
from seq2seq.engines.choosing import EngineName
from seq2seq.planning.machine import peak_memory
from seq2seq.translation import Translation
from seq2seq.translator import Translator

COUNTED = 64
"""Texts whose operations are counted; the others are taken to need as many."""


@dataclass(frozen=True)
class Combination:
    """How is translated."""

    engine: EngineName
    threads: int
    beam: int
    batch: int


@dataclass(frozen=True)
class TranslationFigures:
    """What was measured of a combination. Speeds are medians over the rounds, a second.

    Attributes:
        sentences, words, source_tokens, target_tokens: a second; EOS is a token, words are the source's.
        operations: of the matrix products that torch would need, a second.
        share: `operations` as a share of the rate of a large float32 product on as many threads; int8
            products are faster, so it can be above 1.
        p50, p95: milliseconds of one text alone; 0 if it was not measured.
        ratio: our median to the peer's, in target tokens a second; 0 without a peer.
    """

    engine: str
    threads: int
    beam: int
    batch: int
    sentences: float
    words: float
    source_tokens: float
    target_tokens: float
    operations: float
    share: float = 0.0
    p50: float = 0.0
    p95: float = 0.0
    ratio: float = 0.0


@dataclass(frozen=True)
class TranslationReport:
    """All rows, and what belongs to none of them: float32 operations a second of a large matrix product by
    number of threads, peak memory in bytes, the peer's target tokens a second in each round."""

    model: str
    texts: int
    rounds: int
    rates: dict[int, float]
    rows: tuple[TranslationFigures, ...]
    first: tuple[FirstTranslation, ...]
    peak_memory: int
    peer: tuple[float, ...] = ()


class TranslationBenchmark:
    """Translations of `texts` with `model`, a folder or a direction, in all combinations of the values.

    Raises what `Translator.from_pretrained` raises.
    """

    def __init__(
        self,
        model: str,
        texts: Sequence[str],
        *,
        engines: Sequence[EngineName],
        threads: Sequence[int],
        beams: Sequence[int],
        batches: Sequence[int],
    ) -> None:
        self.model, self.texts = model, list(texts)
        self.translators: dict[tuple[str, int], Translator] = {}
        for engine, number in product(engines, threads):
            one = Translator.from_pretrained(model, engine=engine, threads=number)
            self.translators[engine, number] = one
        self.combinations = [
            Combination(engine, number, beam, batch)
            for engine, number, beam, batch in product(engines, threads, beams, batches)
        ]

    def translate(self, how: Combination, texts: Sequence[str]) -> tuple[float, list[Translation]]:
        """Seconds to translate `texts`, and the translations."""
        torch.set_num_threads(how.threads)
        one = self.translators[how.engine, how.threads]
        begin = time.perf_counter()
        made = one.translate(texts, beam_size=how.beam, batch_size=how.batch)
        return time.perf_counter() - begin, made

    def run(
        self,
        *,
        rounds: int,
        alone: int,
        fresh: int,
        peer: Peer | None = None,
        say: Callable[[str], None] = lambda _: None,
        seconds_for_rates: float = 1.0,
    ) -> TranslationReport:
        """Measure `rounds` rounds, each followed by a run of the peer; then `alone` texts one at a time, and
        `fresh` new processes for each engine."""
        rates = self._rates(seconds_for_rates)
        times: dict[Combination, list[float]] = {how: [] for how in self.combinations}
        tokens, theirs = dict[Combination, tuple[int, int]](), list[float]()
        for how in self.combinations:
            self.translate(how, self.texts[: 2 * how.batch])  # not counted: the first products are slower
        for number in range(1, rounds + 1):
            for how in self.combinations:
                seconds, made = self.translate(how, self.texts)
                times[how].append(seconds)
                tokens[how] = _tokens(made)
            if peer is not None:
                theirs.append(peer.run().target_tokens_per_second)
            say(f"round {number} of {rounds}")
        singles = self._alone(alone)
        memory = peak_memory()
        needed = {beam: self._operations(beam) for beam in {how.beam for how in self.combinations}}
        rows = [
            self._figures(how, statistics.median(times[how]), tokens[how], needed[how.beam])
            for how in self.combinations
        ]
        engines = list(dict.fromkeys(how.engine for how in self.combinations))
        return TranslationReport(
            model=self.model,
            texts=len(self.texts),
            rounds=rounds,
            rates=rates,
            rows=tuple(_completed(row, rates, singles, theirs) for row in rows),
            first=first_translations(self.model, engines, self.texts[0], rounds=fresh),
            peak_memory=memory,
            peer=tuple(theirs),
        )

    def _rates(self, seconds: float) -> dict[int, float]:
        """Operations a second of a large matrix product, by the number of threads."""
        rates = {}
        for number in dict.fromkeys(how.threads for how in self.combinations):
            torch.set_num_threads(number)
            rates[number] = matrix_rate(torch.float32, torch.device("cpu"), seconds=seconds)
        return rates

    def _alone(self, number: int) -> dict[tuple[str, int, int], list[float]]:
        """Milliseconds of each of the first `number` texts alone, by engine, threads and beam size."""
        kinds = {(how.engine, how.threads, how.beam): how for how in reversed(self.combinations)}
        spent: dict[tuple[str, int, int], list[float]] = {kind: [] for kind in kinds}
        for text in self.texts[:number]:
            for kind, how in kinds.items():
                spent[kind].append(1e3 * self.translate(how, [text])[0])
        return spent

    def _figures(
        self, how: Combination, seconds: float, tokens: tuple[int, int], needed: float
    ) -> TranslationFigures:
        """The row of a combination that took so many seconds, but for what belongs to other measurements."""
        return TranslationFigures(
            engine=how.engine,
            threads=how.threads,
            beam=how.beam,
            batch=how.batch,
            sentences=len(self.texts) / seconds,
            words=sum(map(words, self.texts)) / seconds,
            source_tokens=tokens[0] / seconds,
            target_tokens=tokens[1] / seconds,
            operations=needed / seconds,
        )

    def _operations(self, beam: int) -> float:
        """Operations of the matrix products of all texts with torch."""
        torch.set_num_threads(1)
        counted = self.texts[:COUNTED]
        one = Translator.from_pretrained(self.model, engine="torch")
        total = operations(lambda: one.translate(counted, beam_size=beam))
        return total * len(self.texts) / len(counted)


def _tokens(made: Sequence[Translation]) -> tuple[int, int]:
    """Source and target tokens of translations."""
    return sum(len(one.source_tokens) for one in made), sum(len(one.target_tokens) for one in made)


def _completed(
    row: TranslationFigures,
    rates: dict[int, float],
    singles: dict[tuple[str, int, int], list[float]],
    theirs: Sequence[float],
) -> TranslationFigures:
    """`row` with its share of the rate, the times of single texts, and the ratio to the peer."""
    alone = sorted(singles[row.engine, row.threads, row.beam])
    return replace(
        row,
        share=row.operations / rates[row.threads],
        p50=statistics.median(alone) if alone else 0.0,
        p95=alone[min(int(0.95 * len(alone)), len(alone) - 1)] if alone else 0.0,
        ratio=row.target_tokens / statistics.median(theirs) if theirs else 0.0,
    )
