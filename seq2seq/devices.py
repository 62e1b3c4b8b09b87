"""Where torch computes: the choice of the device, and the number of threads."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from seq2seq.errors import UsageError

if TYPE_CHECKING:
    import torch


def find_device(name: str) -> torch.device:
    """torch's device of that name: "auto" is a GPU if there is one, "cuda" this process's own. UsageError if
    this machine has none such."""
    import torch

    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        chosen = torch.device(f"cuda:{local_rank()}" if name == "cuda" else name)
        torch.empty(0, device=chosen)
    except (RuntimeError, AssertionError) as error:  # an AssertionError from a torch built without CUDA
        reason = str(error).partition("\n")[0]
        raise UsageError(f"device is {name!r}, expected auto, cpu or cuda ({reason})") from None
    return chosen


def local_rank() -> int:
    """The number of this process on its own machine: its GPU."""
    return int(os.environ.get("LOCAL_RANK", "0"))


def use_threads(number: int) -> None:
    """Let torch compute on so many threads; 0 leaves its own choice."""
    if number < 0:
        raise UsageError(f"--threads is {number}, expected 0 or more")
    if number:
        import torch

        torch.set_num_threads(number)
