"""shortlist.safetensors: the table of likely pieces of a model (see `engines.shortlist`), as whole numbers.

Each array of `Shortlist` is a tensor of its name: `offsets` int32, the others uint16, or int32 if the
vocabulary has more than 65,536 pieces.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from seq2seq import files
from seq2seq.bundle.checksums import ENTRY, checksums
from seq2seq.engines.shortlist import Shortlist
from seq2seq.errors import ModelError

SHORTLIST = "shortlist.safetensors"
_NAMES = ("symbols", "usual", "frequent", "pieces", "offsets")


def save_shortlist(path: Path, table: Shortlist) -> None:
    """Write `table` to the file `path`."""
    tensors = {name: _small(values) for name, values in asdict(table).items() if name != "offsets"}
    save_file(tensors | {"offsets": table.offsets.astype(np.int32)}, path)


def _small(values: np.ndarray) -> np.ndarray:
    return values.astype(np.uint16 if values.max(initial=0) < 2**16 else np.int32)


def load_shortlist(path: Path, source_pieces: int, target_pieces: int) -> Shortlist | None:
    """The table in the file `path`, for vocabularies of these sizes; None if there is no file.

    Raises ModelError with the file if it cannot be read or does not fit.
    """
    if not path.exists():
        return None
    try:
        tensors = load_file(path)
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{path}: cannot be read ({error})") from None
    if set(tensors) != set(_NAMES) or any(part.ndim != 1 for part in tensors.values()):
        raise ModelError(f"{path}: holds {sorted(tensors)}, expected the lists {', '.join(_NAMES)}")
    arrays = {name: tensors[name].astype(np.int64) for name in _NAMES}
    *lists, offsets = arrays.values()
    for name, values in zip(_NAMES, lists, strict=False):
        if len(values) and not 0 <= values.min() <= values.max() < target_pieces:
            raise ModelError(f"{path}: {name} has numbers beyond the {target_pieces} target pieces")
    ends = len(offsets) == source_pieces + 1 and offsets[0] == 0 and offsets[-1] == len(arrays["pieces"])
    if not ends or (np.diff(offsets) < 0).any():
        raise ModelError(f"{path}: offsets do not fit {source_pieces} source pieces")
    return Shortlist(**arrays)


def add_shortlist(directory: Path, table: Shortlist) -> None:
    """Write `table` into the model `directory`, with its checksum; nothing else changes.

    Raises ModelError if config.json cannot be read, RunError if a file cannot be written.
    """
    config = files.read_json(directory / "config.json")
    with files.writing(directory):
        save_shortlist(directory / SHORTLIST, table)
    sums = {**config.get(ENTRY, {}), **checksums(directory, [SHORTLIST])}
    files.write_json(directory / "config.json", config | {ENTRY: sums})
