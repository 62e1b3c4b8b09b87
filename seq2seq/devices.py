"""Where torch computes: the choice of the device, and the number of threads."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from seq2seq.errors import UsageError

if TYPE_CHECKING:
    import torch


MOST_THREADS = 1024  # far more than any processor has; a larger number is a mistake


def find_device(name: str) -> torch.device:
    """The torch device called `name`.

    "auto" is a GPU if there is one, else the CPU; "cuda" is the GPU of this process (see `local_rank`),
    "cuda:N" a certain one. Raises UsageError for any other name, and if the machine has no such device.
    """
    import torch

    expected = "expected auto, cpu, cuda or cuda:N"
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if not re.fullmatch(r"cpu|cuda(:\d+)?", name):
        raise UsageError(f"device is {name!r}, {expected}")
    try:
        device = torch.device(f"cuda:{local_rank()}" if name == "cuda" else name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:  # an AssertionError from a torch built without CUDA
        reason = str(error).partition("\n")[0]
        raise UsageError(f"device is {name!r}, {expected} ({reason})") from None
    return device


def local_rank() -> int:
    """The number of this process on its machine, from 0, as torchrun gives it: the process uses that GPU."""
    return int(os.environ.get("LOCAL_RANK", "0"))


def use_threads(number: int) -> None:
    """Let torch compute on `number` threads in this process; 0 leaves torch's own choice.

    Raises UsageError unless `number` is a whole number from 0 to 1,024.
    """
    if type(number) is not int or not 0 <= number <= MOST_THREADS:
        raise UsageError(f"threads is {number!r}, expected a whole number from 0 to {MOST_THREADS:,}")
    if number:
        import torch

        torch.set_num_threads(number)
