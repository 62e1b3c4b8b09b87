"""The check that all settings share."""

from __future__ import annotations

from seq2seq.errors import UsageError


def require(condition: bool, name: str, value: object, expected: str) -> None:
    """Raise a UsageError with the name, the value and what was expected, unless `condition` is true."""
    if not condition:
        raise UsageError(f"{name} is {value!r}, expected {expected}")
