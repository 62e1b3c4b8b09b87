"""What a reader is given, and the protocol that every reader follows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from seq2seq.pairs import Counts, SentencePair


@dataclass(frozen=True)
class ReadRequest:
    """What `read_pairs` was asked for.

    `columns` names the source and the target column, `languages` are the codes of source and target, `split`
    is the split of a Hugging Face data set, and `counts` takes the numbers of repairs.
    """

    columns: tuple[str, str] | None
    languages: tuple[str, str] | None
    split: str
    counts: Counts


class Reader(Protocol):
    """Reads a file: a lazy iterator of its sentence pairs, in constant memory.

    Each pair has its place, `file:line`. What is wrong is a DataError that names the place, what was found
    and what was expected, raised when it is reached.
    """

    def __call__(self, path: str, request: ReadRequest, /) -> Iterator[SentencePair]: ...
