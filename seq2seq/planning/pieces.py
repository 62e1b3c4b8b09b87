"""What a tokenizer makes of a sample of the data: a quick stand-in for the one of the training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from seq2seq.config import DataConfig
from seq2seq.data.batching import PairColumns, token_lengths
from seq2seq.pairs import SentencePair
from seq2seq.text.symbols import FIRST_PIECES
from seq2seq.text.tokenizer import Tokenizer
from seq2seq.training_data.vocabulary import train_tokenizers

LEARNED_FROM = 10_000
"""Pairs that the tokenizer learns from: two seconds."""
_FIRST_BYTE, _FIRST_LEARNED = 4, len(FIRST_PIECES)


@dataclass(frozen=True)
class Pieces:
    """What a tokenizer makes of the sample.

    Attributes:
        source, target: the tokenizers; the same one with a shared vocabulary.
        lengths: (N,2) tokens of source and target, EOS included.
        byte_share: share of the tokens that are single bytes: characters without a piece.
        byte_examples: characters that become bytes, the most frequent first.
        round_trips: texts and what comes back of them, with their pieces.
    """

    source: Tokenizer
    target: Tokenizer
    lengths: np.ndarray
    byte_share: float
    byte_examples: tuple[str, ...]
    round_trips: tuple[RoundTrip, ...]

    @property
    def target_tokens(self) -> float:
        """Target tokens a pair, EOS included, in the mean."""
        return float(self.lengths[:, 1].mean())

    def too_long(self, limit: int) -> float:
        """Share of the pairs with more than `limit` tokens on one side."""
        return float((self.lengths.max(1) > limit + 1).mean())


@dataclass(frozen=True)
class RoundTrip:
    """A text, its pieces, and the text that they give."""

    text: str
    pieces: tuple[str, ...]
    back: str

    @property
    def same(self) -> bool:
        """Whether the text came back unchanged."""
        return self.back == self.text


class _Columns(PairColumns):
    """Pairs by rows and by slices, as a stored data set."""

    def __getitem__(self, rows: list[int] | slice) -> dict[str, list[str]]:
        return super().__getitem__(list(range(len(self)))[rows] if isinstance(rows, slice) else rows)


def cut_into_pieces(
    sample: Sequence[SentencePair],
    config: DataConfig,
    *,
    seed: int,
    check: Callable[[], None] = lambda: None,
) -> Pieces:
    """Train tokenizers on at most `LEARNED_FROM` pairs of `sample` and apply them to all of it.

    `check` is called now and then; what it raises ends the work.
    """
    learned = _Columns(list(sample[:LEARNED_FROM]))
    source, target = train_tokenizers(learned, config, seed=seed, check=check)
    columns = PairColumns(list(sample))
    share, examples = _bytes(sample, source, target)
    texts = [(pair.source, source) for pair in sample[:2]] + [(pair.target, target) for pair in sample[:1]]
    return Pieces(
        source=source,
        target=target,
        lengths=token_lengths(columns, source, target, check=check),
        byte_share=share,
        byte_examples=examples,
        round_trips=tuple(round_trip(text, tokenizer) for text, tokenizer in texts),
    )


def round_trip(text: str, tokenizer: Tokenizer) -> RoundTrip:
    """`text` through `tokenizer` and back."""
    ids = tokenizer.encode(text)
    return RoundTrip(tokenizer.normalize(text), tuple(tokenizer.pieces(ids)), tokenizer.decode(ids))


def _bytes(
    sample: Sequence[SentencePair], source: Tokenizer, target: Tokenizer
) -> tuple[float, tuple[str, ...]]:
    """The share of the tokens that are bytes, and up to five of the characters."""
    counted, total, unknown = 0, 0, dict[str, int]()
    for side, tokenizer in (("source", source), ("target", target)):
        alphabet = tokenizer.alphabet
        texts = [getattr(pair, side) for pair in sample]
        for text, ids in zip(texts, tokenizer.encode_batch(texts), strict=True):
            total += len(ids)
            found = sum(_FIRST_BYTE <= number < _FIRST_LEARNED for number in ids)
            counted += found
            if found:
                for character in set(text) - alphabet:
                    unknown[character] = unknown.get(character, 0) + 1
    examples = sorted(unknown, key=lambda character: (-unknown[character], character))[:5]
    return counted / max(total, 1), tuple(examples)
