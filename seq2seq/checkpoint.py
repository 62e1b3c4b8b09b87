"""Training state on disk: everything a stopped run needs to go on exactly, in safetensors and JSON.

A checkpoint is a folder `step-N` that appears under its name in one step, with a manifest of SHA-256 sums.
A damaged one is passed over for the one before.
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
from seq2seq.config import ModelError

MANIFEST = "manifest.json"
NAME = re.compile(r"step-(\d+)")


@dataclass(frozen=True)
class Checkpoint:
    """`tensors` by group and name; `state`: plain values."""

    tensors: Mapping[str, Mapping[str, Tensor]]
    state: Mapping[str, Any]


def save(folder: Path, checkpoint: Checkpoint, *, step: int, keep: int) -> Path:
    """Write `folder/step-N` and remove all but the `keep` newest."""
    path = folder / f"step-{step}"
    with files.new_directory(path) as scratch:
        for group, tensors in checkpoint.tensors.items():
            whole = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
            save_file(whole, scratch / f"{group}.safetensors")
        (scratch / "state.json").write_text(json.dumps(checkpoint.state), encoding="utf-8")
        sums = {file.name: files.sha256(file) for file in sorted(scratch.iterdir())}
        (scratch / MANIFEST).write_text(json.dumps(sums), encoding="utf-8")
    for old in steps(folder)[:-keep]:
        shutil.rmtree(folder / f"step-{old}")
    return path


def steps(folder: Path) -> list[int]:
    """The steps at which `folder` holds checkpoints, oldest first; none of them is checked."""
    if not folder.is_dir():
        return []
    return sorted(int(match[1]) for entry in folder.iterdir() if (match := NAME.fullmatch(entry.name)))


def load_newest(folder: Path) -> Checkpoint:
    """The newest sound checkpoint; each damaged one is passed over with a warning."""
    for step in reversed(steps(folder)):
        path = folder / f"step-{step}"
        try:
            return load(path)
        except ModelError as error:
            warnings.warn(f"{error}; going back to the checkpoint before", stacklevel=2)
    raise ModelError(f"{folder}: holds no sound checkpoint to resume from")


def load(path: Path) -> Checkpoint:
    """Read one checkpoint, after its sums were checked."""
    try:
        sums = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
        for name, expected in sums.items():
            if files.sha256(path / name) != expected:
                raise ModelError(f"{path / name}: damaged, its SHA-256 is not the manifest's")
        tensors = {
            name.removesuffix(".safetensors"): load_file(path / name)
            for name in sums
            if name.endswith(".safetensors")
        }
        state = json.loads((path / "state.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, AttributeError, SafetensorError) as error:
        if isinstance(error, ModelError):
            raise
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
