"""Checksums of the files of a model directory, stored in its config.json.

The entry `sha256` holds the SHA-256 of the weights, the tokenizers and the word lists, by file name. The
files that commands and people change later, config.json, metrics.json and README.md, have none. Models that
were made before there were checksums have no entry and are not checked. The folder onnx/ has its own (see
`onnx_files`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from seq2seq import files
from seq2seq.errors import ModelError

ENTRY = "sha256"


def checksums(directory: Path, names: Iterable[str]) -> dict[str, str]:
    """The SHA-256, hexadecimal, of those of the files `names` that exist in `directory`."""
    return {name: files.sha256(directory / name) for name in names if (directory / name).is_file()}


def check_files(directory: Path, config: Mapping[str, Any], names: Iterable[str]) -> None:
    """Compare the files `names` in `directory` with their checksums in `config`, the content of config.json.

    A file without a checksum is not checked. Raises ModelError with the name of a file that differs or is
    missing, and for an entry that is no table of texts.
    """
    stored = config.get(ENTRY, {})
    if not isinstance(stored, dict) or not all(isinstance(value, str) for value in stored.values()):
        found = f"{stored!r:.60}"
        raise ModelError(f"{directory}/config.json: {ENTRY} is {found}, expected a SHA-256 for each file")
    for name in names:
        if name not in stored:
            continue
        path = directory / name
        try:
            found = files.sha256(path)
        except OSError as error:
            raise ModelError(f"{path}: cannot be read ({error.strerror or error})") from None
        if found != stored[name].lower():
            raise ModelError(
                f"{path}: is damaged or was changed: its SHA-256 is {found:.12}…, expected "
                f"{stored[name]:.12}… as in config.json"
            )
