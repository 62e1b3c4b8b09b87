"""Errors that a user can do something about, and the exit code of each."""

from __future__ import annotations

import errno


class SeqError(Exception):
    """Base class. `exit_code` is what the commands return for the error."""

    exit_code = 1


class UsageError(SeqError, ValueError):
    """A setting or an argument is wrong."""

    exit_code = 2


class UsageTypeError(UsageError, TypeError):
    """An argument of a function has the wrong type."""


class DataError(SeqError, ValueError):
    """Data is wrong. The message says where (`file:line`), what is there, and what was expected."""

    exit_code = 3


class ModelError(SeqError, ValueError):
    """A model directory or a checkpoint cannot be used."""

    exit_code = 4


class RunError(SeqError, RuntimeError):
    """A run could not continue: loss not finite, out of memory, disk full."""

    exit_code = 5


_MISSING_MEMORY = (
    "allocate memory",  # torch on a CPU, ONNX Runtime, the system
    "out of memory",  # torch on a GPU
    "defaultcpuallocator",  # torch on a CPU
    "bad_alloc",  # C++
    "failed to map segment",  # the loader of shared libraries
    "could not create a primitive",  # oneDNN
    "can't start new thread",  # Python: no room for the stack of a thread
    "resource temporarily unavailable",  # C++: the same
)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether `error` means that memory ran out. The libraries have no common type for it.

    C++ code that runs out of memory in another thread ends the process (`std::bad_alloc`), which cannot be
    caught.
    """
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    message = str(error).lower()
    known = isinstance(error, RuntimeError | ImportError) and not isinstance(error, SeqError)
    known = known or type(error).__module__.startswith("onnxruntime.")  # its errors have no other base
    return isinstance(error, MemoryError) or (known and any(sign in message for sign in _MISSING_MEMORY))
