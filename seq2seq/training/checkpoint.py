"""Training state on disk: everything a stopped run needs to go on exactly, in safetensors and JSON.

A checkpoint is a folder `step-N` (`step-N-1` and so on when that name is taken: none is ever replaced) that
appears under its name in one step, with a manifest of SHA-256 sums. A damaged one is passed over for the one
before.
"""

from __future__ import annotations

import json
import re
import shutil
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from seq2seq import files
from seq2seq.errors import ModelError

MANIFEST = "manifest.json"
NAME = re.compile(r"step-(\d+)(?:-(\d+))?")


@dataclass(frozen=True)
class Checkpoint:
    """`tensors` by group and name; `state`: plain values."""

    tensors: Mapping[str, Mapping[str, Tensor]]
    state: Mapping[str, Any]


def save(folder: Path, checkpoint: Checkpoint, *, step: int, keep: int) -> Path:
    """Write a checkpoint into `folder`, where only those of the `keep` last steps stay; returns its path."""
    path = files.next_name(folder / f"step-{step}")
    with files.new_directory(path) as scratch:
        for group, tensors in checkpoint.tensors.items():
            whole = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
            save_file(whole, scratch / f"{group}.safetensors")
        (scratch / "state.json").write_text(json.dumps(checkpoint.state), encoding="utf-8")
        sums = {file.name: files.sha256(file) for file in sorted(scratch.iterdir())}
        (scratch / MANIFEST).write_text(json.dumps(sums), encoding="utf-8")
    _tidy(folder, step=step, keep=keep)
    return path


def _tidy(folder: Path, *, step: int, keep: int) -> None:
    """Remove what kills left, what lies beyond `step` (it was damaged), and all but the `keep` last steps."""
    newest = {of: path for of, path in stored(folder) if of <= step}
    kept = set(list(newest.values())[-keep:])
    for entry in folder.iterdir():
        if entry.name.startswith(".step-") or (NAME.fullmatch(entry.name) and entry not in kept):
            shutil.rmtree(entry, ignore_errors=True)


def stored(folder: Path) -> list[tuple[int, Path]]:
    """(step, path) of all checkpoints of `folder`, oldest first; none of them is checked."""
    if not folder.is_dir():
        return []
    found = [(match, entry) for entry in folder.iterdir() if (match := NAME.fullmatch(entry.name))]
    found.sort(key=lambda item: (int(item[0][1]), int(item[0][2] or 0)))
    return [(int(match[1]), entry) for match, entry in found]


def load_newest(folder: Path) -> Checkpoint:
    """The newest sound checkpoint; each damaged one is passed over with a warning."""
    for _, path in reversed(stored(folder)):
        try:
            return load(path)
        except ModelError as error:
            warnings.warn(f"{error}; going back to the checkpoint before", stacklevel=2)
    raise ModelError(f"{folder}: holds no sound checkpoint to resume from")


def load(path: Path) -> Checkpoint:
    """Read one checkpoint, after its sums were checked."""
    try:
        sums = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
        if missing := {"state.json", *(file.name for file in path.iterdir())} - {MANIFEST, *sums}:
            raise ModelError(f"{path / MANIFEST}: damaged, it has no sum of {', '.join(sorted(missing))}")
        for name, expected in sums.items():
            if files.sha256(path / name) != expected:
                raise ModelError(f"{path / name}: damaged, its SHA-256 is not the manifest's")
        tensors = {
            name.removesuffix(".safetensors"): load_file(path / name)
            for name in sums
            if name.endswith(".safetensors")
        }
        state = json.loads((path / "state.json").read_text(encoding="utf-8"))
    except ModelError:
        raise
    except (OSError, ValueError, TypeError, AttributeError, RecursionError, SafetensorError) as error:
        raise ModelError(f"{path}: not a complete checkpoint ({error})") from None
    return Checkpoint(tensors, state)


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """The state of an optimizer whose state is all tensors, by "index.name"."""
    state = optimizer.state_dict()["state"]
    return {f"{index}.{name}": value for index, entry in state.items() for name, value in entry.items()}


def restore_optimizer(optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """The other way round."""
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        index, name = key.split(".")
        state.setdefault(int(index), {})[name] = value
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
