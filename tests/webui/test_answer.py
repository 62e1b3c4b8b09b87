"""Translations as the page gets them: places as browsers count, finite numbers, words with a choice."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("gradio")

from seq2seq.serving.sentences import Piece
from seq2seq.translation import Translation, Word
from seq2seq.webui import answer


def test_places_are_those_of_browsers() -> None:
    """JavaScript counts units of UTF-16, of which 😀 has two."""
    text = "x. 😀 good 😀 day"
    source, target = "😀 good 😀 day", "😀 BON 😀 JOUR"
    translation = Translation(
        target,
        source_words=(Word("good", 2, 6), Word("day", 9, 12)),
        words=(Word("BON", 2, 5, 0.9), Word("JOUR", 8, 12, 0.9)),
        alignment=[(0, 0), (1, 1)],
    )
    values = answer.sentence(translation, Piece(source, 3, "\n"), answer.Utf16(text))

    def in_utf16(text: str, start: int, end: int) -> str:
        return text.encode("utf-16-le")[2 * start : 2 * end].decode("utf-16-le")

    assert in_utf16(text, values["start"], values["end"]) == source and values["after"] == "\n"
    assert [in_utf16(target, *word[:2]) for word in values["words"]] == ["BON", "JOUR"]
    assert [in_utf16(source, *place) for place in values["sources"]] == ["good", "day"]
    assert values["links"] == [[0, 0], [1, 1]]


def test_values_are_strict_json() -> None:
    words = (Word("x", 0, 1, float("nan")), Word("y", 2, 3, 0.2), Word("z", 4, 5, 0.99, True))
    values = answer.body(Translation("x y z", words=words, confidence=float("inf")), "a")
    assert json.loads(json.dumps(values, allow_nan=False))["confidence"] is None
    assert [word[2:] for word in values["words"]] == [[None, 0], [0.2, 0], [0.99, 1]]
