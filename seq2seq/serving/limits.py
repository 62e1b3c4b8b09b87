"""What the users of a server may do, as one object that is checked when it is made."""

from __future__ import annotations

from dataclasses import dataclass

from seq2seq.errors import UsageError
from seq2seq.serving.request import MAX_CHARACTERS

MAX_CONCURRENT = 2  # batches that are computed at once: the threads of torch already use all cores
QUEUE_SIZE = 32

_HIGHEST = {"characters": 1_000_000, "queue": 10_000, "concurrency": 64}
_NAMES = {"characters": "max_chars", "queue": "queue", "concurrency": "concurrency"}  # as users write them


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Raises UsageError if a number is out of range.

    Args:
        characters: the longest text of a request, 1 to 1,000,000.
        queue: requests that are answered or wait at the same time, 1 to 10,000; more of them are told that
            the server is busy. The endpoint for programs has a queue of the same length of its own.
        concurrency: batches of sentences that are computed at the same time, 1 to 64.
        training: whether users of other machines may send files and train models. Those of this one may.
    """

    characters: int = MAX_CHARACTERS
    queue: int = QUEUE_SIZE
    concurrency: int = MAX_CONCURRENT
    training: bool = False

    def __post_init__(self) -> None:
        for field, highest in _HIGHEST.items():
            value = getattr(self, field)
            if type(value) is not int or not 1 <= value <= highest:
                raise UsageError(
                    f"{_NAMES[field]} is {value!r}, expected a whole number from 1 to {highest:,}"
                )
