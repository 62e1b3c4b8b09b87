"""Refuses to start with less address space than torch needs."""

from __future__ import annotations

from seq2seq.errors import RunError

MIB = 1024**2
LEAST = 1500 * MIB
LEAST_FOR_TRAINING = 3000 * MIB
TRAINING = ("train", "compare")
WITHOUT_TORCH = ("data",)


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
