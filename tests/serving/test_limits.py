"""Limits of a server: numbers out of range are refused under the names that users write."""

from __future__ import annotations

import pytest

from seq2seq.errors import UsageError
from seq2seq.serving.limits import Limits


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("characters", 0, "max_chars is 0, expected a whole number from 1 to 1,000,000"),
        ("queue", -1, "queue is -1, expected a whole number from 1 to 10,000"),
        ("concurrency", 65, "concurrency is 65, expected a whole number from 1 to 64"),
        ("queue", True, "queue is True"),
    ],
)
def test_numbers_out_of_range_are_refused(field: str, value: int, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Limits(**{field: value})  # type: ignore[arg-type]
    assert Limits(**{field: 1})  # type: ignore[arg-type]
