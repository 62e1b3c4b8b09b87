"""Settings of the training that contradict each other are refused with the reason."""

from __future__ import annotations

from typing import Any

import pytest

from seq2seq.config import TrainingConfig
from seq2seq.errors import UsageError


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cut_tokens": 0.05}, r"training\.cut_tokens is 0\.05, expected 0, because .*training\.consistency"),
        ({"cut_features": 0.1}, r"training\.cut_features is 0\.1, expected 0"),
        ({"consistency_kind": "simcut", "cut_tokens": 0.05}, r"training\.c"),
        (
            {"consistency_kind": "simcut"},
            r"training\.consistency is 0\.0, expected above 0, because .*'simcut'",
        ),
        (
            {"consistency_kind": "simcut", "consistency": 3.0},
            r"training\.cut_tokens is 0\.0, expected above 0",
        ),
        (
            {"minimum_risk": 5, "consistency": 1.0},
            r"training\.consistency is 1\.0, expected 0, because .*risk",
        ),
        ({"consistency": 1.0, "cut_tokens": 1.0}, r"training\.cut_tokens is 1\.0, expected .*below 1"),
    ],
)
def test_contradictions(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        TrainingConfig(**options)


def test_what_goes_together() -> None:
    TrainingConfig(consistency=1.0, cut_tokens=0.05, cut_features=0.05)
    TrainingConfig(consistency=3.0, consistency_kind="simcut", cut_tokens=0.05)
