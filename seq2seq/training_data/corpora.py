"""Reads several corpora as one stream of training pairs, cleaned, counted and mixed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import repeat

from seq2seq.config import DataConfig
from seq2seq.config.data import mix_shares
from seq2seq.data.cleaning import HashSet, clean
from seq2seq.data.readers import read_pairs
from seq2seq.data.splitting import part_of
from seq2seq.errors import DataError
from seq2seq.pairs import Counts, SentencePair


def read_all(
    corpora: Sequence[Sequence[str]],
    config: DataConfig,
    counts: Counts,
    *,
    languages: tuple[str, str] = ("", ""),
) -> Iterator[SentencePair]:
    """Yield the pairs of several corpora, cleaned and counted, each as often as `config.mix` says.

    DataError names the files if none is left, UsageError says so if `config.mix` does not fit the corpora.
    """
    seen = HashSet()
    for paths, share in zip(corpora, mix_shares(config.mix, corpora=len(corpora)), strict=True):
        pairs = read_pairs(
            paths,
            columns=config.columns,
            languages=languages if all(languages) else None,
            split=config.split,
            counts=counts,
        )
        for pair in clean(pairs, config, counts, seen=seen):
            times = _times(pair, share)
            if not times:
                counts.drop("left out (data.mix)")
                counts.kept -= 1
            yield from repeat(pair, times)
    if not counts.kept:
        raise DataError(f"{names_of(corpora)}: no pair left to train on ({counts}), expected at least one")


def _times(pair: SentencePair, share: float) -> int:
    """How often a pair is used. The hash of its source decides about the fraction of `share`."""
    return int(share) + part_of(pair.source, shares=(share % 1,), seed=0)


def names_of(corpora: Sequence[Sequence[str]]) -> str:
    """The files of the corpora, for messages."""
    return ", ".join(" and ".join(paths) for paths in corpora)
