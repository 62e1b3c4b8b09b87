"""Reads settings from TOML recipes, JSON files and plain dictionaries, and writes them as plain values.

An unknown key is an error that names the nearest known one.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields, is_dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from seq2seq.config.settings import Settings
from seq2seq.errors import UsageError
from seq2seq.files import read_json

T = TypeVar("T")


def from_dict(kind: type[T], values: Mapping[str, Any], *, where: str, base: T | None = None) -> T:
    """Build the dataclass `kind` from plain values.

    Missing values come from `base`, else from the defaults. `where` names the source of the values in errors.
    Raises UsageError for an unknown key, and for a value of the wrong type or out of range.
    """
    assert is_dataclass(kind)
    if not isinstance(values, Mapping):
        raise UsageError(f"{where}: holds {type(values).__name__}, expected a table of settings")
    names = {field.name for field in fields(kind)}
    hints = get_type_hints(kind)
    changes: dict[str, Any] = {}
    for key, value in values.items():
        if key not in names:
            raise UsageError(f"{where}: unknown setting {key!r}; {_hint(key, names)}")
        if not is_dataclass(hints[key]):
            changes[key] = _converted(value, hints[key])
            continue
        if not isinstance(value, Mapping):
            raise UsageError(f"{where}: {key} is {value!r}, expected a table of settings")
        part = None if base is None else getattr(base, key)
        changes[key] = from_dict(hints[key], value, where=f"{where}: {key}", base=part)
    try:
        return replace(base, **changes) if base is not None else kind(**changes)  # type: ignore[type-var]
    except UsageError as error:
        raise UsageError(_located(str(error), where)) from None


def _converted(value: Any, hint: Any) -> Any:
    """A list as a tuple, and a whole number as a float, where the type hint asks for it."""
    if isinstance(value, list) and tuple in (get_origin(hint), *map(get_origin, get_args(hint))):
        return tuple(value)
    return float(value) if hint is float and type(value) is int and abs(value) < 2**53 else value


def _located(message: str, where: str) -> str:
    """`message` after `where`, whose last part is left out if the message begins with it."""
    outer, _, part = where.rpartition(": ")
    return f"{outer}: {message}" if outer and message.startswith(f"{part}.") else f"{where}: {message}"


def _hint(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"expected one of {', '.join(sorted(known))}"


def to_dict(settings: Any) -> dict[str, Any]:
    """Plain values of a settings dataclass, ready for JSON."""
    return asdict(settings)


def read_settings(path: Path) -> Settings:
    """Read a recipe (`.toml`), or the settings of a run (`.json`).

    Raises UsageError, with the path and the reason, for a file that cannot be read and for wrong settings.
    """
    values = read_json(path, error=UsageError) if path.suffix == ".json" else _read_toml(path)
    return from_dict(Settings, values, where=str(path))


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))  # editors of Windows write a mark
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not UTF-8 at byte {error.start}") from None
    except (ValueError, RecursionError) as error:  # a TOMLDecodeError is a ValueError
        raise UsageError(f"{path}: {error}") from None


def recipe_names() -> list[str]:
    """Names of the recipes that come with the package."""
    folder = resources.files("seq2seq.config") / "recipes"
    return sorted(entry.name[: -len(".toml")] for entry in folder.iterdir() if entry.name.endswith(".toml"))


def find_recipe(name_or_file: str) -> Settings:
    """The settings of a recipe, by its name or by the path of a TOML or JSON file.

    Raises UsageError if there is no such recipe, or if its file is wrong.
    """
    path = Path(name_or_file)
    if path.suffix in (".toml", ".json"):
        return read_settings(path)
    names = recipe_names()
    if name_or_file not in names:
        raise UsageError(f"no recipe is called {name_or_file!r}; {_hint(name_or_file, names)}")
    with resources.as_file(resources.files("seq2seq.config") / "recipes" / f"{name_or_file}.toml") as file:
        return read_settings(file)
