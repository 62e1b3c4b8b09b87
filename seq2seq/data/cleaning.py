"""Filters over sentence pairs: each can be switched off, and each counts what it drops.

Lengths are counted in characters, but languages differ in what a character carries: a Chinese sentence has a
third of the characters of its English translation, and about as many bytes; a Hindi one the reverse. A pair
counts as unbalanced only if it is so in characters and in UTF-8 bytes.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b

from seq2seq.data.pairs import Counts, SentencePair
from seq2seq.errors import UsageError

_SHORT = 20
"""Characters up to which a ratio says nothing: "Ja." and "Yes, of course."."""


@dataclass(frozen=True)
class CleaningOptions:
    """What to drop. The defaults suit training; nothing is dropped silently."""

    drop_empty: bool = True
    """Drop pairs of which one side is blank."""
    max_characters: int = 1000
    """Drop pairs of which one side is longer than this; 0 keeps all."""
    max_ratio: float = 4.0
    """Drop pairs of which one side is this many times longer than the other, unless both have at most 20
    characters or one is blank; 0 keeps all."""
    drop_duplicates: bool = True
    """Drop a pair that was seen before."""
    drop_identical: bool = False
    """Drop pairs whose source equals their target but for space around them."""

    def __post_init__(self) -> None:
        if self.max_characters < 0:
            raise UsageError(f"max_characters is {self.max_characters!r}, expected 0 (no limit) or more")
        if not (self.max_ratio == 0 or self.max_ratio >= 1):
            raise UsageError(f"max_ratio is {self.max_ratio!r}, expected 0 (no limit), or 1 or more")


def clean(pairs: Iterable[SentencePair], options: CleaningOptions, counts: Counts) -> Iterator[SentencePair]:
    """The pairs that pass, unchanged, in order. `counts` takes the rest by reason.

    Duplicates are told by 64-bit hashes, 8 bytes a slot: 10 million different pairs take 134 MB, and the
    chance that one of them is taken for another is 3 in a million.
    """
    seen = HashSet()
    for pair in pairs:
        reason = _fault(pair, options)
        if reason is None and options.drop_duplicates and not seen.add(_hash(pair)):
            reason = "duplicate"
        if reason is not None:
            counts.drop(reason)
            continue
        counts.kept += 1
        yield pair


def _fault(pair: SentencePair, options: CleaningOptions) -> str | None:
    source, target = pair.source.strip(), pair.target.strip()
    if not (source and target):
        return "blank" if options.drop_empty else None
    shorter, longer = sorted((len(source), len(target)))
    if options.max_characters and longer > options.max_characters:
        return f"longer than {options.max_characters} characters"
    if options.max_ratio and longer > _SHORT and longer > options.max_ratio * shorter:
        fewer, more = sorted((_bytes(source), _bytes(target)))
        if more > options.max_ratio * fewer:
            return f"length ratio above {options.max_ratio:g}"
    if options.drop_identical and source == target:
        return "source equals target"
    return None


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def _hash(pair: SentencePair) -> int:
    """Equal in every process, unlike Python's own. The readers let no NUL through: it can part the sides."""
    text = f"{pair.source}\0{pair.target}".encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "little")


class HashSet:
    """A set of 64-bit hashes in one array: open addressing, linear probing, at most 0.6 full.

    Python's own set takes 60 to 100 bytes a number.
    """

    def __init__(self) -> None:
        self._slots = array("Q", [0]) * (1 << 12)  # the length is a power of two; 0 is an empty slot
        self._size = 0

    def __len__(self) -> int:
        return self._size

    @property
    def nbytes(self) -> int:
        """Memory of the array."""
        return len(self._slots) * self._slots.itemsize

    def add(self, number: int) -> bool:
        """Whether `number` (0 ≤ number < 2^64) is new."""
        number = number or 1  # 0 marks an empty slot
        if not _insert(self._slots, number):
            return False
        self._size += 1
        if self._size > 0.6 * len(self._slots):
            self._grow()
        return True

    def _grow(self) -> None:
        slots = array("Q", [0]) * (2 * len(self._slots))
        for number in self._slots:
            if number:
                _insert(slots, number)
        self._slots = slots


def _insert(slots: array[int], number: int) -> bool:
    """Put `number` into the first free slot from its own; False if it is met on the way."""
    mask = len(slots) - 1
    position = number & mask
    while found := slots[position]:
        if found == number:
            return False
        position = (position + 1) & mask
    slots[position] = number
    return True
