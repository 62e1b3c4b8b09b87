"""Imports gradio in half the time.

At each import gradio parses the source of its components and compares it with the .pyi files beside it, which
are for editors. It leaves that out for a class without a file, for which `inspect.getfile` raises OSError: so
do all of its classes while it is imported here. If a later gradio does it in another way or needs the files,
nothing is gained and nothing lost.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


def import_gradio() -> None:
    """Import gradio. Raises ModuleNotFoundError if it is not installed."""
    if sys.modules.get("gradio"):
        return
    try:
        with without_files("gradio"):
            import gradio
    except OSError:  # a gradio that needs the files
        import gradio  # noqa: F401


@contextmanager
def without_files(package: str) -> Iterator[None]:
    """Inside, `inspect.getfile` raises OSError for the classes of `package`."""
    getfile = inspect.getfile

    def changed(thing: Any) -> str:
        if isinstance(thing, type) and thing.__module__.partition(".")[0] == package:
            raise OSError(f"{thing.__module__} is asked for no file while it is imported")
        return getfile(thing)

    inspect.getfile = changed  # type: ignore[assignment]
    try:
        yield
    finally:
        inspect.getfile = getfile
