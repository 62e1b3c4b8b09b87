"""Where a model comes from: a folder, the models inside the package, or the Hugging Face Hub."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from seq2seq import files
from seq2seq.bundle import hub
from seq2seq.bundle.directions import Direction, Directions, config_directions, find_direction
from seq2seq.errors import ModelError

DEFAULT = "en-fr"
BEST = "best.json"
"""In a run directory: the file that names the best model of the run."""


@dataclass(frozen=True)
class Location:
    """A model directory, and the direction asked for if the model was found by its direction."""

    directory: Path
    direction: Direction | None = None


def bundled() -> dict[str, Path]:
    """The models inside the package by the name of their folder."""
    folder = Path(str(resources.files("seq2seq"))) / "models"
    if not folder.is_dir():
        return {}
    return {entry.name: entry for entry in sorted(folder.iterdir()) if (entry / "config.json").exists()}


def locate(name_or_path: str) -> Location:
    """The model that a name stands for, by the first rule that fits.

    1. A folder: a model directory, or a run directory, which stands for its best model.
    2. A direction that a model inside the package translates ("en-fr"). Regions are ignored, and the name of
       the model's folder does not matter.
    3. "OWNER/NAME": a model of the Hugging Face Hub.

    Raises ModelError if none does, or if the folder holds no model.
    """
    path = Path(name_or_path)
    if path.is_dir():
        return Location(_model_in(path))
    models = bundled()
    directions = {name: directions_of(folder) for name, folder in models.items()}
    location = _by_direction(name_or_path, models, directions)
    if location is not None:
        return location
    if name_or_path.count("/") == 1 and not name_or_path.startswith((".", "/")):
        return Location(hub.download(name_or_path))
    names = dict.fromkeys("-".join(pair) for pairs in directions.values() for pair in pairs)
    raise ModelError(
        f"{name_or_path}: no such folder, and no bundled model translates this direction "
        f"(bundled: {', '.join(names) or 'none'})"
    )


def _by_direction(
    name: str, models: Mapping[str, Path], directions: Mapping[str, Directions]
) -> Location | None:
    """The model inside the package that translates the direction `name`. One whose folder has that name comes
    first."""
    for model in sorted(models, key=lambda model: model != name):
        direction = find_direction(directions[model], name)
        if direction is not None:
            return Location(models[model], direction)
    return Location(models[name]) if name in models else None


def directions_of(directory: Path) -> Directions:
    """The directions of a model directory, read from its config.json alone. Raises ModelError if it cannot
    be read."""
    return config_directions(files.read_json(directory / "config.json"), where=f"{directory}/config.json")


def _model_in(path: Path) -> Path:
    """The model directory that the folder `path` stands for."""
    directory = resolve(path)
    if (directory / "config.json").exists():
        return directory
    if (path / "training.json").exists():
        raise ModelError(f"{path}: this run has kept no model yet; it keeps one at its first validation")
    raise ModelError(f"{path}: holds no config.json and no {BEST}, expected a model or a run directory")


def resolve(path: Path) -> Path:
    """`path` itself, or the best model of the run directory `path`.

    Raises ModelError if the pointer of the run cannot be read, or points to no folder inside the run.
    """
    pointer = path / BEST
    if not pointer.exists():
        return path
    name = files.read_json(pointer).get("bundle")
    if not isinstance(name, str):
        raise ModelError(f"{pointer}: bundle is {name!r}, expected the path of a folder inside the run")
    try:
        target = (path / name).resolve()
    except (OSError, ValueError, RuntimeError) as error:  # a path that no system can have
        raise ModelError(f"{pointer}: bundle is {name!r}, which is no path ({error})") from None
    if not target.is_relative_to(path.resolve()):
        raise ModelError(f"{pointer}: points out of its run directory")
    if not target.is_dir():
        raise ModelError(f"{pointer}: points to {name}, which does not exist")
    return target


def successor(directory: Path) -> Path | None:
    """The best model of a run, if it has taken the place of its model `directory` meanwhile; else None."""
    run, whole = directory.parent.parent, ("config.json", "model.safetensors")
    if all((directory / name).exists() for name in whole) or not (run / BEST).exists():
        return None
    newer = resolve(run)
    return newer if newer != directory else None
