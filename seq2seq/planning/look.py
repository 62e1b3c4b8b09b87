"""A first look at a corpus: what is kept and dropped, and a sample of it. Its time and memory are bounded.

Of a large corpus only the first `MOST_READ` pairs are read; the others are counted by their lines.
"""

from __future__ import annotations

import gzip
import random
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from seq2seq.config import DataConfig
from seq2seq.config.data import mix_shares
from seq2seq.data.cleaning import clean
from seq2seq.data.readers import read_pairs
from seq2seq.data.splitting import HELD_OUT, HELD_OUT_SHARE
from seq2seq.pairs import Counts, Direction, SentencePair
from seq2seq.planning.text_facts import TextFacts, text_facts

MOST_READ = 200_000
MOST_VALID = 20_000
SAMPLE = 10_000
"""Pairs that are kept in memory, each with the same chance."""


@dataclass
class Look:
    """What a first look at a corpus found.

    Attributes:
        counts: pairs read, kept and dropped, of the part that was read.
        pairs: training pairs of an epoch, by `data.mix`; those held out for validation are not counted. An
            estimate if not all were read.
        stored: different training pairs in all, likewise.
        complete: whether all pairs were read.
        sample: kept pairs, drawn at random, each corpus with the share that `data.mix` gives it.
        identical: kept pairs whose source equals their target.
        examples: the first pair that was dropped, by reason.
        valid: validation pairs, 0 if they will be held out, or if there are none; at most `MOST_VALID`.
        overlap: training pairs that are validation pairs, too.
        overlap_sources: training pairs whose source is that of a validation pair.
        characters: characters of both sides of the kept pairs that were read.
        directions: the looks at each direction of a model with several.
    """

    counts: Counts = field(default_factory=Counts)
    pairs: int = 0
    stored: int = 0
    complete: bool = True
    sample: list[SentencePair] = field(default_factory=list)
    identical: int = 0
    examples: dict[str, SentencePair] = field(default_factory=dict)
    valid: int = 0
    overlap: int = 0
    overlap_sources: int = 0
    characters: int = 0
    directions: dict[Direction, Look] = field(default_factory=dict)
    drawn: int = 0  # pairs that the sample was drawn from, repeated ones each time

    @cached_property
    def source(self) -> TextFacts:
        """Facts about the source texts of the sample."""
        return text_facts([pair.source for pair in self.sample])

    @cached_property
    def target(self) -> TextFacts:
        """Facts about the target texts of the sample."""
        return text_facts([pair.target for pair in self.sample])


def can_be_read_twice(corpora: Sequence[Sequence[str]]) -> bool:
    """Whether all paths are files or data sets of the Hub: a pipe would be empty at the second time."""
    for path in (path for paths in corpora for path in paths):
        if not path.startswith("hf:") and Path(path).exists():
            mode = Path(path).stat().st_mode
            if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
                return False
    return True


def look(
    train: Sequence[Sequence[str]],
    valid: Sequence[Sequence[str]],
    config: DataConfig,
    *,
    languages: tuple[str, str] = ("", ""),
    most: int = MOST_READ,
    holds_out: bool = True,
) -> Look:
    """Read the corpora `train` and `valid`, at most `most` pairs of the first, as training would.

    `holds_out`: whether pairs will be held out for validation if `valid` is empty.

    Raises DataError, with file and line, for data that cannot be read, and UsageError if `config.mix` does
    not fit the corpora.
    """
    found, chance = Look(), random.Random(0)
    named = languages if all(languages) else None
    held = _valid_pairs(valid, config, named)
    found.valid, sources, limit, kept = len(held), {source for source, _ in held}, most // len(train), 0
    for paths, share in zip(train, mix_shares(config.mix, corpora=len(train)), strict=True):
        counts, before = Counts(), found.counts.kept
        pairs = read_pairs(paths, columns=config.columns, languages=named, split=config.split, counts=counts)
        for pair in clean(_noting_examples(_limited(pairs, limit, found), found), config, found.counts):
            _add(found, pair, held, sources)
            _draw(found, pair, share, chance)
        read = min(counts.read, limit)
        found.counts.read += read
        _add_repairs(found.counts, counts)
        rows = read if counts.read == read else max(count_rows(paths), read)
        whole = (found.counts.kept - before) * rows / max(read, 1)
        kept += round(share * whole)
        found.stored += round(whole) if share else 0
    found.pairs = kept if valid or not holds_out else kept - min(HELD_OUT, kept // HELD_OUT_SHARE)
    return found


def _add(found: Look, pair: SentencePair, held: set[tuple[str, str]], sources: set[str]) -> None:
    """Count a kept pair."""
    found.identical += pair.source.strip() == pair.target.strip()
    found.characters += len(pair.source) + len(pair.target)
    if pair.source in sources:
        found.overlap_sources += 1
        found.overlap += (pair.source, pair.target) in held


def _draw(found: Look, pair: SentencePair, share: float, chance: random.Random) -> None:
    """Take a kept pair into the sample with the chance that all have that an epoch reads as often."""
    whole, part = divmod(share, 1)
    for _ in range(int(whole) + (part > 0 and chance.random() < part)):
        found.drawn += 1
        if len(found.sample) < SAMPLE:
            found.sample.append(pair)
        elif (place := chance.randrange(found.drawn)) < SAMPLE:
            found.sample[place] = pair


def _limited(pairs: Iterator[SentencePair], most: int, found: Look) -> Iterator[SentencePair]:
    """The first `most` pairs; `found.complete` becomes false if there are more."""
    for number, pair in enumerate(pairs):
        if number == most:
            found.complete = False
            return
        yield pair


def _noting_examples(pairs: Iterator[SentencePair], found: Look) -> Iterator[SentencePair]:
    """Yield `pairs`, and note each whose successor is asked for after a new reason to drop was counted."""
    for pair in pairs:
        yield pair
        for reason in found.counts.dropped.keys() - found.examples.keys():
            found.examples[reason] = pair


def _add_repairs(total: Counts, counts: Counts) -> None:
    for reason, number in counts.repaired.items():
        total.repair(reason, number, where=counts.examples.get(reason, ""))
    for reason, number in counts.dropped.items():
        total.drop(reason, number, where=counts.examples.get(reason, ""))


def _valid_pairs(
    valid: Sequence[Sequence[str]], config: DataConfig, languages: tuple[str, str] | None
) -> set[tuple[str, str]]:
    """The validation pairs, at most `MOST_VALID`."""
    found = set[tuple[str, str]]()
    for paths in valid:
        for pair in read_pairs(paths, columns=config.columns, languages=languages, split=config.valid_split):
            if len(found) == MOST_VALID:
                return found
            found.add((pair.source, pair.target))
    return found


def count_rows(paths: Sequence[str]) -> int:
    """How many pairs a corpus has, by its lines or its units; 0 if that cannot be said quickly."""
    path = paths[0]
    name = path.lower().removesuffix(".gz")
    if path.startswith("hf:"):
        return 0
    if name.endswith(".parquet"):
        import pyarrow.parquet

        return int(pyarrow.parquet.read_metadata(path).num_rows)
    mark = b"</tu>" if name.endswith(".tmx") else b"\n"
    open_file = gzip.open if path.lower().endswith(".gz") else open
    with open_file(path, "rb") as file:
        return sum(block.count(mark) for block in iter(lambda: file.read(1 << 22), b""))
