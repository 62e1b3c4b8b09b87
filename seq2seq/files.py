"""Writing files so that a kill at any moment leaves the old one or the new one, whole."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from seq2seq.errors import ModelError, RunError, SeqError


def sync(path: Path) -> None:
    """Force a file's or a folder's content to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """What the system refuses inside (disk full, no permission) becomes a RunError that names `path`."""
    try:
        yield
    except (OSError, SafetensorError) as error:  # safetensors reports a full disk as an error of its own
        reason = getattr(error, "strerror", None) or error
        raise RunError(f"{path}: cannot be written ({reason})") from None


def next_name(path: Path) -> Path:
    """`path`, or with -1, -2 … behind it, after all that stand there: nothing is replaced."""
    found = [entry.name.removeprefix(path.name) for entry in path.parent.glob(f"{path.name}*")]
    numbers = [int(rest[1:] or 0) for rest in found if re.fullmatch(r"(-\d+)?", rest)]
    return path.with_name(f"{path.name}-{max(numbers) + 1}") if numbers else path


@contextmanager
def new_directory(path: Path) -> Iterator[Path]:
    """Fill a folder of files beside `path`, then give it that name in one step.

    On an error nothing is left behind, and what stood there stays. What stands there is replaced, which takes
    two steps: a kill between them leaves it under a hidden name. `next_name` avoids that.
    """
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
    try:
        with writing(path):
            yield scratch
            for file in scratch.iterdir():
                file.chmod(0o644)  # safetensors and mkdtemp let only their owner read
                sync(file)
            scratch.chmod(0o755)
            sync(scratch)
            _put(scratch, path)
            sync(path.parent)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _put(scratch: Path, path: Path) -> None:
    """Give `scratch` the name `path`."""
    if not path.exists():
        os.rename(scratch, path)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{path.name}-old-", dir=path.parent))
    aside = old / path.name
    try:
        os.rename(path, aside)
        os.rename(scratch, path)
    except OSError:
        if aside.exists():
            os.rename(aside, path)
        raise
    finally:
        shutil.rmtree(old, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """Replace a text file in one step."""
    # a path that is not UTF-8 may stand in the text; what it becomes is, in JSON, the right escape
    write_bytes(path, text.encode("utf-8", "backslashreplace"))


def write_bytes(path: Path, content: bytes) -> None:
    """Replace a file in one step."""
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            with scratch.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(scratch, path)
    finally:
        with suppress(OSError):  # it is gone when all went well
            scratch.unlink()


def write_json(path: Path, value: Any) -> None:
    """Replace a JSON file in one step."""
    write_text(path, json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def read_json(path: Path, *, error: type[SeqError] = ModelError) -> dict[str, Any]:
    """The object that a JSON file holds. Raises `error` with the path when it cannot be read or is none."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as reason:
        raise error(f"{path}: cannot be read ({getattr(reason, 'strerror', None) or reason})") from None
    if not isinstance(value, dict):
        raise error(f"{path}: holds {type(value).__name__}, expected an object")
    return value
