"""Cleaned pairs, tokenizers, word lists and lengths in a folder, for a trainer."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from seq2seq import files
from seq2seq.config import DataConfig
from seq2seq.data.batching import TextColumns, token_lengths
from seq2seq.data.mixing import rows_of_epoch
from seq2seq.data.store import StoredPairs, build_dataset, column, load_dataset
from seq2seq.errors import DataError
from seq2seq.pairs import Counts, Direction, SentencePair
from seq2seq.preparation.lexicon import Lexicon
from seq2seq.text.tokenizer import Tokenizer
from seq2seq.training_data.more_pairs import more_pairs, more_pairs_of_each
from seq2seq.training_data.vocabulary import (
    Vocabulary,
    count_words,
    load_vocabulary,
    store_tokenizers,
    store_words,
    train_tokenizers,
)


@dataclass(frozen=True)
class Prepared:
    """Training data ready for batches.

    `lengths` (N,2) are the tokens of source and target, EOS and tag included. With a joint vocabulary,
    `source` and `target` are the same tokenizer. `source_words` and `target_words` are the words of the
    corpora. `directions` are the language pairs of a model with several, else ().
    """

    data: TextColumns
    source: Tokenizer
    target: Tokenizer
    lengths: np.ndarray
    source_words: Lexicon = field(default_factory=Lexicon)
    target_words: Lexicon = field(default_factory=Lexicon)
    directions: tuple[Direction, ...] = ()

    @property
    def shares(self) -> np.ndarray | None:
        """How often an epoch has each pair (N,); None for once."""
        data: Any = self.data
        mixed = "share" in getattr(data, "column_names", ())
        return column(data, "share", 1.0) if mixed else None

    @property
    def tags(self) -> tuple[int, ...]:
        """The token that stands in front of the sources of each direction; () if there is one direction."""
        return tuple(self.source.tag_ids[target] for _, target in self.directions)


def prepare(
    pairs: Iterable[SentencePair],
    folder: Path,
    config: DataConfig,
    *,
    counts: Counts,
    seed: int,
    say: Callable[[str], None],
    languages: Direction = ("", ""),
    directions: tuple[Direction, ...] = (),
    check: Callable[[], None] = lambda: None,
    vocabulary: Vocabulary | None = None,
) -> Prepared:
    """Store cleaned `pairs` in `folder/data`, train the tokenizers, and store them, the word lists and
    `lengths.npy` there too. With placeholders or phrases, more pairs are made from these. `directions` are
    those of a model with several; without them, all pairs are of the `languages`.

    `check` is called whenever stored pairs are read, and while their words are aligned; what it raises ends
    the preparation. With `vocabulary`, its tokenizers are kept, and its words are known as well.
    """
    added = bool(config.placeholders or config.phrases)
    copies = list[str]()
    store = partial(build_dataset, with_directions=bool(directions), with_shares=bool(config.mix))
    data = store(_noting_copies(pairs, copies), folder / ("plain" if added else "data"))
    words = count_words(data, vocabulary, check)
    store_words(words, folder)
    if added:
        pairs_before, plain = len(data), StoredPairs(data, check)
        if directions or config.mix:
            more = more_pairs_of_each(plain, config, directions or (languages,), seed=seed, check=check)
        else:
            more = more_pairs(plain, config, languages, seed=seed, check=check)
        data = store(more, folder / "data")
        shutil.rmtree(folder / "plain")
        say(f"added: {len(data) - pairs_before} pairs of phrases and of sentences with placeholders")
    if vocabulary is not None:
        source, target = vocabulary.source, vocabulary.target
    else:
        tags = tuple(dict.fromkeys(target for _, target in directions))
        read = _of_an_epoch(data, seed) if config.mix else data  # a piece counts as often as it is read
        source, target = train_tokenizers(read, config, seed=seed, tags=tags, check=check)
    store_tokenizers(source, target, folder)
    for made in dict.fromkeys((source, target)):
        say(f"tokenizer: {made.report or f'{made.vocab_size} pieces, kept'}")
    lengths = token_lengths(data, source, target, tagged=bool(directions), check=check)
    _count_long(lengths, config, counts, say, added=added)
    if directions:
        say(f"directions: {_about_directions(data, directions)}")
    if copies:
        say(_about_copies(copies))
    buffer = io.BytesIO()
    np.save(buffer, lengths)
    files.write_bytes(folder / "lengths.npy", buffer.getvalue())  # the last file: if it exists, all others do
    return Prepared(data, source, target, lengths, *words, directions)


def _of_an_epoch(data: Any, seed: int) -> Any:
    """The pairs of the first epoch, in their order."""
    rows = rows_of_epoch(np.arange(len(data)), column(data, "share", 1.0), seed=seed, epoch=0)
    return data.select(np.sort(rows))


def _count_long(
    lengths: np.ndarray, config: DataConfig, counts: Counts, say: Callable[[str], None], *, added: bool
) -> None:
    """Say how many pairs there are, and how many of them are too long. DataError if all are."""
    too_long = int((lengths.max(1) > config.max_length + 1).sum())  # EOS does not count
    limit = f"longer than {config.max_length} tokens (data.max_length)"
    if too_long and not added:
        counts.drop(limit, too_long)
        counts.kept -= too_long
    say(f"data: {counts}")
    if too_long and added:
        say(f"{too_long} of {len(lengths)} pairs are left out in training: {limit}")
    if too_long == len(lengths):
        raise DataError(
            f"no training pair has at most data.max_length = {config.max_length} tokens ({counts}): raise it"
        )


def _noting_copies(pairs: Iterable[SentencePair], copies: list[str]) -> Iterator[SentencePair]:
    """Yield `pairs`, and add the text of those whose source and target are the same to `copies`."""
    for pair in pairs:
        if pair.source == pair.target:
            copies.append(pair.source)
        yield pair


def _about_copies(copies: Sequence[str]) -> str:
    pairs_of = "pair has" if len(copies) == 1 else "pairs have"
    return f"{len(copies)} {pairs_of} the same text as source and target, such as {copies[0]!r}"


def _about_directions(data: Any, directions: Sequence[Direction]) -> str:
    """How many pairs each direction has. Raises DataError if one has none."""
    numbers = np.bincount(column(data, "direction", 0), minlength=len(directions)).tolist()
    parts = [f"{'-'.join(names)} {number}" for names, number in zip(directions, numbers, strict=True)]
    if not all(numbers):
        raise DataError(f"no pair left to train on for a direction ({', '.join(parts)})")
    return ", ".join(parts)


def load_prepared(folder: Path, directions: tuple[Direction, ...] = ()) -> Prepared:
    """What `prepare` stored in `folder`, with the same `directions`. Raises DataError or ModelError when it
    is damaged."""
    vocabulary, data = load_vocabulary(folder), load_dataset(folder / "data")
    try:
        lengths = np.load(folder / "lengths.npy", mmap_mode="r")
    except (OSError, ValueError, EOFError) as error:
        raise DataError(f"{folder / 'lengths.npy'}: cannot be read ({error})") from None
    if lengths.shape != (len(data), 2):
        raise DataError(f"{folder / 'lengths.npy'}: of shape {lengths.shape}, expected ({len(data)}, 2)")
    return Prepared(data, lengths=lengths, directions=directions, **vars(vocabulary))
