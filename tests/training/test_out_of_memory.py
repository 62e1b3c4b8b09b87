"""Errors of missing memory become a RunError; others stay as they are."""

from __future__ import annotations

import errno

import pytest
import torch

from seq2seq.errors import DataError, RunError
from seq2seq.training.out_of_memory import out_of_memory


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("[enforce fail at alloc_cpu.cpp:121] DefaultCPUAllocator: can't allocate memory: 8 TB"),
        RuntimeError("can't start new thread"),
        RuntimeError("std::bad_alloc"),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB"),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
    ],
)
def test_missing_memory_is_a_run_error(error: Exception) -> None:
    with pytest.raises(RunError) as raised, out_of_memory("; lower the batch"):
        raise error
    assert str(raised.value) == "out of memory; lower the batch"
    assert raised.value.exit_code == 5


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("mat1 and mat2 shapes cannot be multiplied"),
        OSError(errno.ENOSPC, "No space left on device"),
        DataError("memory.tsv:1: out of memory"),
        RunError("out of memory at step 3"),
        KeyError("out of memory"),
    ],
)
def test_other_errors_stay_as_they_are(error: Exception) -> None:
    with pytest.raises(type(error)) as raised, out_of_memory(""):
        raise error
    assert raised.value is error


def test_torch_says_that_memory_is_missing() -> None:
    """The words of torch itself: 2^60 numbers."""
    with pytest.raises(RunError, match="out of memory"), out_of_memory(""):
        torch.empty(2**60)
