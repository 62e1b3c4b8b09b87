"""Invented words, against what a reader of the sentences would mark."""

from __future__ import annotations

import pytest

from seq2seq.evaluation.invented_words import invented_rate, invented_words, known_words, words

CORPUS = [
    "L'amour n'est pas aujourd'hui.",
    "Qu'y a-t-il ? J'ai vu un arc-en-ciel à l’école.",
    "Il est né à Paris, et le cœur d'ÉMILE bat.",
]
KNOWN = known_words(CORPUS)


@pytest.mark.parametrize(
    ("text", "source", "expected"),
    [
        ("", "", []),
        ("Il est né.", "He was born.", []),
        ("Mon nom est chouvant.", "my name is Thibodeaux.", ["mon", "nom", "chouvant"]),
        ("L'informette est l’attomple", "", ["informette", "attomple"]),
        ("D'amour, qu'il n'est pas l'école", "", []),  # elisions of words that the corpus has
        ("un arc-en-plomp", "", ["plomp"]),
        ("AUJOURD'HUI À PARIS", "", []),
        ("émile et Émile et e\u0301mile et E\u0301MILE", "", []),  # composed and decomposed accents
        ("Cœur, CŒUR, coeur", "", ["coeur"]),
        ("Thibodeaux est né", "Thibodeaux was born", []),
        ("thibodeaux est né", "“Thibodeaux's” friend", []),
        ("Thibodeau est né", "Thibodeaux was born", ["thibodeau"]),  # a part of a word is not the word
        ("Il a 19,99 et 3D et 2e et B2B", "", []),
        ("Il a 12345, ½ et x²", "", []),
        ("Il est שלום et 你好 et Москва", "", []),
        ("Il est naïvplöt", "", ["naïvplöt"]),
        ("Il est pаs", "", []),  # with a Cyrillic letter
        ("plomp Plomp PLOMP", "", ["plomp", "plomp", "plomp"]),
        ("file_plomp.txt", "see file_plomp.txt", []),
        ("😀 — … « Paris » !", "", []),
    ],
)
def test_the_words_that_count(text: str, source: str, expected: list[str]) -> None:
    assert invented_words(text, known=KNOWN, source=source) == expected


def test_no_sentence_of_the_corpus_has_invented_words() -> None:
    assert [invented_words(line, known=KNOWN, source="") for line in CORPUS] == [[], [], []]


def test_words_end_at_apostrophes_and_hyphens() -> None:
    assert words("L'arc-en-ciel, ‘Qu’il’ d_e 3D!") == ["l", "arc", "en", "ciel", "qu", "il", "d", "e", "3d"]


def test_another_alphabet() -> None:
    greek = frozenset("αβγδεζηθικλμνξοπρσςτυφχψω")
    assert invented_words("και μπλομπ", known={"και"}, source="", letters=greek) == ["μπλομπ"]


def test_the_rate_is_per_thousand_words_of_output() -> None:
    """2 invented words (plomp, chouvant) of 8; Thibodeaux is copied."""
    translations = ["Il est plomp.", "Thibodeaux est né.", "", "chouvant à"]
    sources = ["He is.", "Thibodeaux was born.", "", "to"]
    assert invented_rate(translations, known=KNOWN, sources=sources) == pytest.approx(250)
    assert invented_rate([], known=KNOWN, sources=[]) == 0
    assert invented_rate(["", "…"], known=KNOWN, sources=["", ""]) == 0
    with pytest.raises(ValueError, match="zip"):
        invented_rate(["Il est."], known=KNOWN, sources=[])
