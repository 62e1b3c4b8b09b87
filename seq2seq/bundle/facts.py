"""What a person says about a model, read from a TOML file: licence, attribution, data, limits.

`seq2seq export --facts FILE` stores these facts in metrics.json, from which the model card is written. The
keys are the fields of `Facts`; each may be left out:

    title = "English → French, everyday sentences"
    licence = "cc-by-2.0"
    attribution = "The sentences come from Tatoeba."
    [tests]
    "test.tsv" = "2,000 sentences of Tatoeba"
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import date
from pathlib import Path
from typing import Any

from seq2seq.errors import UsageError

_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*")


@dataclass(frozen=True)
class Facts:
    """Facts that no program can know. Texts may be Markdown."""

    title: str = ""
    """Heading of the card."""
    summary: str = ""
    """What the model is, in one or two sentences."""
    name: str = ""
    """What `Translator.from_pretrained` takes in the card's example."""
    licence: str = ""
    """Identifier of the licence, as the Hub lists them: "cc-by-2.0", "apache-2.0"."""
    attribution: str = ""
    """Whose work the data is, and what its licence demands."""
    data: str = ""
    """The training data."""
    datasets: tuple[str, ...] = ()
    """Identifiers of the data sets on the Hub."""
    splits: str = ""
    """How training, validation and test data were separated."""
    recipe: str = ""
    """The command that trained the model."""
    limits: str = ""
    """What the model does badly."""
    date: str = ""
    """Date of the model."""
    tests: Mapping[str, str] = field(default_factory=dict)
    """Description of each test set by the name that its scores are recorded under."""


def read_facts(path: Path) -> Facts:
    """Read a TOML file of facts. Raises UsageError with path, key, value and what was expected."""
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror})") from None
    except ValueError as error:  # not UTF-8, or not TOML: the message says where
        raise UsageError(f"{path}: {error}") from None
    names = [item.name for item in fields(Facts)]
    for key in values.keys() - set(names):
        near = difflib.get_close_matches(key, names, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"expected one of {', '.join(names)}"
        raise UsageError(f"{path}: unknown key {key!r}; {hint}")
    return Facts(**{key: _checked(key, value, where=f"{path}: {key}") for key, value in values.items()})


def facts_dict(facts: Facts) -> dict[str, Any]:
    """The facts that are given, as plain values for JSON."""
    plain = asdict(facts) | {"datasets": list(facts.datasets), "tests": dict(facts.tests)}
    return {key: value for key, value in plain.items() if value}


def _checked(key: str, value: Any, *, where: str) -> Any:
    """`value` in the form that the field `key` has, or a UsageError."""
    if key == "datasets":
        if not isinstance(value, list) or not all(_is_identifier(item) for item in value):
            raise UsageError(f"{where} is {value!r}, expected a list of identifiers such as 'tatoeba'")
        return tuple(value)
    if key == "tests":
        if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
            raise UsageError(f"{where} is {value!r}, expected a table of descriptions")
        return value
    if key == "date" and isinstance(value, date):
        return value.isoformat()
    if not isinstance(value, str):
        raise UsageError(f"{where} is {value!r}, expected a text")
    if key == "licence" and not _is_identifier(value):
        raise UsageError(f"{where} is {value!r}, expected an identifier such as 'cc-by-4.0'")
    return value.strip()


def _is_identifier(value: Any) -> bool:
    return isinstance(value, str) and bool(_IDENTIFIER.fullmatch(value))
