"""Atomic file writing and the one JSON reader.

A process that is killed at any moment leaves either the old file or the complete new one.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from safetensors import SafetensorError

from seq2seq.errors import ModelError, RunError, SeqError

# Errors of systems and file systems that cannot sync a directory.
_NO_DIRECTORY_SYNC = {errno.EACCES, errno.EBADF, errno.EINVAL, errno.ENOTSUP, errno.EPERM}


def sync(path: Path) -> None:
    """Force the content of a file or a directory to the disk.

    Windows cannot open a directory, and some file systems cannot sync one. A directory is skipped there: its
    entries reach the disk when the system writes them.
    """
    directory = path.is_dir()
    try:
        # Windows flushes a file only through a handle that may write.
        handle = os.open(path, os.O_RDONLY if directory else os.O_RDWR)
    except PermissionError:
        if directory:
            return
        raise
    try:
        os.fsync(handle)
    except OSError as error:
        if not (directory and error.errno in _NO_DIRECTORY_SYNC):
            raise
    finally:
        os.close(handle)


def sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn an error of the system inside (disk full, no permission) into a RunError that names `path`."""
    try:
        yield
    except (OSError, SafetensorError) as error:  # safetensors has its own error for a full disk
        reason = getattr(error, "strerror", None) or error
        raise RunError(f"{path}: cannot be written ({reason})") from None


def next_name(path: Path) -> Path:
    """`path`, or `path` with the suffix -1, -2 … that follows all existing ones. Nothing is replaced."""
    suffixes = [entry.name.removeprefix(path.name) for entry in path.parent.glob(f"{path.name}*")]
    numbers = [int(suffix[1:] or 0) for suffix in suffixes if re.fullmatch(r"(-\d+)?", suffix)]
    return path.with_name(f"{path.name}-{max(numbers) + 1}") if numbers else path


@contextmanager
def new_directory(path: Path) -> Iterator[Path]:
    """Fill a temporary directory beside `path`, then rename it to `path`.

    After an error nothing is left behind, and an existing directory at `path` stays as it was. On success it
    is replaced. Replacing takes two renames: a process killed between them leaves the old directory under a
    hidden name. Use `next_name` to avoid this.
    """
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
    try:
        with writing(path):
            yield scratch
            for file in scratch.iterdir():
                file.chmod(0o644)  # safetensors and mkdtemp let only the owner read
                sync(file)
            scratch.chmod(0o755)
            sync(scratch)
            _move(scratch, path)
            sync(path.parent)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _move(scratch: Path, path: Path) -> None:
    """Rename the directory `scratch` to `path`, in place of what exists there."""
    if not path.exists():
        os.replace(scratch, path)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{path.name}-old-", dir=path.parent))
    aside = old / path.name
    try:
        os.replace(path, aside)
        os.replace(scratch, path)
    except OSError:
        if aside.exists():
            os.replace(aside, path)
        raise
    finally:
        shutil.rmtree(old, ignore_errors=True)


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A binary file to write. It replaces `path` at the end of the block, unless the block raises an error.

    A link is followed: the file that it points to is replaced. What exists at `path` and is not a regular
    file (a pipe, a terminal, /dev/null) cannot be replaced and is written directly. An error of the system,
    also one inside of the block, is a RunError that names `path`.
    """
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        target = path.resolve()
        if target.exists() and not target.is_file():
            with target.open("wb") as file:
                yield file
            return
        scratch = target.with_name(f".seq2seq-{secrets.token_hex(4)}")
        try:
            with scratch.open("xb") as file:  # after an error, closing it may fail a second time
                yield file
                file.flush()
                os.fsync(file.fileno())
            if target.exists():
                shutil.copymode(target, scratch)
            os.replace(scratch, target)
        finally:
            with suppress(OSError):  # after a success it no longer exists
                scratch.unlink()


def write_text(path: Path, text: str) -> None:
    """Replace a text file atomically. The encoding is UTF-8, line ends are written as they are."""
    # The text may hold a path that is not UTF-8. Its backslash escape is also the right one in JSON.
    write_bytes(path, text.encode("utf-8", "backslashreplace"))


def write_bytes(path: Path, content: bytes) -> None:
    """Replace a file atomically."""
    with replacing(path) as file:
        file.write(content)


def write_json(path: Path, value: Any) -> None:
    """Replace a JSON file atomically."""
    write_text(path, json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def read_json(path: Path, *, error: type[SeqError] = ModelError) -> dict[str, Any]:
    """The object in a JSON file.

    Raises `error`, with the path and the reason, if the file cannot be read or does not hold an object.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as reason:
        raise error(f"{path}: cannot be read ({getattr(reason, 'strerror', None) or reason})") from None
    if not isinstance(value, dict):
        raise error(f"{path}: holds {type(value).__name__}, expected an object")
    return value
