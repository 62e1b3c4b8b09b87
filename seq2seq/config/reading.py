"""Reads settings from TOML recipes, JSON files and plain dictionaries, and writes them as plain values.

An unknown key is an error that names the nearest known one.
"""

from __future__ import annotations

import difflib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from seq2seq.config.settings import Settings
from seq2seq.errors import UsageError

T = TypeVar("T")


def from_dict(kind: type[T], values: Mapping[str, Any], *, where: str, base: T | None = None) -> T:
    """Build the dataclass `kind` from plain `values`; what is missing comes from `base`, else from the
    defaults.

    `where` names the source of the values in errors. Raises UsageError.
    """
    assert is_dataclass(kind)
    if not isinstance(values, Mapping):
        raise UsageError(f"{where}: holds {type(values).__name__}, expected a table of settings")
    known = {f.name for f in fields(kind)}
    hints = get_type_hints(kind)
    changes: dict[str, Any] = {}
    for key, value in values.items():
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; expected one of {', '.join(sorted(known))}"
            raise UsageError(f"{where}: unknown setting {key!r}{hint}")
        if is_dataclass(hints[key]):
            inner = getattr(base, key) if base is not None else None
            if not isinstance(value, Mapping):
                raise UsageError(f"{where}: {key} is {value!r}, expected a table of settings")
            changes[key] = from_dict(hints[key], value, where=f"{where}: {key}", base=inner)
        else:
            changes[key] = _checked(value, hints[key], where=f"{where}: {key}")
    try:
        return replace(base, **changes) if base is not None else kind(**changes)  # type: ignore[type-var]
    except UsageError as error:
        raise UsageError(f"{where}: {error}") from None


def _checked(value: Any, hint: Any, *, where: str) -> Any:
    """`value` converted to the type `hint`: a list becomes a tuple, an int a float. Raises UsageError if it
    does not fit."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        if value not in arguments:
            raise UsageError(f"{where} is {value!r}, expected one of {', '.join(map(repr, arguments))}")
        return value
    if type(None) in arguments:
        if value is None:
            return None
        return _checked(value, arguments[0], where=where)
    if origin is tuple:
        if not isinstance(value, (list, tuple)) or len(value) != len(arguments):
            raise UsageError(f"{where} is {value!r}, expected a list of {len(arguments)}")
        return tuple(_checked(item, kind, where=where) for item, kind in zip(value, arguments, strict=True))
    if hint is float and type(value) is int:
        return float(value)
    if type(value) is not hint:
        raise UsageError(f"{where} is {value!r}, expected a value of type {hint.__name__}")
    return value


def to_dict(settings: Any) -> dict[str, Any]:
    """Plain values of a settings dataclass, ready for JSON."""
    return asdict(settings)


def read_settings(path: Path) -> Settings:
    """Read a recipe (`.toml`) or resolved settings (`.json`)."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not UTF-8 at byte {error.start}") from None
    try:
        values = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # JSONDecodeError and TOMLDecodeError are ValueErrors
        raise UsageError(f"{path}: {error}") from None
    return from_dict(Settings, values, where=str(path))


def recipe_names() -> list[str]:
    """Names of the recipes that come with the package."""
    folder = resources.files("seq2seq.config") / "recipes"
    return sorted(entry.name[: -len(".toml")] for entry in folder.iterdir() if entry.name.endswith(".toml"))


def find_recipe(name_or_file: str) -> Settings:
    """Settings of a recipe by its name, or of a TOML file by its path."""
    path = Path(name_or_file)
    if path.suffix in (".toml", ".json"):
        return read_settings(path)
    if name_or_file not in recipe_names():
        near = difflib.get_close_matches(name_or_file, recipe_names(), n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"expected one of {', '.join(recipe_names())}"
        raise UsageError(f"no recipe is called {name_or_file!r}; {hint}")
    with resources.as_file(resources.files("seq2seq.config") / "recipes" / f"{name_or_file}.toml") as file:
        return read_settings(file)
