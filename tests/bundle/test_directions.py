"""Directions: read from config.json, found by name, and the target language found in them."""

from __future__ import annotations

from typing import Any

import pytest

from seq2seq.bundle.directions import (
    Direction,
    Directions,
    config_directions,
    direction_names,
    find_direction,
    find_target,
    one_direction,
)
from seq2seq.errors import ModelError, UsageError

PORTUGUESE = (("en", "pt-BR"), ("en", "pt-PT"))


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"directions": [["en", "fr"], ["fr", "en"]]}, (("en", "fr"), ("fr", "en"))),
        ({"directions": [["en", "fr"]], "source_language": "x", "target_language": "y"}, (("en", "fr"),)),
        ({"directions": []}, ()),
        ({"source_language": "en", "target_language": "fr"}, (("en", "fr"),)),
        ({"source_language": "", "target_language": ""}, ()),
        ({"source_language": "en", "target_language": ""}, (("en", ""),)),
        ({}, ()),
    ],
)
def test_directions_of_a_config(config: dict[str, Any], expected: Directions) -> None:
    assert config_directions(config, where="config.json") == expected


@pytest.mark.parametrize(
    "value", [None, "en-fr", {}, ["en", "fr"], [["en"]], [["en", 5]], [["en", "fr", "de"]], [["a", "b"]] * 2]
)
def test_other_values_of_directions_are_refused(value: Any) -> None:
    with pytest.raises(ModelError, match=r"^config\.json: directions is .*, expected "):
        config_directions({"directions": value}, where="config.json")


@pytest.mark.parametrize(
    ("directions", "name", "expected"),
    [
        ((("en", "fr"),), "en-fr", ("en", "fr")),
        ((("en", "fr"),), "EN-fr", ("en", "fr")),
        ((("en", "fr"),), "en-GB-fr-CA", ("en", "fr")),
        ((("en-GB", "fr"),), "en-fr", ("en-GB", "fr")),
        ((("en", "es"),), "en-es-419", ("en", "es")),
        ((("en", "fr"),), "eng-fra", ("en", "fr")),
        ((("zh-Hant", "en"),), "zh-Hant-TW-en", ("zh-Hant", "en")),
        ((("en", "fr"), ("fr", "en")), "fr-en", ("fr", "en")),
        (PORTUGUESE, "en-pt-PT", ("en", "pt-PT")),
        (PORTUGUESE, "en-pt", None),  # which of the two is not said
        ((("zh-Hant", "en"),), "zh-en", None),  # a script is no region
        ((("en", "fr"),), "fr-en", None),
        ((("en", "fr"),), "en-fr-v2", None),
        ((("en", "fr"),), "en-fr-small", None),
        ((("en", "fr"),), "enfr", None),
        ((("en", ""),), "en-", None),
        ((), "en-fr", None),
    ],
)
def test_a_direction_is_found_by_its_name_without_regions(
    directions: Directions, name: str, expected: Direction | None
) -> None:
    assert find_direction(directions, name) == expected


@pytest.mark.parametrize(
    ("directions", "language", "expected"),
    [
        ((("en", "fr"), ("en", "de")), "de", "de"),
        ((("en", "fr"), ("en", "de")), "FR", "fr"),
        ((("en", "fr"), ("en", "de")), "fr-CA", "fr"),
        ((("de", "en"), ("fr", "en")), "en", "en"),
        (PORTUGUESE, "pt-pt", "pt-PT"),
        (PORTUGUESE, "pt_PT", "pt-PT"),
        ((("en", "pt-BR"), ("de", "pt-br")), "pt-br", "pt-br"),
        ((("en", "pt-BR"), ("de", "pt-br")), "pt-BR", "pt-BR"),
        ((("en", "de"), ("en", "deu")), "deu", "deu"),
    ],
)
def test_a_target_language_is_found(directions: Directions, language: str, expected: str) -> None:
    assert find_target(directions, language) == expected


@pytest.mark.parametrize(
    ("directions", "language", "listed"),
    [
        ((("en", "fr"), ("en", "de")), "en", "en-fr, en-de"),
        (PORTUGUESE, "pt", "en-pt-BR, en-pt-PT"),
        ((), "fr", "none"),
    ],
)
def test_an_unknown_target_language_is_an_error_that_lists_the_directions(
    directions: Directions, language: str, listed: str
) -> None:
    with pytest.raises(UsageError, match=rf"target_language is '{language}', .* \(directions: {listed}\)$"):
        find_target(directions, language)


def test_names_show_unknown_languages() -> None:
    assert direction_names((("en", "fr"), ("en", ""))) == "en-fr, en-?"
    assert one_direction("", "fr") == (("", "fr"),) and one_direction("", "") == ()
