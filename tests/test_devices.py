"""The choice of the device."""

from __future__ import annotations

import pytest
import torch

from seq2seq import devices
from seq2seq.errors import UsageError

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    "name", ["tpu", "cuda:99", "", "CPU!", *([] if torch.cuda.is_available() else ["cuda"])]
)
def test_a_device_that_is_not_there(name: str) -> None:
    with pytest.raises(UsageError, match="expected auto, cpu or cuda"):
        devices.find_device(name)


def test_devices() -> None:
    assert devices.find_device("cpu") == CPU
    assert devices.find_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")
