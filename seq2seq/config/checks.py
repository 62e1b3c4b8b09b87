"""Checks that all settings share: each value has the type of its field and lies in its range."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from functools import cache
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from seq2seq.errors import UsageError

LARGEST_SIZE = 65_536  # units of a layer
MOST_LAYERS = 64
MOST_CELLS = 256  # of all layers: building more than these takes longer than a second
LARGEST_SEED = 2**32 - 1  # the largest seed that numpy, torch and SentencePiece all accept
LARGEST_NUMBER = 10**9  # of settings without a limit of their own


@dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`, both included; `text` describes them in an error. NaN is in no range."""

    low: float
    high: float
    text: str

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


def whole(low: int, high: int = LARGEST_NUMBER) -> Range:
    """Whole numbers from `low` to `high`."""
    return Range(low, high, f"a whole number from {low:,} to {high:,}")


def real(low: float, high: float = LARGEST_NUMBER) -> Range:
    """Numbers from `low` to `high`."""
    return Range(low, high, f"a number from {low:,} to {high:,}")


def above(low: float, high: float = LARGEST_NUMBER) -> Range:
    """Numbers above `low`, up to `high`."""
    return Range(math.nextafter(low, math.inf), high, f"a number above {low:,}, at most {high:,}")


BELOW_ONE = Range(0.0, math.nextafter(1.0, 0.0), "a number of at least 0 and below 1")
"""Numbers from 0 up to, but not including, 1, such as the probability of dropping a unit."""


def require(condition: bool, name: str, value: object, expected: str) -> None:
    """Raise a UsageError with the name, the value (up to 100 characters of it) and what was expected, unless
    `condition` is true."""
    if not condition:
        raise UsageError(f"{name} is {value!r:.100}, expected {expected}")


@cache
def _hints(kind: type) -> dict[str, Any]:
    """The types of the fields of `kind`. Evaluated once, because that takes time."""
    return get_type_hints(kind)


def check_fields(settings: Any, ranges: dict[str, Range], *, prefix: str = "") -> None:
    """Check type and range of every field of the dataclass `settings`.

    A whole number is accepted for a float; True and False are not numbers. Raises UsageError with the name of
    the field after `prefix`.
    """
    hints = _hints(type(settings))  # type: ignore[arg-type]
    for field in fields(settings):
        value, name = getattr(settings, field.name), prefix + field.name
        expected = _expected_type(value, hints[field.name])
        require(not expected, name, value, expected)
        if field.name in ranges:
            require(value in ranges[field.name], name, value, ranges[field.name].text)


_TYPES: dict[Any, tuple[tuple[type, ...], str]] = {
    float: ((int, float), "a number"),
    int: ((int,), "a whole number"),
    bool: ((bool,), "true or false"),
    str: ((str,), "a text"),
}
"""Of a type hint: the types of its values, and their description."""


def _expected_type(value: Any, hint: Any) -> str:
    """What was expected instead of `value`, by its type hint; "" if it has the right type."""
    arguments = get_args(hint)
    if hint in _TYPES:
        types, description = _TYPES[hint]
        fits = isinstance(value, types) and (hint is bool or not isinstance(value, bool))
        return "" if fits else description
    if get_origin(hint) is Literal:
        choices = ", ".join(map(repr, arguments))
        return "" if isinstance(value, str) and value in arguments else f"one of {choices}"
    if get_origin(hint) is tuple:
        fits = isinstance(value, tuple) and len(value) == len(arguments)
        fits = fits and not any(map(_expected_type, value, arguments))
        return "" if fits else f"a list of {len(arguments)} texts"
    if NoneType in arguments:
        return "" if value is None else _expected_type(value, arguments[0])
    assert isinstance(hint, type), hint  # a dataclass of settings
    return "" if isinstance(value, hint) else f"a {hint.__name__}"
