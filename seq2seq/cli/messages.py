"""Messages on stderr. Results go to stdout."""

from __future__ import annotations

import sys
from contextlib import suppress


def say(message: str) -> None:
    """Print a message for the user on stderr. Does nothing if stderr cannot be written."""
    with suppress(OSError):
        print(message, file=sys.stderr, flush=True)
