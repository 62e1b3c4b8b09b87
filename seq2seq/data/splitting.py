"""Splits pairs by source sentence, so that no source sentence is in two parts.

The hash of a source sentence chooses its part, for all of its translations. The choice is the same in every
run and does not depend on the other pairs.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from hashlib import blake2b

from seq2seq.errors import DataError
from seq2seq.pairs import Counts, SentencePair

HELD_OUT = 1000
"""At most so many source sentences are held out of the training data for validation."""
HELD_OUT_SHARE = 50
"""One source sentence in so many is held out."""


def hold_out(
    pairs: Iterator[SentencePair], held: list[SentencePair], *, where: str, counts: Counts
) -> Iterator[SentencePair]:
    """Move the first source sentence, and one in `HELD_OUT_SHARE`, to `held`, and yield the other pairs.

    Of pairs with a share below 1, as many fewer are held out. `counts` takes the number of pairs held out.
    Raises DataError, with the files `where` and the counts, if no pair is left to train on.
    """
    chosen: set[str] = set()
    left = 0
    for pair in pairs:
        picked = not chosen or zlib.crc32(pair.source.encode()) % HELD_OUT_SHARE == 0
        picked = picked and (pair.share >= 1 or part_of(pair.source, shares=(pair.share,), seed=0) == 1)
        if pair.source in chosen or (picked and len(chosen) < HELD_OUT):
            chosen.add(pair.source)
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


def part_of(source: str, *, shares: tuple[float, ...], seed: int) -> int:
    """Which of the parts a source sentence belongs to; `shares` are those of all parts but the first."""
    digest = blake2b(f"{seed}\0{source}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
    position = int.from_bytes(digest, "big") / 2**64
    for part, share in enumerate(shares, start=1):
        if position < share:
            return part
        position -= share
    return 0
