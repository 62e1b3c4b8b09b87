"""Checkpoints: everything a stopped run needs to go on exactly, in safetensors and JSON.

A checkpoint is a folder `step-N` (`step-N-1` and so on if that name is taken: none is ever replaced), which
appears under its name in one step:

NAME.safetensors  a group of tensors: model, optimizer, average, random
state.json        plain values
manifest.json     the SHA-256 of every other file

A damaged checkpoint is skipped in favour of the one before.
"""

from __future__ import annotations

import json
import re
import shutil
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from seq2seq import files
from seq2seq.errors import ModelError

MANIFEST, STATE = "manifest.json", "state.json"
NAME = re.compile(r"step-(\d+)(?:-(\d+))?")
GOOD = "good"
"""Key in the state: whether a diverged training may go back to the checkpoint. True if it is absent."""


@dataclass(frozen=True)
class Checkpoint:
    """`tensors` by group and name; `state`: plain values, ready for JSON; `path`: where it was read from."""

    tensors: Mapping[str, Mapping[str, Tensor]]
    state: Mapping[str, Any]
    path: Path | None = None

    @property
    def is_good(self) -> bool:
        """Whether a diverged training may go back to it."""
        return self.state.get(GOOD, True) is True


def save(folder: Path, checkpoint: Checkpoint, *, step: int, keep: int) -> Path:
    """Write the checkpoint of `step` into `folder`; returns its path.

    Those of the `keep` last steps stay, and the newest one to which a diverged training may go back. All
    others are removed. Raises RunError if the system cannot write it.
    """
    path = files.next_name(folder / f"step-{step}")
    with files.new_directory(path) as scratch:
        for group, tensors in checkpoint.tensors.items():
            on_cpu = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
            save_file(on_cpu, scratch / f"{group}.safetensors")
        (scratch / STATE).write_text(json.dumps(checkpoint.state), encoding="utf-8")
        sums = {file.name: files.sha256(file) for file in sorted(scratch.iterdir())}
        (scratch / MANIFEST).write_text(json.dumps(sums), encoding="utf-8")
    _remove_old(folder, step=step, keep=keep)
    return path


def _remove_old(folder: Path, *, step: int, keep: int) -> None:
    """Remove what is not kept: also what killed processes left, and checkpoints beyond `step`, which were
    damaged or belong to a training that has diverged since."""
    newest = {number: path for number, path in stored(folder) if number <= step}
    kept = set(list(newest.values())[-keep:])
    kept.update([path for path in newest.values() if _is_good(path)][-1:])
    for entry in folder.iterdir():
        if entry.name.startswith(".step-") or (NAME.fullmatch(entry.name) and entry not in kept):
            shutil.rmtree(entry, ignore_errors=True)


def _is_good(path: Path) -> bool:
    try:
        return Checkpoint({}, files.read_json(path / STATE)).is_good
    except ModelError:
        return False


def stored(folder: Path) -> list[tuple[int, Path]]:
    """(step, path) of all checkpoints in `folder`, oldest first. They may be damaged."""
    if not folder.is_dir():
        return []
    matches = [(match, entry) for entry in folder.iterdir() if (match := NAME.fullmatch(entry.name))]
    matches.sort(key=lambda item: (int(item[0][1]), int(item[0][2] or 0)))
    return [(int(match[1]), entry) for match, entry in matches]


def load_newest(folder: Path) -> Checkpoint:
    """The newest checkpoint that is not damaged. ModelError if there is none."""
    for checkpoint in _undamaged(folder):
        return checkpoint
    raise ModelError(f"{folder}: holds no sound checkpoint to resume from")


def load_newest_good(folder: Path) -> Checkpoint | None:
    """The newest undamaged checkpoint to which a diverged training may go back, or None."""
    return next((checkpoint for checkpoint in _undamaged(folder) if checkpoint.is_good), None)


def remove_after(folder: Path, checkpoint: Checkpoint | None) -> None:
    """Remove all checkpoints that are newer than `checkpoint`; with None, all."""
    for _, path in reversed(stored(folder)):
        if checkpoint is not None and path == checkpoint.path:
            break
        shutil.rmtree(path, ignore_errors=True)


def _undamaged(folder: Path) -> Iterator[Checkpoint]:
    """Checkpoints from the newest to the oldest; a warning for each damaged one."""
    for _, path in reversed(stored(folder)):
        try:
            yield load(path)
        except ModelError as error:
            warnings.warn(f"{error}; going back to the checkpoint before", stacklevel=2)


def load(path: Path) -> Checkpoint:
    """Read one checkpoint. Raises ModelError if it is incomplete or a file differs from its SHA-256."""
    sums = files.read_json(path / MANIFEST)
    try:
        if missing := {STATE, *(file.name for file in path.iterdir())} - {MANIFEST, *sums}:
            raise ModelError(f"{path / MANIFEST}: damaged, it has no sum of {', '.join(sorted(missing))}")
        for name, expected in sums.items():
            if files.sha256(path / name) != expected:
                raise ModelError(f"{path / name}: damaged, its SHA-256 is not the manifest's")
        tensors = {
            name.removesuffix(".safetensors"): load_file(path / name)
            for name in sums
            if name.endswith(".safetensors")
        }
    except (OSError, ValueError, SafetensorError) as error:
        if isinstance(error, ModelError):
            raise
        raise ModelError(f"{path}: not a complete checkpoint ({error})") from None
    return Checkpoint(tensors, files.read_json(path / STATE), path)


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """The state of an optimizer whose state is all tensors, by "parameter number.name"."""
    state = optimizer.state_dict()["state"]
    return {f"{number}.{name}": value for number, entry in state.items() for name, value in entry.items()}


def restore_optimizer(optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Set the state of an optimizer to what `optimizer_tensors` returned."""
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        number, name = key.split(".")
        state.setdefault(int(number), {})[name] = value
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
