"""Pairs of texts and translations, on either side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from seq2seq.errors import UsageError
from seq2seq.pairs import Counts, SentencePair
from seq2seq.synthesis.making import Maker, languages_of, synthetic_pairs
from seq2seq.synthesis.texts import Text, Texts
from seq2seq.translation import Translation
from seq2seq.translator import Translator
from tests import tiny

TEXTS = [Text("one two", "a:1"), Text("three", "a:2")]


@pytest.fixture(scope="module")
def translator() -> Translator:
    return Translator(tiny.bundle())


class Upper(Translator):
    """Translates into capitals. Keeps digits, and says so."""

    def __init__(self) -> None:
        self.direction = ("en", "fr")

    def translate_lines(self, lines: Iterable[str], **options: Any) -> Iterator[Translation]:
        for line in lines:
            yield Translation(line.upper(), note="no language" if line.isdigit() else "")


def test_forward_makes_the_target_and_back_the_source() -> None:
    forward = list(Maker(Upper()).pairs(TEXTS, Counts()))
    assert forward == [SentencePair("one two", "ONE TWO", "a:1"), SentencePair("three", "THREE", "a:2")]
    back = list(Maker(Upper(), back=True).pairs(TEXTS, Counts()))
    assert back == [SentencePair("ONE TWO", "one two", "a:1"), SentencePair("THREE", "three", "a:2")]


def test_texts_that_are_no_language_are_dropped_and_counted() -> None:
    counts = Counts()
    pairs = list(Maker(Upper()).pairs([Text("123", "a:7"), TEXTS[1]], counts))
    assert [pair.location for pair in pairs] == ["a:2"]
    assert counts.dropped == {"no language, kept by the translator": 1}
    assert counts.examples == {"no language, kept by the translator": "a:7"}


def test_texts_are_read_a_buffer_at_a_time(translator: Translator) -> None:
    read = 0

    def texts() -> Iterator[Text]:
        nonlocal read
        for number in range(40):
            read += 1
            yield Text("one", f"a:{number}")

    pairs = Maker(translator).pairs(texts(), Counts(), buffer=4)
    next(pairs)
    assert read <= 5
    assert len(list(pairs)) == 39


def test_makers_follow_one_another_after_the_pairs_that_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "train.tsv"
    path.write_text("one\tun\ntwo\tdeux\n", encoding="utf-8")
    counts = Counts()
    makers = [Maker(Upper()), Maker(Upper(), back=True)]
    pairs = synthetic_pairs(makers, Texts([str(path)]), counts, keep=True)
    assert [(pair.source, pair.target) for pair in pairs] == [
        ("one", "un"),
        ("two", "deux"),
        ("one", "ONE"),
        ("two", "TWO"),
        ("UN", "un"),
        ("DEUX", "deux"),
    ]
    assert counts.read == 6


def test_makers_agree_on_the_languages() -> None:
    def maker(source: str, target: str, *, back: bool = False) -> Maker:
        directions = ((source, target),) if source or target else ()
        return Maker(Translator(replace(tiny.bundle(), directions=directions)), back)

    assert languages_of([maker("en", "fr"), maker("fr", "en", back=True)]) == ("en", "fr")
    assert languages_of([maker("fr", "en", back=True), maker("", "")]) == ("en", "fr")
    with pytest.raises(UsageError, match="make pairs of en-fr and fr-en, expected the same"):
        languages_of([maker("en", "fr"), maker("en", "fr", back=True)])
