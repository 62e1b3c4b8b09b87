"""Options of scripts/benchmark.py that are wrong are found before anything is measured."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

from seq2seq.errors import UsageError

SCRIPT = Path(__file__).parents[2] / "scripts" / "benchmark.py"


@pytest.fixture(scope="module")
def commands() -> dict[str, Any]:
    return runpy.run_path(str(SCRIPT))


@pytest.mark.parametrize(
    ("command", "option", "value", "expected"),
    [
        ("Train", "rounds", 0, "--rounds is 0, expected 1 or more"),
        ("Train", "updates", 0, "--updates is 0, expected 1 or more"),
        ("Train", "pairs", -5, "--pairs is -5, expected 1 or more"),
        ("Train", "threads", -1, "threads is -1, expected a whole number from 0"),
        ("Translate", "rounds", -1, "--rounds is -1, expected 1 or more"),
        ("Translate", "sentences", 0, "--sentences is 0, expected 1 or more"),
        ("Translate", "beams", (5, 0), "--beams is 0, expected 1 or more"),
        ("Translate", "batches", (), "--batches has no number, expected 1 or more"),
        ("Translate", "threads", (1, -2), "--threads is -2, expected 0 or more"),
        ("Translate", "alone", -1, "--alone is -1, expected 0 or more"),
        ("Translate", "fresh", -1, "--fresh is -1, expected 0 or more"),
    ],
)
def test_numbers_that_are_too_small(
    commands: dict[str, Any], command: str, option: str, value: object, expected: str
) -> None:
    with pytest.raises(UsageError, match=expected):
        commands[command](**{option: value}).run()
