"""The choice of the device and of the number of threads."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from seq2seq import devices
from seq2seq.errors import UsageError

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    "name",
    [
        "tpu",
        "meta",
        "mps",
        "cuda:",
        "cpu:0",
        "cuda:99",
        "",
        "CPU!",
        "cuda:²",
        None,
        *([] if torch.cuda.is_available() else ["cuda"]),
    ],
)
def test_a_device_that_does_not_exist_is_refused(name: Any) -> None:
    with pytest.raises(UsageError, match="expected auto, cpu, cuda or cuda:N"):
        devices.find_device(name)


def test_cpu_and_auto_are_found() -> None:
    assert devices.find_device("cpu") == CPU
    assert devices.find_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")


@pytest.mark.parametrize("number", [-1, 100_000, 2.0, True, "2", None])
def test_a_wrong_number_of_threads_is_refused(number: Any) -> None:
    with pytest.raises(UsageError, match=r"threads is .*, expected a whole number from 0 to 1,024"):
        devices.use_threads(number)


def test_0_threads_keeps_the_number_of_threads() -> None:
    before = torch.get_num_threads()
    try:
        devices.use_threads(1)
        assert torch.get_num_threads() == 1
        devices.use_threads(0)
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)


def test_the_gpu_of_a_process_is_that_of_its_local_rank(monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[torch.device] = []
    monkeypatch.setattr(torch, "empty", lambda size, device: used.append(device))
    monkeypatch.setenv("LOCAL_RANK", "3")
    assert devices.find_device("cuda") == torch.device("cuda:3") == used[0]
    assert devices.find_device("cuda:1") == torch.device("cuda:1")


@pytest.mark.parametrize("value", ["", "one", "-1", "1.0"])
def test_a_wrong_local_rank_is_refused(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_RANK", value)
    with pytest.raises(UsageError, match=f"LOCAL_RANK is '{value}', expected a whole number from 0"):
        devices.find_device("cuda")
