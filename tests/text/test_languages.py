"""Language tags: spelling, equality, names."""

from __future__ import annotations

import pytest

from seq2seq.text.languages import (
    CODES,
    is_language_tag,
    language_code,
    language_name,
    normalize_tag,
    primary_subtag,
    same_language,
)


@pytest.mark.parametrize(
    ("tag", "normal", "primary", "code"),
    [
        ("fr", "fr", "fr", "fr"),
        (" PT_br ", "pt-br", "pt", "pt"),
        ("zh-Hant-TW", "zh-hant-tw", "zh", "zh"),
        ("zho_Hans", "zho-hans", "zho", "zh"),
        ("chi", "chi", "chi", "zh"),
        ("cmn", "cmn", "cmn", "zh"),
        ("yue", "yue", "yue", "yue"),  # Cantonese is not Mandarin
        ("GER", "ger", "ger", "de"),
        ("bur", "bur", "bur", "my"),
        ("tlh", "tlh", "tlh", "tlh"),  # not in the table
        ("", "", "", ""),
    ],
)
def test_tags_by_hand(tag: str, normal: str, primary: str, code: str) -> None:
    assert (normalize_tag(tag), primary_subtag(tag), language_code(tag)) == (normal, primary, code)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("pt", "PT_br", True),
        ("pt-PT", "pt-BR", True),
        ("zho_Hant", "zh-CN", True),
        ("eng", "en-GB", True),
        ("pt", "es", False),
        ("zh", "yue", False),
        ("fr", "fry", False),
    ],
)
def test_same_language_ignores_regions_and_spelling(one: str, other: str, same: bool) -> None:
    assert same_language(one, other) is same_language(other, one) is same


@pytest.mark.parametrize(
    ("tag", "name"),
    [
        ("en", "English"),
        ("pt-BR", "Portuguese"),
        ("deu", "German"),
        ("EO", "Esperanto"),
        ("tlh", "tlh"),
        ("", "?"),
    ],
)
def test_names(tag: str, name: str) -> None:
    assert language_name(tag) == name


@pytest.mark.parametrize("text", ["en", "de", "por", "pt-BR", "zh_Hant", "zz"])
def test_endings_that_name_a_language(text: str) -> None:
    assert is_language_tag(text)


@pytest.mark.parametrize("text", ["", "e", "EN", "txt", "src", "tok", "data", "en-", "en.de"])
def test_endings_that_name_no_language(text: str) -> None:
    assert not is_language_tag(text)


def test_all_two_letter_codes_are_there() -> None:
    assert len(CODES) == 183  # as many as ISO 639-1 has
    assert {"en", "zh", "fr", "zu", "aa"} <= CODES
