"""Reads test sets. Nothing in them is cleaned or dropped."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from seq2seq.data.readers import read_pairs
from seq2seq.errors import DataError
from seq2seq.pairs import SentencePair


def read_test(paths: Sequence[str], *, languages: tuple[str, str], **options: Any) -> list[SentencePair]:
    """The pairs of a test set, as they are; `options` are those of `read_pairs`.

    Raises DataError if the data cannot be read or holds no pair.
    """
    pairs = list(read_pairs(paths, languages=languages if all(languages) else None, **options))
    if not pairs:
        raise DataError(f"{' and '.join(paths)}: no sentence pair found, expected at least one")
    return pairs
