"""Turns errors of missing memory into a RunError.

Python raises MemoryError, torch a RuntimeError (on a GPU a subclass of it), the system an OSError. C++ code
that runs out of memory in another thread aborts the process (`std::bad_alloc`); that cannot be caught.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from seq2seq.errors import RunError

# In the messages of torch, of its allocators, and of Python when a thread gets no stack.
MESSAGES = ("allocate memory", "out of memory", "DefaultCPUAllocator", "bad_alloc", "can't start new thread")


@contextmanager
def out_of_memory(advice: str) -> Iterator[None]:
    """Raise RunError "out of memory …" with `advice` if the block runs out of memory."""
    try:
        yield
    except (MemoryError, RuntimeError, OSError) as error:
        if isinstance(error, RunError) or not is_out_of_memory(error):
            raise
        raise RunError(f"out of memory{advice}") from None


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory is missing."""
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    return isinstance(error, MemoryError) or any(message in str(error) for message in MESSAGES)
