"""Words by their frequency: worked out by hand."""

from __future__ import annotations

import pytest

from seq2seq.evaluation.word_frequency import by_frequency, word_counts
from seq2seq.preparation.lexicon import Lexicon


def test_words_are_counted_in_texts_and_lists() -> None:
    assert word_counts(["Le chat, le 2 chien"]) == {"le": 2, "chat": 1, "chien": 1}
    assert word_counts({"Paris": 3, "paris": 1}) == {"paris": 4}
    assert word_counts(["你好 你"]) == {"你": 2, "好": 1}


def test_the_parts_of_a_short_form_count_once() -> None:
    lexicon = Lexicon.count(["Il voit l'homme."] * 6)
    assert "l'homme" in lexicon.counts
    assert word_counts(lexicon.counts) == {"voit": 6, "l": 6, "homme": 6, "il": 6}


def test_each_band_has_its_words() -> None:
    counts = {"le": 5_000, "chat": 7, "dort": 1}
    made = ["le chat le rêve", "le chien"]
    references = ["Le chat dort.", "le chien dort"]
    bands = by_frequency(made, references, counts=counts)
    # le: made 3 times, 2 of them right; chat 1 of 1; dort never made; rêve and chien unknown, chien right.
    assert [(str(band), band.words, band.right, band.made) for band in bands] == [
        ("0", 1, 1, 2),
        ("1", 2, 0, 0),
        ("5–9", 1, 1, 1),
        ("1,000+", 2, 2, 3),
    ]
    assert [band.f1 for band in bands] == pytest.approx([200 / 3, 0, 100, 80])
    assert by_frequency([""], [""], counts=counts) == []
    with pytest.raises(ValueError):
        by_frequency(["a"], [], counts=counts)
