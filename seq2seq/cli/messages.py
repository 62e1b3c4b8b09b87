"""Messages on stderr; results go to stdout."""

from __future__ import annotations

import sys


def say(message: str) -> None:
    """Print a message for the user on stderr."""
    print(message, file=sys.stderr, flush=True)
