"""Parts of the documentation that are generated from the code when mkdocs builds the site.

A page asks for one with a comment on a line of its own:

    <!-- generate: commands -->           the table of all commands
    <!-- generate: help -->               what `--help` prints for each command and subcommand
    <!-- generate: settings PART -->      the settings of PART (model, data, training or decoding)
    <!-- generate: recipes -->            the recipes that come with the package

An unknown request is an error, so that `mkdocs build` fails.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import MISSING, Field, fields
from importlib import resources
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # the checkout, also without installing it

REQUEST = re.compile(r"^<!-- generate: (\w+)(?: ([\w -]+))? -->$", re.MULTILINE)
PARTS = ("model", "data", "training", "decoding")


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Called by mkdocs for each page: replace the requests by what they ask for."""
    return REQUEST.sub(lambda match: GENERATORS[match[1]](match[2] or ""), markdown)


def commands(_: str) -> str:
    """A table of all commands, with a line about each."""
    from seq2seq.cli.main import COMMANDS

    rows = [f"| [`seq2seq {name}`](#{name}) | {line} |" for name, (_, line) in COMMANDS.items()]
    return "\n".join(["| command | what it does |", "|---|---|", *rows])


def all_help(_: str) -> str:
    """A section for each command with what its `--help` prints, and for commands such as `data` each of
    theirs."""
    from seq2seq.cli.main import COMMANDS

    sections = []
    for name in COMMANDS:
        printed = printed_help(name)
        sections.append(f"## {name}\n\n```text\n{printed}\n```")
        for inner in re.findall(r"(?m)^│ +• ([a-z]+) {2,}\S", printed.partition("subcommands")[2]):
            sections.append(f"### {name} {inner}\n\n```text\n{printed_help(f'{name} {inner}')}\n```")
    return "\n\n".join(sections)


def printed_help(command: str) -> str:
    """What `--help` prints for a command, without the settings: they have a page of their own."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", "NO_COLOR": "1"}
    printed = subprocess.run(
        [sys.executable, "-m", "seq2seq", *command.split(), "--help"],
        env={**environment, "COLUMNS": "80"},
        capture_output=True,
        encoding="utf-8",
        check=True,
    ).stdout
    boxes = re.split(r"(?m)^(?=╭)", printed)
    settings = re.compile(rf"╭─ ({'|'.join(PARTS)}) options ")
    return "".join(box for box in boxes if not settings.match(box)).rstrip()


def settings(part: str) -> str:
    """A table of the settings of a part: name, default, values, and the docstring below the field."""
    from seq2seq.cli.help_texts import field_docs
    from seq2seq.config import Settings

    kind = get_type_hints(Settings)[part]
    hints = get_type_hints(kind)
    meanings = {name: text.replace("|", r"\|") for name, text in field_docs(kind).items()}
    rows = [
        f"| `{field.name}` | {_default(field)} | {_values(hints[field.name])} | {meanings[field.name]} |"
        for field in fields(kind)
    ]
    return "\n".join(["| setting | default | values | meaning |", "|---|---|---|---|", *rows])


def _default(field: Field[Any]) -> str:
    assert field.default is not MISSING, field.name
    value = field.default
    return f"`{str(value).lower() if isinstance(value, bool) else value}`" if value is not None else "none"


def _values(hint: Any) -> str:
    if get_origin(hint) is Literal:
        return " ".join(f"`{value}`" for value in get_args(hint))
    names = {int: "whole number", float: "number", bool: "`true` `false`", str: "text"}
    return names.get(hint, "two names" if get_args(hint) else str(hint))


def recipes(_: str) -> str:
    """A table of the recipes, with the first sentence of the comment that each begins with."""
    from seq2seq.config import recipe_names

    rows = []
    for name in recipe_names():
        text = (resources.files("seq2seq.config") / "recipes" / f"{name}.toml").read_text(encoding="utf-8")
        comment = " ".join(line[1:].strip() for line in text.split("\n[")[0].split("\n") if line[:1] == "#")
        rows.append(f"| `{name}` | {re.split(r'(?<=[.])(?: |$)', comment)[0]} |")
    return "\n".join(["| recipe | what it is |", "|---|---|", *rows])


GENERATORS: dict[str, Callable[[str], str]] = {
    "commands": commands,
    "help": all_help,
    "settings": settings,
    "recipes": recipes,
}
