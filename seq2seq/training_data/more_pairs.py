"""More training pairs, made from those of the corpora: with placeholders, and of words and phrases."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from seq2seq.augmentation.alignment import train_alignment
from seq2seq.augmentation.copying import with_placeholders
from seq2seq.augmentation.phrases import extract_phrases
from seq2seq.config import DataConfig
from seq2seq.data.store import StoredPairs
from seq2seq.pairs import Direction, SentencePair
from seq2seq.training_data.corpora import with_direction


def more_pairs_of_each(
    pairs: StoredPairs,
    config: DataConfig,
    directions: Sequence[Direction],
    *,
    seed: int,
    check: Callable[[], None],
) -> Iterator[SentencePair]:
    """The same as `more_pairs`, for the pairs of each of the `directions`, and of each share of a mix, after
    the other: the words of each are aligned apart from the others."""
    for number, share, own in pairs.groups():
        more = more_pairs(own, config, directions[number], seed=seed, check=check)
        yield from with_direction(more, number, share)


def more_pairs(
    pairs: Sequence[SentencePair],
    config: DataConfig,
    languages: tuple[str, str],
    *,
    seed: int,
    check: Callable[[], None],
) -> Iterator[SentencePair]:
    """`pairs` with placeholders, some of them a second time, and phrases, as `config` says."""
    aligned = config.phrases or (config.placeholders and config.copies)
    table = train_alignment(pairs, seed=seed, check=check) if aligned else None
    if config.placeholders:
        yield from with_placeholders(
            pairs,
            table=table if config.copies else None,
            languages=languages,
            most=config.placeholders,
            share=config.copies,
            seed=seed,
        )
    else:
        yield from pairs
    if table is not None and config.phrases:
        yield from extract_phrases(pairs, table=table, limit=config.phrases, seed=seed, check=check)
