"""Turns errors of missing memory into a RunError."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from seq2seq.errors import RunError, is_out_of_memory


@contextmanager
def out_of_memory(advice: str) -> Iterator[None]:
    """Raise RunError "out of memory …" with `advice` if the block runs out of memory."""
    try:
        yield
    except (MemoryError, RuntimeError, OSError) as error:
        if not is_out_of_memory(error):
            raise
        raise RunError(f"out of memory{advice}") from None
