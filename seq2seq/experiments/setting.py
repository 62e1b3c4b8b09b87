"""A setting of a comparison: a name, what differs from the common settings, and the seeds to train with.

On the command line it is written as "NAME @SEED,SEED: part.key=value, part.key=value".
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from seq2seq.config import Settings, from_dict
from seq2seq.errors import UsageError
from seq2seq.training.run import check

FORM = "expected 'NAME', 'NAME: part.key=value, …' or 'NAME @SEED,SEED: part.key=value'"


@dataclass(frozen=True)
class Setting:
    """One row of the table.

    Attributes:
        name: its name in the table.
        settings: all settings, with the changes.
        changes: what differs from the common settings, a table of tables.
        seeds: the seeds to train with, each in a run of its own.
    """

    name: str
    settings: Settings
    changes: Mapping[str, Any]
    seeds: tuple[int, ...]

    def directory(self, seed: int) -> str:
        """Name of the run directory of one seed."""
        return f"{_directory_name(self.name)}-seed{seed}"


def _directory_name(name: str) -> str:
    return re.sub(r"[^\w.]+", "-", name.lower()).strip("-.")


def parse_settings(texts: Sequence[str], base: Settings, seeds: Sequence[int]) -> list[Setting]:
    """Parse all settings of a comparison, in their order.

    Raises UsageError if there is none, if one is wrong, or if two would share a run directory.
    """
    settings: dict[str, Setting] = {}
    for text in texts:
        setting = parse_setting(text, base, seeds)
        key = _directory_name(setting.name)
        if key in settings:
            raise UsageError(
                f"settings {settings[key].name!r} and {setting.name!r} would share a run directory: "
                "give them names that differ more"
            )
        settings[key] = setting
    if not settings:
        raise UsageError("no setting to train, expected at least one")
    return list(settings.values())


def parse_setting(text: str, base: Settings, seeds: Sequence[int]) -> Setting:
    """Parse a setting such as `lstm @1,2: model.cell=lstm`.

    `base` are the settings that it changes; `seeds` are used if it names none. Raises UsageError.
    """
    head, _, tail = text.partition(":")
    name, at, numbers = (" ".join(part.split()) for part in head.partition("@"))
    if not _directory_name(name) or "=" in name:
        raise UsageError(f"setting {text!r} has no name, {FORM}")
    if at and not re.fullmatch(r"\d+([\s,]+\d+)*", numbers):
        raise UsageError(f"setting {text!r}: the seeds are {numbers!r}, {FORM}")
    own_seeds = tuple(int(number) for number in re.findall(r"\d+", numbers)) or tuple(seeds)
    if len(set(own_seeds)) < len(own_seeds) or not own_seeds:
        raise UsageError(f"setting {text!r}: the seeds are {own_seeds}, expected one or more, each once")
    changes = _parse_changes(tail.strip(), where=f"setting {text!r}")
    settings = from_dict(Settings, changes, where=f"setting {name!r}", base=base)
    try:
        for seed in own_seeds:
            replace(settings.training, seed=seed)  # checks the seed
        check(settings)
    except UsageError as error:
        raise UsageError(f"setting {name!r}: {error}") from None
    return Setting(name, settings, changes, own_seeds)


def _parse_changes(text: str, *, where: str) -> dict[str, dict[str, Any]]:
    """`part.key=value, part.key=value` as a table of tables."""
    changes: dict[str, dict[str, Any]] = {}
    for change in re.split(r"[,\s]+(?=[\w-]+\.[\w-]+\s*=)", text) if text else ():
        key, equals, value = (part.strip() for part in change.partition("="))
        part, dot, option = key.replace("-", "_").partition(".")
        if not equals or not dot:
            raise UsageError(f"{where}: {change!r} is not a change, {FORM}")
        if (part, option) == ("training", "seed"):
            raise UsageError(f"{where}: seeds are written after an @, {FORM}")
        changes.setdefault(part, {})[option] = _parse_value(value)
    return changes


def _parse_value(text: str) -> Any:
    """A number, a truth value or a list, as in JSON. Anything else is a text."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
