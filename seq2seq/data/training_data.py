"""From corpora as they come to what a trainer needs: cleaned pairs on disk, tokenizers, planned lengths."""

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
    """Training data ready for batches. `lengths` (N,2) are tokens with EOS. One tokenizer twice when
    joint."""

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
    """The pairs of several corpora, one after the other, cleaned and counted. DataError if none is left."""
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
        names = ", ".join(" and ".join(paths) for paths in corpora)
        raise DataError(f"{names}: no sentence pair left to train on, expected at least one ({counts})")


def prepare(
    pairs: Iterable[SentencePair],
    folder: Path,
    config: DataConfig,
    *,
    counts: Counts,
    seed: int,
    say: Callable[[str], None],
) -> Prepared:
    """Store and tokenise cleaned `pairs` into `folder`: `data/`, `lengths.npy` and the tokenizers."""
    data = build_dataset(pairs, folder / "data")
    say(f"data: {counts}")
    source, target = train_tokenizers(data, config, seed=seed)
    if source is target:
        files.write_bytes(folder / "joint.model", source.to_bytes())
    else:
        files.write_bytes(folder / "source.model", source.to_bytes())
        files.write_bytes(folder / "target.model", target.to_bytes())
    for made in dict.fromkeys((source, target)):
        say(f"tokenizer: {made.report}")
    lengths = token_lengths(data, source, target)
    buffer = io.BytesIO()
    np.save(buffer, lengths)
    files.write_bytes(folder / "lengths.npy", buffer.getvalue())  # the last: where it is, all is
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
    """Tokenizers of both sides, one and the same when `joint`."""

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
    """The text of `columns`, read in chunks."""
    for start in range(0, len(data), chunk):
        rows = data[start : min(start + chunk, len(data))]
        for column in columns:
            yield from rows[column]
