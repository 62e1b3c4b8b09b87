"""Cleaned pairs, tokenizers, word lists and lengths in a folder, for a trainer."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from seq2seq import files
from seq2seq.config import DataConfig
from seq2seq.data.batching import TextColumns, token_lengths
from seq2seq.data.store import StoredPairs, build_dataset, load_dataset
from seq2seq.errors import DataError
from seq2seq.pairs import Counts, SentencePair
from seq2seq.preparation.lexicon import Lexicon
from seq2seq.text.tokenizer import Tokenizer
from seq2seq.training_data.more_pairs import more_pairs
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

    `lengths` (N,2) are the tokens of source and target, EOS included. With a joint vocabulary, `source` and
    `target` are the same tokenizer. `source_words` and `target_words` are the words of the corpora.
    """

    data: TextColumns
    source: Tokenizer
    target: Tokenizer
    lengths: np.ndarray
    source_words: Lexicon = field(default_factory=Lexicon)
    target_words: Lexicon = field(default_factory=Lexicon)


def prepare(
    pairs: Iterable[SentencePair],
    folder: Path,
    config: DataConfig,
    *,
    counts: Counts,
    seed: int,
    say: Callable[[str], None],
    languages: tuple[str, str] = ("", ""),
    check: Callable[[], None] = lambda: None,
    vocabulary: Vocabulary | None = None,
) -> Prepared:
    """Store cleaned `pairs` in `folder/data`, train the tokenizers, and store them, the word lists and
    `lengths.npy` there too. With placeholders or phrases, more pairs are made from these.

    `check` is called whenever stored pairs are read, and while their words are aligned; what it raises ends
    the preparation. With `vocabulary`, its tokenizers are kept, and its words are known as well.
    """
    added = bool(config.placeholders or config.phrases)
    copies = list[str]()
    data = build_dataset(_noting_copies(pairs, copies), folder / ("plain" if added else "data"))
    words = count_words(data, vocabulary, check)
    store_words(words, folder)
    if added:
        pairs_before = len(data)
        data = build_dataset(
            more_pairs(StoredPairs(data, check), config, languages, seed=seed, check=check), folder / "data"
        )
        shutil.rmtree(folder / "plain")
        say(f"added: {len(data) - pairs_before} pairs of phrases and of sentences with placeholders")
    if vocabulary is not None:
        source, target = vocabulary.source, vocabulary.target
    else:
        source, target = train_tokenizers(data, config, seed=seed, check=check)
    store_tokenizers(source, target, folder)
    for made in dict.fromkeys((source, target)):
        say(f"tokenizer: {made.report or f'{made.vocab_size} pieces, kept'}")
    lengths = token_lengths(data, source, target, check=check)
    _count_long(lengths, config, counts, say, added=added)
    if copies:
        say(_about_copies(copies))
    buffer = io.BytesIO()
    np.save(buffer, lengths)
    files.write_bytes(folder / "lengths.npy", buffer.getvalue())  # the last file: if it exists, all others do
    return Prepared(data, source, target, lengths, *words)


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


def load_prepared(folder: Path) -> Prepared:
    """What `prepare` stored in `folder`. Raises DataError or ModelError when it is damaged."""
    vocabulary, data = load_vocabulary(folder), load_dataset(folder / "data")
    try:
        lengths = np.load(folder / "lengths.npy", mmap_mode="r")
    except (OSError, ValueError, EOFError) as error:
        raise DataError(f"{folder / 'lengths.npy'}: cannot be read ({error})") from None
    if lengths.shape != (len(data), 2):
        raise DataError(f"{folder / 'lengths.npy'}: of shape {lengths.shape}, expected ({len(data)}, 2)")
    return Prepared(data, lengths=lengths, **vars(vocabulary))
