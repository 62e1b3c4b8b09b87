"""The validation pairs that were held out of the training data, as a file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from seq2seq import files
from seq2seq.errors import DataError
from seq2seq.pairs import SentencePair


def write_held_out(path: Path, pairs: Sequence[SentencePair]) -> None:
    """Write source and target of `pairs`, and the number of the direction if it is not the first."""
    rows = [[pair.source, pair.target, pair.direction][: 3 if pair.direction else 2] for pair in pairs]
    files.write_json(path, rows)


def read_held_out(path: Path) -> list[SentencePair]:
    """The pairs that `write_held_out` wrote. DataError if the file is damaged."""
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        pairs = [
            SentencePair(source, target, direction=direction[0] if direction else 0)
            for source, target, *direction in rows
        ]
        if not all(type(pair.source) is type(pair.target) is str for pair in pairs):
            raise ValueError("expected a list of pairs of texts")
        if not all(type(pair.direction) is int for pair in pairs):
            raise ValueError("expected whole numbers as directions")
        return pairs
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise DataError(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error})") from None
