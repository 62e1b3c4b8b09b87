"""What several subcommands share: how data is named, recipes, and the model that translates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, TypeAlias

import tyro

from seq2seq.config import (
    Settings,
    find_recipe,
)
from seq2seq.devices import use_threads

Paths: TypeAlias = Annotated[tuple[tuple[str, ...], ...], tyro.conf.UseAppendAction]


def recipe_settings(arguments: Sequence[str]) -> tuple[str, Settings]:
    """The recipe that a command line starts from, and its settings: that of `--recipe`, else `default`, or
    `sample` when no data is given."""
    name = given(arguments, "--recipe")
    name = name or ("sample" if given(arguments, "--train") is None else "default")
    return name, find_recipe(name)


def given(arguments: Sequence[str], option: str) -> str | None:
    """The value of `option` on the command line, "" if it stands there without one."""
    for index, argument in enumerate(arguments):
        if argument == option:
            return arguments[index + 1] if index + 1 < len(arguments) else ""
        if argument.startswith(f"{option}="):
            return argument.partition("=")[2]
    return None


def load_translator(options: Any) -> Any:
    """The model that `options` name, with the decoding settings that they give."""
    from seq2seq.translator import Translator

    use_threads(options.threads)
    translator = Translator.from_pretrained(options.model, device=options.device)
    asked = {name: getattr(options, name) for name in ("beam_size", "length_penalty", "batch_size")}
    changes = {name: value for name, value in asked.items() if value is not None}
    if "beam_size" in changes:
        changes["n_best"] = min(translator.decoding.n_best, changes["beam_size"])
    translator.decoding = replace(translator.decoding, **changes)
    return translator
