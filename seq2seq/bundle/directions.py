"""The language pairs that a model translates, its directions: for example ("en", "fr").

A language is a tag such as `fr`, `pt-BR` or `zh-Hant`. It is "" when the training was not told the language.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from seq2seq.errors import ModelError, UsageError
from seq2seq.pairs import Direction
from seq2seq.text.languages import language_code, normalize_tag

Directions = tuple[Direction, ...]

_TAG = re.compile(r"(?P<language>[a-z]{2,3})(-(?P<script>[a-z]{4}))?(-([a-z]{2}|\d{3}))?")


def direction_name(direction: Direction) -> str:
    """The name of a direction, for example "en-fr"; "?" stands for an unknown language."""
    return "-".join(language or "?" for language in direction)


def direction_names(directions: Directions) -> str:
    """The names of `directions` in one line, for messages."""
    return ", ".join(map(direction_name, directions)) or "none"


def one_direction(source: str, target: str) -> Directions:
    """The directions of a model with one language pair. There are none if both languages are unknown."""
    return ((source, target),) if source or target else ()


def config_directions(config: Mapping[str, Any], *, where: str) -> Directions:
    """The directions in the content of config.json. Models that were made before `directions` existed have
    `source_language` and `target_language` instead."""
    if "directions" in config:
        return _read_directions(config["directions"], where=where)
    return one_direction(str(config.get("source_language", "")), str(config.get("target_language", "")))


def _read_directions(value: Any, *, where: str) -> Directions:
    """Directions from JSON, a list of pairs of strings. Raises ModelError with `where` for anything else."""
    if not isinstance(value, list) or not all(map(_is_pair, value)):
        raise ModelError(f"{where}: directions is {value!r}, expected pairs such as [['en', 'fr']]")
    directions = tuple((source, target) for source, target in value)
    if len(set(directions)) < len(directions):
        raise ModelError(f"{where}: directions is {value!r}, expected each pair once")
    return directions


def _is_pair(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(isinstance(item, str) for item in value)


def find_direction(directions: Directions, name: str) -> Direction | None:
    """The direction called `name` ("en-fr"), or None.

    The same name comes first. Otherwise regions are ignored ("en-GB-fr" and "en-fr-CA" are "en-fr"), if
    exactly one direction fits.
    """
    for direction in directions:
        if direction_name(direction).lower() == name.lower():
            return direction
    pairs = [(name[: dash.start()], name[dash.end() :]) for dash in re.finditer("-", name)]
    similar = [
        direction
        for direction in directions
        if any(_similar(pair[0], direction[0]) and _similar(pair[1], direction[1]) for pair in pairs)
    ]
    return similar[0] if len(similar) == 1 else None


def find_target(directions: Directions, language: str) -> str:
    """The target language of `directions` that `language` means: the same text, else the same tag, else the
    same language.

    Raises UsageError with the directions if there is none, or if several differ only by region.
    """
    targets = list(dict.fromkeys(target for _, target in directions))
    same = [target for target in targets if target == language]
    same = same or [target for target in targets if normalize_tag(target) == normalize_tag(language)]
    similar = same or [target for target in targets if _similar(target, language)]
    if len(similar) != 1:
        raise UsageError(
            f"target_language is {language!r}, expected a target language of the model "
            f"(directions: {direction_names(directions)})"
        )
    return similar[0]


def _similar(one: str, other: str) -> bool:
    """Whether two tags are equal when their regions are ignored: `pt`, `pt-BR`, `PT_br` and `por` are."""
    first, second = (_TAG.fullmatch(normalize_tag(tag)) for tag in (one, other))
    return (
        first is not None
        and second is not None
        and language_code(first["language"]) == language_code(second["language"])
        and first["script"] == second["script"]
    )
