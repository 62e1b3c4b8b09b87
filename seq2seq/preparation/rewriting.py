"""A text in which some words were replaced, with the positions of both texts."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate


@dataclass(frozen=True)
class Change:
    """text[start:end] is replaced by `new`."""

    start: int
    end: int
    new: str


class Rewritten:
    """`text` after `changes`, which are in order and do not overlap.

    Positions inside a change are those of its end, or of the same distance from its start if that comes
    first.
    """

    def __init__(self, text: str, changes: Sequence[Change]) -> None:
        self.original, self.changes = text, changes
        pieces, end = list[str](), 0
        for change in changes:
            pieces += [text[end : change.start], change.new]
            end = change.end
        self.text = "".join([*pieces, text[end:]])
        growth = [len(change.new) - (change.end - change.start) for change in changes]
        self._shifts = [0, *accumulate(growth)]
        self._starts = [change.start for change in changes]
        self._new_starts = [c.start + shift for c, shift in zip(changes, self._shifts, strict=False)]

    @property
    def same_places(self) -> bool:
        """Whether every position is the same in both texts."""
        return not any(self._shifts)

    def place(self, position: int) -> int:
        """The position in the new text of a position in the original."""
        number = bisect_right(self._starts, position)
        shifted = position + self._shifts[number]
        if number and position < (change := self.changes[number - 1]).end:
            inside = position - change.start
            return self._new_starts[number - 1] + min(inside, len(change.new))
        return shifted

    def origin(self, place: int) -> int:
        """The position in the original of a position in the new text."""
        number = bisect_right(self._new_starts, place)
        if number:
            change, start = self.changes[number - 1], self._new_starts[number - 1]
            if place < start + len(change.new):
                return change.start + min(place - start, change.end - change.start)
        return place - self._shifts[number]

    def origin_of_end(self, place: int) -> int:
        """The position in the original where something ends that ends at `place` in the new text."""
        if place == 0:
            return 0
        number = bisect_right(self._new_starts, place - 1)
        if number:
            change, start = self.changes[number - 1], self._new_starts[number - 1]
            if place == start + len(change.new):
                return change.end
            if place < start + len(change.new):
                return change.start + min(place - start, change.end - change.start)
        return place - self._shifts[number]
