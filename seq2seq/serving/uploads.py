"""Files that users send, in a temporary folder of the server's own.

A file comes in pieces, because the server reads no large request. Its name is kept for messages and for the
download only: the file on disk has a name that nobody can guess, and one of the known suffixes.
"""

from __future__ import annotations

import re
import secrets
import threading
import time
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from seq2seq.serving.request import InvalidRequest

PIECE = 48 * 1024
"""Bytes of a piece, at most."""
MAX_TOTAL = 1 << 30  # bytes of all files
MAX_FILES = 500
MAX_AGE = 3600.0  # seconds after which a file is deleted, and what was made of it
_LOOK = 60.0  # seconds between looks for old files
MAX_NAME = 120  # characters
FULL = "The server has no room for more files. Please try again later."
_OPTIONS = re.compile(r" \([^()]*--[a-z][^()]*\)|,? or [^,;()]*--[a-z][\w.-]*")
_UNSAFE = re.compile(r"[^\w .()\[\]-]+")


@dataclass
class Upload:
    """A file that a user sent: where it is, and what the user calls it."""

    path: Path
    name: str
    size: int = 0
    time: float = field(default_factory=time.monotonic)


class Uploads:
    """The files of all users. Each is known by a token."""

    def __init__(self) -> None:
        self._folder = TemporaryDirectory(prefix="seq2seq-page-", ignore_cleanup_errors=True)
        self._files: dict[str, Upload] = {}
        self._lock = threading.Lock()
        self._sweeping = False

    @property
    def folder(self) -> Path:
        """The folder. It is deleted when the process ends."""
        return Path(self._folder.name)

    def begin(self, name: object, suffixes: Collection[str]) -> str:
        """The token of a new file. Raises InvalidRequest unless `name` ends with one of `suffixes`."""
        if not isinstance(name, str) or not 0 < len(name) <= MAX_NAME:
            raise InvalidRequest("name", f"The name of the file has more than {MAX_NAME} characters.")
        name = _UNSAFE.sub("_", re.split(r"[/\\]", name)[-1]).strip()
        suffix = next((one for one in suffixes if name.lower().endswith(one)), None)
        if suffix is None:
            raise InvalidRequest("name", f"The name of the file must end with {', '.join(suffixes)}.")
        token = secrets.token_urlsafe(16)
        with self._lock:
            self.remove_old()
            if len(self._files) >= MAX_FILES:
                raise InvalidRequest("file", FULL)
            self._files[token] = Upload(self.folder / f"{token}{suffix}", name)
            if not self._sweeping:
                self._sweeping = True
                threading.Thread(target=self._sweep, daemon=True).start()
        return token

    def add(self, token: object, at: object, data: bytes, *, limit: int) -> int:
        """Append a piece at the end, byte `at`. Returns the size. Raises InvalidRequest."""
        upload = self.find(token)
        if upload.size + len(data) > limit:
            self.remove(token)
            raise InvalidRequest("file", f"The file is too large: at most {shown_size(limit)} are accepted.")
        if sum(one.size for one in list(self._files.values())) + len(data) > MAX_TOTAL:
            raise InvalidRequest("file", FULL)
        if at != upload.size:
            raise InvalidRequest("at", f"The piece begins at {at!r}, expected {upload.size}.")
        with upload.path.open("ab") as file:
            file.write(data)
        upload.size += len(data)
        return upload.size

    def find(self, token: object) -> Upload:
        """The file with this token. Raises InvalidRequest if there is none."""
        upload = self._files.get(token) if isinstance(token, str) else None
        if upload is None:
            raise InvalidRequest("file", "The file is no longer here. Please choose it again.")
        return upload

    def remove(self, token: object) -> None:
        """Delete a file and what was made of it, if it is there."""
        upload = self._files.pop(token, None) if isinstance(token, str) else None
        if upload is not None:
            for path in self.folder.glob(f"{upload.path.stem}*"):
                path.unlink(missing_ok=True)

    def remove_old(self) -> None:
        """Delete the files that are older than `MAX_AGE`."""
        old = time.monotonic() - MAX_AGE
        for token in [token for token, upload in self._files.items() if upload.time < old]:
            self.remove(token)

    def _sweep(self) -> None:
        """Delete old files until there are none."""
        while self._sweeping:
            time.sleep(_LOOK)
            with self._lock:
                self.remove_old()
                self._sweeping = bool(self._files)


def for_page(message: str, path: Path, name: str) -> str:
    """An error of a command as a user of the page may read it: with the user's `name` of the file at `path`,
    and without the options of the command."""
    return _OPTIONS.sub("", message.replace(str(path), name))


def shown_size(size: float) -> str:
    """Such as "5 MB"."""
    return f"{size / 2**20:.3g} MB" if size >= 2**20 else f"{size / 1024:.3g} KB"
