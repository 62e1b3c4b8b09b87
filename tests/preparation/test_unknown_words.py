"""Words that a model never saw are copied, unless they resemble one that it saw."""

from __future__ import annotations

import pytest

from seq2seq import Translator
from seq2seq.preparation.lexicon import Lexicon


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("This snake is not venomous.", "venomous"),
        ("Do you have wifi?", "wifi"),
        ("The zorblax is in the garden.", "zorblax"),
    ],
)
def test_an_unknown_word_is_copied(text: str, word: str) -> None:
    translator = Translator.from_pretrained("en-fr")
    assert word not in translator.bundle.source_words
    assert word in translator.translate(text).text


def test_a_word_with_a_mistake_or_another_ending_is_translated() -> None:
    answer = Translator.from_pretrained("en-fr").translate(["I have two dogss.", "My sistter sleeps."])
    assert "dogss" not in answer[0].text and "sistter" not in answer[1].text


def test_two_known_words_make_a_compound() -> None:
    lexicon = Lexicon([("Haus", 5), ("Tür", 3), ("auf", 9)])
    assert lexicon.is_compound("Haustür") and lexicon.is_compound("haustür")
    assert not lexicon.is_compound("Haus") and not lexicon.is_compound("Hausxyz")
