"""Reads several corpora as one stream of pairs. Those of a training are cleaned, counted and mixed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from seq2seq.config import DataConfig
from seq2seq.config.corpora import Corpora
from seq2seq.config.data import mix_shares
from seq2seq.data.cleaning import HashSet, clean
from seq2seq.data.readers import read_pairs
from seq2seq.errors import DataError, UsageError
from seq2seq.pairs import Counts, Direction, SentencePair


def read_train(corpora: Corpora, config: DataConfig, counts: Counts) -> Iterator[SentencePair]:
    """Yield the training pairs, cleaned and counted, each once, with the share that `config.mix` says.

    DataError names the files if none is left, UsageError says so if `config.mix` does not fit the corpora
    (see `shares_of`).
    """
    seen = HashSet()
    shares = shares_of(corpora, config)
    for number, (paths, share) in enumerate(zip(corpora.train, shares, strict=True)):
        direction = corpora.train_directions[number] if corpora.train_directions else None
        pairs = _read(paths, corpora, config, direction, split=config.split, counts=counts)
        for pair in clean(pairs, config, counts, seen=seen):
            if share:
                yield pair if share == 1 else replace(pair, share=share)
            else:
                counts.drop("left out (data.mix)")
                counts.kept -= 1
    if not counts.kept:
        names = names_of(corpora.train)
        raise DataError(f"{names}: no pair left to train on ({counts}), expected at least one")


def shares_of(corpora: Corpora, config: DataConfig) -> tuple[float, ...]:
    """The share of each of the `corpora`, by `config.mix`.

    Raises UsageError if it does not fit them, or if it leaves nothing of a direction.
    """
    shares = mix_shares(config.mix, corpora=len(corpora.train))
    for direction in corpora.directions:
        named = zip(corpora.train_directions, shares, strict=True)
        if not any(share for of, share in named if of == direction):
            raise UsageError(
                f"data.mix leaves nothing of {'-'.join(direction)} ({config.mix}), expected a share above 0 "
                "for a corpus of each direction"
            )
    return shares


def read_valid(corpora: Corpora, config: DataConfig) -> Iterator[SentencePair]:
    """Yield the validation pairs but those with a blank side. DataError if there is data, but no pair in
    it."""
    found = False
    for number, paths in enumerate(corpora.valid):
        direction = corpora.valid_directions[number] if corpora.valid_directions else None
        for pair in _read(paths, corpora, config, direction, split=config.valid_split):
            if pair.source.strip() and pair.target.strip():
                found = True
                yield pair
    if corpora.valid and not found:
        raise DataError(f"{names_of(corpora.valid)}: no pair in it, expected at least one")


def _read(
    paths: Sequence[str], corpora: Corpora, config: DataConfig, direction: Direction | None, **options: Any
) -> Iterator[SentencePair]:
    """The pairs of one of the `corpora`, as they are. With several directions, `direction` is its own."""
    languages = direction or corpora.languages
    number = corpora.directions.index(direction) if direction else 0
    pairs = read_pairs(
        paths, columns=config.columns, languages=languages if all(languages) else None, **options
    )
    return with_direction(pairs, number) if number else pairs


def with_direction(pairs: Iterable[SentencePair], number: int, share: float = 1.0) -> Iterator[SentencePair]:
    """Yield `pairs` as those of the direction with this number, and with this share."""
    for pair in pairs:
        yield SentencePair(pair.source, pair.target, pair.location, number, share)


def names_of(corpora: Sequence[Sequence[str]]) -> str:
    """The files of the corpora, for messages."""
    return ", ".join(" and ".join(paths) for paths in corpora)
