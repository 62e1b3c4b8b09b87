"""The tokenizers and word lists of a training: trained on its data or kept from a model, and stored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seq2seq import files
from seq2seq.config import DataConfig
from seq2seq.preparation.lexicon import MOST_WORDS, Lexicon
from seq2seq.text.tokenizer import Tokenizer

_WORD_LISTS = ("words.source.txt", "words.target.txt")


@dataclass(frozen=True)
class Vocabulary:
    """The tokenizers of a model, the same object with a joint vocabulary, and the words that it knows."""

    source: Tokenizer
    target: Tokenizer
    source_words: Lexicon = field(default_factory=Lexicon)
    target_words: Lexicon = field(default_factory=Lexicon)


def count_words(data: Any, known: Vocabulary | None, check: Callable[[], None]) -> tuple[Lexicon, Lexicon]:
    """The words of source and target of `data`, and those that are `known` already."""
    source, target = (Lexicon.count(texts(data, (side,), check)) for side in ("source", "target"))
    if known is None:
        return source, target
    return _together(known.source_words, source), _together(known.target_words, target)


def _together(one: Lexicon, other: Lexicon) -> Lexicon:
    """The words of both, with the sums of their counts; at most `MOST_WORDS` of them."""
    counts = Counter(one.counts)
    counts.update(other.counts)
    return Lexicon(sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MOST_WORDS])


def store_words(words: tuple[Lexicon, Lexicon], folder: Path) -> None:
    """Write the words of source and target to two files in `folder`."""
    for name, lexicon in zip(_WORD_LISTS, words, strict=True):
        files.write_text(folder / name, str(lexicon))


def store_tokenizers(source: Tokenizer, target: Tokenizer, folder: Path) -> None:
    """Write the tokenizers to `folder`: one file if they are the same object."""
    if source is target:
        files.write_bytes(folder / "joint.model", source.to_bytes())
    else:
        files.write_bytes(folder / "source.model", source.to_bytes())
        files.write_bytes(folder / "target.model", target.to_bytes())


def load_vocabulary(folder: Path) -> Vocabulary:
    """The tokenizers and words in `folder`. Raises ModelError when they are damaged."""
    joint = folder / "joint.model"
    source = Tokenizer.load(joint if joint.exists() else folder / "source.model")
    target = source if joint.exists() else Tokenizer.load(folder / "target.model")
    source_words, target_words = (Lexicon.load(folder / name) for name in _WORD_LISTS)
    return Vocabulary(source, target, source_words, target_words)


def train_tokenizers(
    data: Any,
    config: DataConfig,
    *,
    seed: int,
    tags: Sequence[str] = (),
    check: Callable[[], None] = lambda: None,
) -> tuple[Tokenizer, Tokenizer]:
    """Train the tokenizers of source and target; with `joint` they are the same object. That of the source
    has `tags` for these languages (see `Tokenizer.train`)."""

    def train(*columns: str, tags: Sequence[str] = ()) -> Tokenizer:
        return Tokenizer.train(
            texts(data, columns, check),
            vocab_size=config.vocab_size,
            kind=config.tokenizer,
            normalization=config.normalization,
            seed=seed,
            max_sentences=config.tokenizer_sentences,
            tags=tags,
            placeholders=config.placeholders,
            check=check,
        )

    if config.joint:
        both = train("source", "target", tags=tags)
        return both, both
    return train("source", tags=tags), train("target")


def texts(
    data: Any, columns: Sequence[str], check: Callable[[], None] = lambda: None, *, chunk: int = 10_000
) -> Iterator[str]:
    """Yield the texts of `columns`, read in chunks. `check` is called before each."""
    for start in range(0, len(data), chunk):
        check()
        rows = data[start : min(start + chunk, len(data))]
        for column in columns:
            yield from rows[column]
