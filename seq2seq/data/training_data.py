"""Turns corpora into what a trainer needs: cleaned pairs on disk, tokenizers, word lists, and the lengths of
all pairs.
"""

from __future__ import annotations

import io
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np

from seq2seq import files
from seq2seq.augmentation.alignment import train_alignment
from seq2seq.augmentation.copying import with_placeholders
from seq2seq.augmentation.phrases import extract_phrases
from seq2seq.config import DataConfig
from seq2seq.config.data import mix_shares
from seq2seq.data.batching import TextColumns, token_lengths
from seq2seq.data.cleaning import HashSet, clean
from seq2seq.data.readers import read_pairs
from seq2seq.data.splitting import part_of
from seq2seq.data.store import StoredPairs, build_dataset, load_dataset
from seq2seq.errors import DataError
from seq2seq.pairs import Counts, SentencePair
from seq2seq.preparation.lexicon import MOST_WORDS, Lexicon
from seq2seq.text.tokenizer import Tokenizer


@dataclass(frozen=True)
class Vocabulary:
    """The tokenizers of a model, the same object with a joint vocabulary, and the words that it knows."""

    source: Tokenizer
    target: Tokenizer
    source_words: Lexicon = field(default_factory=Lexicon)
    target_words: Lexicon = field(default_factory=Lexicon)


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
    source_words, target_words = (Lexicon.count(texts(data, (side,), check)) for side in ("source", "target"))
    if vocabulary is not None:
        source_words = _together(vocabulary.source_words, source_words)
        target_words = _together(vocabulary.target_words, target_words)
    for path, words in zip(_word_lists(folder), (source_words, target_words), strict=True):
        files.write_text(path, str(words))
    if added:
        pairs_before = len(data)
        data = build_dataset(
            _more_pairs(StoredPairs(data, check), config, languages, seed=seed, check=check), folder / "data"
        )
        shutil.rmtree(folder / "plain")
        say(f"added: {len(data) - pairs_before} pairs of phrases and of sentences with placeholders")
    if vocabulary is not None:
        source, target = vocabulary.source, vocabulary.target
    else:
        source, target = train_tokenizers(data, config, seed=seed, check=check)
    _store_tokenizers(source, target, folder)
    for made in dict.fromkeys((source, target)):
        say(f"tokenizer: {made.report or f'{made.vocab_size} pieces, kept'}")
    lengths = token_lengths(data, source, target, check=check)
    too_long = int((lengths.max(1) > config.max_length + 1).sum())  # EOS does not count
    limit = f"longer than {config.max_length} tokens (data.max_length)"
    if too_long and not added:
        counts.drop(limit, too_long)
        counts.kept -= too_long
    say(f"data: {counts}")
    if copies:
        say(_about_copies(copies))
    if too_long and added:
        say(f"{too_long} of {len(lengths)} pairs are left out in training: {limit}")
    if too_long == len(lengths):
        raise DataError(
            f"no training pair has at most data.max_length = {config.max_length} tokens ({counts}): raise it"
        )
    buffer = io.BytesIO()
    np.save(buffer, lengths)
    files.write_bytes(folder / "lengths.npy", buffer.getvalue())  # the last file: if it exists, all others do
    return Prepared(data, source, target, lengths, source_words, target_words)


def _store_tokenizers(source: Tokenizer, target: Tokenizer, folder: Path) -> None:
    if source is target:
        files.write_bytes(folder / "joint.model", source.to_bytes())
    else:
        files.write_bytes(folder / "source.model", source.to_bytes())
        files.write_bytes(folder / "target.model", target.to_bytes())


def _together(one: Lexicon, other: Lexicon) -> Lexicon:
    """The words of both, with the sums of their counts; at most `MOST_WORDS` of them."""
    counts = Counter(one.counts)
    counts.update(other.counts)
    return Lexicon(sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MOST_WORDS])


def _noting_copies(pairs: Iterable[SentencePair], copies: list[str]) -> Iterator[SentencePair]:
    """Yield `pairs`, and add the text of those whose source and target are the same to `copies`."""
    for pair in pairs:
        if pair.source == pair.target:
            copies.append(pair.source)
        yield pair


def _about_copies(copies: Sequence[str]) -> str:
    pairs_of = "pair has" if len(copies) == 1 else "pairs have"
    return f"{len(copies)} {pairs_of} the same text as source and target, such as {copies[0]!r}"


def _more_pairs(
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
        yield from extract_phrases(pairs, table=table, limit=config.phrases, seed=seed)


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
    return Prepared(data, source, target, lengths, *map(Lexicon.load, _word_lists(folder)))


def _word_lists(folder: Path) -> tuple[Path, Path]:
    return folder / "words.source.txt", folder / "words.target.txt"


def train_tokenizers(
    data: Any, config: DataConfig, *, seed: int, check: Callable[[], None] = lambda: None
) -> tuple[Tokenizer, Tokenizer]:
    """Train the tokenizers of source and target; with `joint` they are the same object."""

    def train(*columns: str) -> Tokenizer:
        return Tokenizer.train(
            texts(data, columns, check),
            vocab_size=config.vocab_size,
            kind=config.tokenizer,
            normalization=config.normalization,
            seed=seed,
            max_sentences=config.tokenizer_sentences,
            placeholders=config.placeholders,
            check=check,
        )

    if config.joint:
        both = train("source", "target")
        return both, both
    return train("source"), train("target")


def texts(
    data: Any, columns: Sequence[str], check: Callable[[], None] = lambda: None, *, chunk: int = 10_000
) -> Iterator[str]:
    """Yield the texts of `columns`, read in chunks. `check` is called before each."""
    for start in range(0, len(data), chunk):
        check()
        rows = data[start : min(start + chunk, len(data))]
        for column in columns:
            yield from rows[column]
