"""Splits pairs by source sentence, so that no source sentence is in two parts.

The hash of a source sentence chooses its part, for all of its translations. The choice is the same in every
run and does not depend on the other pairs.
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from hashlib import blake2b

from seq2seq.errors import DataError
from seq2seq.pairs import Counts, Direction, SentencePair

HELD_OUT = 1000
"""At most so many source sentences of each direction are held out of the training data for validation."""
HELD_OUT_SHARE = 50
"""One source sentence in so many is held out."""


def hold_out(
    pairs: Iterator[SentencePair],
    held: list[SentencePair],
    *,
    where: str,
    counts: Counts,
    directions: Sequence[Direction] = (),
) -> Iterator[SentencePair]:
    """Move the first source sentence, and one in `HELD_OUT_SHARE`, to `held`, and yield the other pairs.

    Of pairs with a share below 1, as many fewer are held out. Several `directions` are held out each by
    itself, but for the same source sentences where they have them. If two are the reverse of each other, the
    language of the first source decides for both, so that no pair is held out and trained on reversed.
    `counts` takes the number of pairs held out. Raises DataError, with the files `where` and the counts, if
    no pair is left to train on.
    """
    is_held = _Choice(directions)
    left = 0
    for pair in pairs:
        if is_held(pair):
            held.append(pair)
            counts.held_out += 1
        else:
            left += 1
            yield pair
    if not left:
        raise DataError(
            f"{where}: no pair left to train on ({counts}), "
            "expected more source sentences, or validation data (--valid)"
        )


class _Choice:
    """Which pairs are held out. It remembers texts: what is decided for one holds for all of its pairs.

    A direction and its reverse have the texts of one language, and one decision for each.
    """

    def __init__(self, directions: Sequence[Direction]) -> None:
        self.several = len(directions) > 1
        self.first = {
            number: directions.index((target, source))
            for number, (source, target) in enumerate(directions)
            if (target, source) in directions[:number]
        }
        self.own = defaultdict[int, set[str]](set)  # held out, by direction
        self.taken = defaultdict[int, set[str]](set)  # held out, of a direction and its reverse
        self.left = defaultdict[int, set[int]](set)  # hashes of those picked and trained on, likewise
        self.picked = set[str]()  # by the hash and held out, of any direction

    def __call__(self, pair: SentencePair) -> bool:
        """Whether `pair` is held out."""
        reverse = pair.direction in self.first
        first = self.first.get(pair.direction, pair.direction)
        text = pair.target if reverse else pair.source
        own, number = self.own[pair.direction], zlib.crc32(text.encode())
        by_hash = number % HELD_OUT_SHARE == 0
        chosen = (by_hash or not (own or reverse)) and len(own) < HELD_OUT
        chosen = chosen and (pair.share >= 1 or part_of(text, shares=(pair.share,), seed=0) == 1)
        chosen = (chosen or text in self.picked) and number not in self.left[first]
        if chosen or text in self.taken[first]:
            own.add(text)
            self.taken[first].add(text)
            if by_hash:
                self.picked.add(text)
            return True
        if by_hash and self.several:
            self.left[first].add(number)
        return False


def part_of(source: str, *, shares: tuple[float, ...], seed: int) -> int:
    """Which of the parts a source sentence belongs to; `shares` are those of all parts but the first."""
    digest = blake2b(f"{seed}\0{source}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
    position = int.from_bytes(digest, "big") / 2**64
    for part, share in enumerate(shares, start=1):
        if position < share:
            return part
        position -= share
    return 0
