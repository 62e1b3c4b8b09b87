"""A sentence pair, its languages, and counts of what happened to pairs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Direction = tuple[str, str]
"""A source and a target language, such as ("en", "fr"); "" for one that is unknown."""


@dataclass(frozen=True, slots=True)
class SentencePair:
    """A sentence and its translation. `location` is `file:line`, or "" when the pair comes from no file.
    `direction` is the number of its language pair in data of several (see `config.corpora`), `share` how
    often an epoch has it (see `data.mixing`).
    """

    source: str
    target: str
    location: str = ""
    direction: int = 0
    share: float = 1.0


@dataclass
class Counts:
    """Numbers of pairs read, kept and held out of these, and of repairs and dropped pairs, by reason.

    `examples` has the place (`file:line`) of the first repair or drop for each reason; comparisons ignore it.
    One object may go through several readers and filters: the numbers add up. `str` gives one line.
    """

    read: int = 0
    kept: int = 0
    held_out: int = 0
    repaired: dict[str, int] = field(default_factory=dict)
    dropped: dict[str, int] = field(default_factory=dict)
    examples: dict[str, str] = field(default_factory=dict, compare=False)

    def repair(self, reason: str, number: int = 1, *, where: str = "") -> None:
        """Count `number` repairs at the place `where`."""
        self.repaired[reason] = self.repaired.get(reason, 0) + number
        if where:
            self.examples.setdefault(reason, where)

    def drop(self, reason: str, number: int = 1, *, where: str = "") -> None:
        """Count `number` dropped pairs, the first of them at the place `where`."""
        self.dropped[reason] = self.dropped.get(reason, 0) + number
        if where:
            self.examples.setdefault(reason, where)

    def __str__(self) -> str:
        parts = [f"{self.read} pairs read" + (f", {self.kept} kept" if self.kept or self.dropped else "")]
        parts[0] += f", {self.held_out} of these held out for validation" if self.held_out else ""
        parts += [f"dropped: {_listed(self.dropped)}"] if self.dropped else []
        parts += [f"repaired: {_listed(self.repaired)}"] if self.repaired else []
        return "; ".join(parts)


def _listed(numbers: Mapping[str, int]) -> str:
    return ", ".join(f"{number} × {reason}" for reason, number in sorted(numbers.items()))
