"""Turns corpora into what a trainer needs: cleaned pairs on disk, tokenizers, and the lengths of all
pairs.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from seq2seq import files
from seq2seq.config import DataConfig
from seq2seq.data.batching import TextColumns, token_lengths
from seq2seq.data.cleaning import clean
from seq2seq.data.pairs import Counts, SentencePair
from seq2seq.data.readers import read_pairs
from seq2seq.data.store import build_dataset, load_dataset
from seq2seq.errors import DataError
from seq2seq.text.tokenizer import Tokenizer


@dataclass(frozen=True)
class Prepared:
    """Training data ready for batches.

    `lengths` (N,2) are the tokens of source and target, EOS included. With a joint vocabulary, `source` and
    `target` are the same tokenizer.
    """

    data: TextColumns
    source: Tokenizer
    target: Tokenizer
    lengths: np.ndarray


def read_all(
    corpora: Sequence[Sequence[str]],
    config: DataConfig,
    counts: Counts,
    *,
    languages: tuple[str, str] = ("", ""),
) -> Iterator[SentencePair]:
    """Yield the pairs of several corpora, cleaned and counted. DataError names the files if none is left."""
    pairs = (
        pair
        for paths in corpora
        for pair in read_pairs(
            paths,
            columns=config.columns,
            languages=languages if all(languages) else None,
            split=config.split,
            counts=counts,
        )
    )
    yield from clean(pairs, config, counts)
    if not counts.kept:
        raise DataError(f"{names_of(corpora)}: no pair left to train on ({counts}), expected at least one")


def names_of(corpora: Sequence[Sequence[str]]) -> str:
    """The files of the corpora, for messages."""
    return ", ".join(" and ".join(paths) for paths in corpora)


def prepare(
    pairs: Iterable[SentencePair],
    folder: Path,
    config: DataConfig,
    *,
    counts: Counts,
    seed: int,
    say: Callable[[str], None],
) -> Prepared:
    """Store cleaned `pairs` in `folder/data`, train the tokenizers, and store them and `lengths.npy` there
    too.
    """
    data = build_dataset(pairs, folder / "data")
    source, target = train_tokenizers(data, config, seed=seed)
    if source is target:
        files.write_bytes(folder / "joint.model", source.to_bytes())
    else:
        files.write_bytes(folder / "source.model", source.to_bytes())
        files.write_bytes(folder / "target.model", target.to_bytes())
    for made in dict.fromkeys((source, target)):
        say(f"tokenizer: {made.report}")
    lengths = token_lengths(data, source, target)
    too_long = int((lengths.max(1) > config.max_length + 1).sum())  # EOS does not count
    if too_long:
        counts.drop(f"longer than {config.max_length} tokens (data.max_length)", too_long)
        counts.kept -= too_long
    say(f"data: {counts}")
    if too_long == len(lengths):
        raise DataError(
            f"no training pair has at most data.max_length = {config.max_length} tokens ({counts}): raise it"
        )
    buffer = io.BytesIO()
    np.save(buffer, lengths)
    files.write_bytes(folder / "lengths.npy", buffer.getvalue())  # the last file: if it exists, all others do
    return Prepared(data, source, target, lengths)


def load_prepared(folder: Path) -> Prepared:
    """What `prepare` stored in `folder`. Raises DataError or ModelError when it is damaged."""
    joint = folder / "joint.model"
    source = Tokenizer.load(joint if joint.exists() else folder / "source.model")
    target = source if joint.exists() else Tokenizer.load(folder / "target.model")
    data = load_dataset(folder / "data")
    try:
        lengths = np.load(folder / "lengths.npy", mmap_mode="r")
    except (OSError, ValueError, EOFError) as error:
        raise DataError(f"{folder / 'lengths.npy'}: cannot be read ({error})") from None
    if lengths.shape != (len(data), 2):
        raise DataError(f"{folder / 'lengths.npy'}: of shape {lengths.shape}, expected ({len(data)}, 2)")
    return Prepared(data, source, target, lengths)


def train_tokenizers(data: Any, config: DataConfig, *, seed: int) -> tuple[Tokenizer, Tokenizer]:
    """Train the tokenizers of source and target; with `joint` they are the same object."""

    def train(*columns: str) -> Tokenizer:
        return Tokenizer.train(
            texts(data, columns),
            vocab_size=config.vocab_size,
            kind=config.tokenizer,
            normalization=config.normalization,
            seed=seed,
            max_sentences=config.tokenizer_sentences,
        )

    if config.joint:
        both = train("source", "target")
        return both, both
    return train("source"), train("target")


def texts(data: Any, columns: Sequence[str], *, chunk: int = 10_000) -> Iterator[str]:
    """Yield the texts of `columns`, read in chunks."""
    for start in range(0, len(data), chunk):
        rows = data[start : min(start + chunk, len(data))]
        for column in columns:
            yield from rows[column]
