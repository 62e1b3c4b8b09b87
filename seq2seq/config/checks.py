"""Checks that all settings share: each value has the type of its field and lies in its range."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args, get_origin, get_type_hints

from seq2seq.errors import UsageError

LARGEST_SIZE = 65_536  # units of a layer
MOST_LAYERS = 64
LARGEST_SEED = 2**32 - 1  # what numpy, torch and SentencePiece all accept
LARGEST_COUNT = 10**9


@dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`, both included; `text` says so in an error. NaN is in no range."""

    low: float
    high: float
    text: str

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


def whole(low: int, high: int = LARGEST_COUNT) -> Range:
    """Whole numbers from `low` to `high`."""
    if high != LARGEST_COUNT:
        return Range(low, high, f"a whole number from {low:,} to {high:,}")
    return Range(low, high, "a whole number from 1" if low == 1 else f"{low:,} or more")


def real(low: float, high: float = 1e9) -> Range:
    """Numbers from `low` to `high`."""
    return Range(low, high, f"{low:g} to {high:g}" if high != 1e9 else f"{low:g} or more, and finite")


def above(low: float, high: float = 1e9) -> Range:
    """Numbers above `low`, up to `high`."""
    return Range(
        math.nextafter(low, math.inf), high, f"above {low:g}" + (f", at most {high:g}" if high != 1e9 else "")
    )


def below_one(letter: str) -> Range:
    """Numbers from 0 up to, but not including, 1, such as probabilities; `letter` names them in an error."""
    return Range(0.0, math.nextafter(1.0, 0.0), f"0 <= {letter} < 1")


def require(condition: bool, name: str, value: object, expected: str) -> None:
    """Raise a UsageError with the name, the value and what was expected, unless `condition` is true."""
    if not condition:
        raise UsageError(f"{name} is {value!r}, expected {expected}")


def check_fields(settings: Any, ranges: dict[str, Range], *, prefix: str = "") -> None:
    """Check type and range of every field of the dataclass `settings`.

    A whole number is accepted for a float; True and False are not numbers. Raises UsageError with the name
    of the field after `prefix`.
    """
    hints = get_type_hints(type(settings))
    for field in fields(settings):
        value, name = getattr(settings, field.name), prefix + field.name
        _check_type(value, hints[field.name], name)
        if field.name in ranges:
            require(value in ranges[field.name], name, value, ranges[field.name].text)


def _check_type(value: Any, hint: Any, name: str) -> None:
    if get_origin(hint) is Literal:
        choices = get_args(hint)
        require(
            isinstance(value, str) and value in choices,
            name,
            value,
            f"one of {', '.join(map(repr, choices))}",
        )
    elif hint is float:
        require(type(value) in (int, float), name, value, "a number")
    elif hint is int:
        require(type(value) is int, name, value, "a whole number")
    elif hint is bool:
        require(type(value) is bool, name, value, "true or false")
    elif hint is str:
        require(isinstance(value, str), name, value, "a text")
