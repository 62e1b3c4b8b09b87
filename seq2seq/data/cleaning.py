"""Drops sentence pairs that do not suit training, and counts them by reason.

Each filter is a field of `CleaningConfig` and can be switched off. Lengths are counted in characters. A
Chinese sentence has a third of the characters of its English translation, but about as many bytes; for Hindi
it is the reverse. So a pair is unbalanced only if both its characters and its UTF-8 bytes are.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from hashlib import blake2b

from seq2seq.config.data import CleaningConfig
from seq2seq.pairs import Counts, SentencePair

_SHORT = 20
"""Pairs up to this many characters are never unbalanced: "Ja." and "Yes, of course."."""


def clean(
    pairs: Iterable[SentencePair],
    options: CleaningConfig,
    counts: Counts,
    *,
    seen: HashSet | None = None,
) -> Iterator[SentencePair]:
    """Yield the pairs that pass, unchanged and in order; count the others in `counts` by reason.

    Duplicates are found by 64-bit hashes: 10 million different pairs take 134 MB, and the probability that
    one of them is wrongly dropped is 3 in a million. `seen` holds those of pairs before
    these.
    """
    seen = HashSet() if seen is None else seen
    for pair in pairs:
        reason = _fault(pair, options)
        if reason is None and options.drop_duplicates and not seen.add(_hash(pair)):
            reason = "duplicate"
        if reason is not None:
            counts.drop(reason, where=pair.location)
            continue
        counts.kept += 1
        yield pair


def _fault(pair: SentencePair, options: CleaningConfig) -> str | None:
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
    """A hash that is the same in every process, unlike Python's own. The readers refuse NUL, so it can
    separate. "OK" may be the translation of "OK" in several directions.
    """
    direction = f"\0{pair.direction}" if pair.direction else ""
    text = f"{pair.source}\0{pair.target}{direction}".encode("utf-8", "surrogatepass")
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
    """Put `number` into the first free slot from its own position on; return False if it is there already."""
    mask = len(slots) - 1
    position = number & mask
    while found := slots[position]:
        if found == number:
            return False
        position = (position + 1) & mask
    slots[position] = number
    return True
