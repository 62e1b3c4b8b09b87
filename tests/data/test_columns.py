"""Choice of the source and the target column by the names in a header."""

from __future__ import annotations

import pytest

from seq2seq.data.columns import choose_columns
from seq2seq.errors import DataError

Pair = tuple[str, str]


@pytest.mark.parametrize(
    ("names", "columns", "languages", "expected"),
    [
        (["a", "b"], ("b", "a"), None, ("b", "a")),
        (["source", "target", "x"], ("x", "source"), None, ("x", "source")),
        (["target", "source"], None, None, ("source", "target")),
        (["id", "Source", "TARGET"], None, ("en", "fr"), ("Source", "TARGET")),
        (["tgt", "src"], None, None, ("src", "tgt")),
        (["fr", "en"], None, None, ("fr", "en")),
        (["fr", "en"], None, ("en", "fr"), ("en", "fr")),
        (["de", "fr", "en"], None, ("en", "fr"), ("en", "fr")),
        (["EN ", "fr_CA"], None, ("en", "fr"), ("EN ", "fr_CA")),
        (["pt-BR", "pt-PT"], None, ("pt-pt", "pt-br"), ("pt-PT", "pt-BR")),
        (["ayr", "es"], None, ("es", "ayr"), ("es", "ayr")),
        (["score", "en", "fr"], None, None, ("en", "fr")),
        (["id", "en", "fr"], None, None, ("en", "fr")),
        (["id", "en"], None, None, ("id", "en")),
        (["Good morning", "Bonjour"], None, ("en", "fr"), None),
        (["pt", "text"], None, ("pt-PT", "pt-BR"), None),
        (["no", "no"], None, None, None),
        (["source", "source"], None, None, None),
        ([], None, None, None),
    ],
)
def test_columns_are_chosen_by_name(
    names: list[str], columns: Pair | None, languages: Pair | None, expected: Pair | None
) -> None:
    assert choose_columns(names, columns=columns, languages=languages, where="t.csv:1") == expected


@pytest.mark.parametrize(
    ("names", "columns", "languages", "message"),
    [
        (["a", "b"], ("a", "c"), None, "0 columns named 'c' found in 'a', 'b'"),
        (["a", "a"], ("a", "b"), None, "2 columns named 'a'"),
        (["A", "b"], ("a", "b"), None, "0 columns named 'a'"),
        (["en", "de"], None, ("en", "fr"), "expected 'en' and 'fr'"),
        (["en-GB", "en-US", "fr"], None, ("en", "fr"), "expected 'en' and 'fr'"),
        (["de", "en", "fr"], None, None, "languages 'de', 'en', 'fr' found"),
    ],
)
def test_ambiguous_or_missing_columns_are_errors(
    names: list[str], columns: Pair | None, languages: Pair | None, message: str
) -> None:
    with pytest.raises(DataError) as caught:
        choose_columns(names, columns=columns, languages=languages, where="t.csv:1")
    assert str(caught.value).startswith("t.csv:1: ")
    assert message in str(caught.value)
