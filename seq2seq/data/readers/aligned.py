"""Reader of two files of aligned text: line 7 of one is the translation of line 7 of the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest

from seq2seq.data.lines import read_lines
from seq2seq.data.readers.request import ReadRequest
from seq2seq.errors import DataError
from seq2seq.pairs import SentencePair


def read_aligned(paths: Sequence[str], request: ReadRequest) -> Iterator[SentencePair]:
    """The pairs of two files. DataError if one has more lines than the other."""
    sides = [read_lines(path, request.counts) for path in paths]
    for number, (source, target) in enumerate(zip_longest(*sides)):
        if source is None or target is None:
            short, long = (0, 1) if source is None else (1, 0)
            total = number + 1 + sum(1 for _ in sides[long])
            where = f"{paths[short]}:{number + 1}"
            raise DataError(
                f"{where}: the file ends after {number} lines, expected {total} as in {paths[long]}"
            )
        yield SentencePair(source[1], target[1], f"{paths[0]}:{number + 1}")
