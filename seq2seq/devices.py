"""Where torch computes: the choice of the device, and the number of threads.

A process that was forked has none of the threads of its parent, and torch would wait for them for ever. So it
computes on one thread, if its parent has computed on several. A process of the start method "spawn" has all.
"""

from __future__ import annotations

import ctypes
import os
import platform
import re
import sys
import weakref
from typing import TYPE_CHECKING, Any, TypeVar

from seq2seq.errors import UsageError

if TYPE_CHECKING:
    import torch


MOST_THREADS = 1024  # far more than any processor has; a larger number is a mistake

PREPARED_PRODUCTS = "64"  # of oneDNN's 1,024: each holds memory, and a training has hundreds of batch shapes
MALLOPT = ((-1, 2**31 - 1), (-4, 0))  # M_TRIM_THRESHOLD: 2 GB; M_MMAP_MAX: none (malloc.h, mallopt(3))

T = TypeVar("T")

_computes = False  # whether this process, or the one it was forked from, asked for a device
_lost_threads = False  # whether this process was forked from one that computes on several threads
_with_threads = weakref.WeakValueDictionary[int, Any]()  # what `kept_after_fork` was given, while it lives
_kept = list[Any]()  # in a forked process: the same, for ever


def find_device(name: str) -> torch.device:
    """The torch device called `name`: "auto", "cpu", "cuda" or "cuda:N".

    "auto" is "cuda" if there is a GPU, else "cpu". "cuda" is the GPU of this process (see `local_rank`).
    Other devices, such as "mps", are not supported. Raises UsageError for any other name, and if the machine
    has no such device.
    """
    import torch

    global _computes
    _computes = True
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


def multiplies_bfloat16(device: torch.device) -> bool:
    """Whether `device` multiplies bfloat16 matrices in hardware. A CPU that does not is slower with them than
    with float32."""
    import torch

    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    capabilities = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


def use_threads(number: int) -> None:
    """Let torch compute on `number` threads in this process. 0 keeps torch's own choice.

    Raises UsageError unless `number` is a whole number from 0 to 1,024, and for more than one thread in a
    process that was forked from one that computes on several.
    """
    if type(number) is not int or not 0 <= number <= MOST_THREADS:
        raise UsageError(f"threads is {number!r}, expected a whole number from 0 to {MOST_THREADS:,}")
    if number > 1 and _lost_threads:
        raise UsageError(
            f"threads is {number}, expected 1 in a process that was forked from one that computes on several "
            "threads; for more, start it with the method 'spawn' of multiprocessing"
        )
    if number:
        import torch

        torch.set_num_threads(number)


def reuse_memory() -> None:
    """Let this process keep the memory that it frees, for its next tensors, and fewer prepared products.

    The C library returns large blocks to the system, which then has to clear every page anew: in training,
    66,000 pages an update, and a fifth of the time. Call it before torch computes. It does nothing where the
    C library is not glibc. The environment variable ONEDNN_PRIMITIVE_CACHE_CAPACITY stays as the user set it.
    """
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", PREPARED_PRODUCTS)
    if platform.libc_ver()[0] == "glibc":
        for parameter, value in MALLOPT:
            ctypes.CDLL(None).mallopt(parameter, value)


def kept_after_fork(one: T) -> T:
    """Return `one`, which has threads of its own, and never destroy it in a process that is forked from this
    one: ONNX Runtime would wait there for threads that do not exist, or crash."""
    _with_threads[id(one)] = one
    return one


def _after_fork() -> None:
    """Compute on one thread in this process, which was just forked, if its parent computes on several."""
    global _lost_threads
    _kept.extend(_with_threads.values())
    torch = sys.modules.get("torch")
    if _computes and torch is not None and torch.get_num_threads() > 1:
        torch.set_num_threads(1)
        _lost_threads = True


if hasattr(os, "register_at_fork"):  # not on Windows, which cannot fork
    os.register_at_fork(after_in_child=_after_fork)
