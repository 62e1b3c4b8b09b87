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
    """The torch device called `name`: "auto", "cpu", "cuda" or "cuda:N".

    "auto" is "cuda" if there is a GPU, else "cpu". "cuda" is the GPU of this process (see `local_rank`).
    Other devices, such as "mps", are not supported. Raises UsageError for any other name, and if the machine
    has no such device.
    """
    import torch

    expected = "expected auto, cpu, cuda or cuda:N"
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if not isinstance(name, str) or not re.fullmatch(r"cpu|cuda(:\d{1,3})?", name, re.ASCII):
        raise UsageError(f"device is {name!r}, {expected}")
    rank = local_rank() if name == "cuda" else 0
    try:
        device = torch.device(f"cuda:{rank}" if name == "cuda" else name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:  # an AssertionError if torch was built without CUDA
        reason = str(error).partition("\n")[0]
        raise UsageError(f"device is {name!r}, {expected} ({reason})") from None
    return device


def local_rank() -> int:
    """The number of this process on its machine, from 0. torchrun sets it in LOCAL_RANK; without torchrun, 0.

    The process uses the GPU of this number. Raises UsageError if LOCAL_RANK is not a whole number from 0.
    """
    value = os.environ.get("LOCAL_RANK", "0")
    if not re.fullmatch(r"\d{1,9}", value, re.ASCII):
        raise UsageError(f"LOCAL_RANK is {value!r}, expected a whole number from 0, as torchrun sets it")
    return int(value)


def use_threads(number: int) -> None:
    """Let torch compute on `number` threads in this process. 0 keeps torch's own choice.

    Raises UsageError unless `number` is a whole number from 0 to 1,024.
    """
    if type(number) is not int or not 0 <= number <= MOST_THREADS:
        raise UsageError(f"threads is {number!r}, expected a whole number from 0 to {MOST_THREADS:,}")
    if number:
        import torch

        torch.set_num_threads(number)
