"""Lack of memory: recognised as an error, and as a limit that is too low to start with."""

from __future__ import annotations

from seq2seq.errors import RunError

MIB = 1024**2
LEAST = 1500 * MIB
LEAST_FOR_TRAINING = 3000 * MIB
TRAINING = ("train", "compare")
WITHOUT_TORCH = ("data",)

_SIGNS = (
    "can't allocate memory",  # torch on a CPU
    "cannot allocate memory",  # the system
    "out of memory",  # torch on a GPU
    "failed to map segment",  # the loader of shared libraries
    "could not create a primitive",  # oneDNN
    "resource temporarily unavailable",  # no room for the stack of a thread
)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether `error` means that memory ran out. The libraries have no common type for it."""
    if isinstance(error, MemoryError):
        return True
    message = str(error).lower()
    return isinstance(error, RuntimeError | ImportError) and any(sign in message for sign in _SIGNS)


def check_address_space(command: str) -> None:
    """Raise RunError if the address space is limited (`ulimit -v`) to less than `command` needs.

    With less, torch and SentencePiece fail in their threads and end the process with a signal (SIGABRT,
    SIGSEGV), so that no message can be printed. On two cores, training on the sample corpus fails in this way
    at 2.2 GB, and evaluation at 0.9 GB.
    """
    try:
        import resource
    except ModuleNotFoundError:  # Windows has no such limit
        return
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    least = LEAST_FOR_TRAINING if command in TRAINING else 0 if command in WITHOUT_TORCH else LEAST
    if limit != resource.RLIM_INFINITY and limit < least:
        raise RunError(
            f"the address space is limited to {limit // MIB:,} MiB (ulimit -v), expected "
            f"{least // MIB:,} MiB or more"
        )
