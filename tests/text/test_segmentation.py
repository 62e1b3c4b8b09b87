"""Cutting texts into parts: nothing is lost, parts are short enough, cuts are at sentence ends."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seq2seq.text.segmentation import Part, split_text
from seq2seq.text.tokenizer import Tokenizer
from tests.text.sentences import ENGLISH, SENTENCES, patient, texts


def shown(parts: list[Part]) -> list[tuple[str, int, str]]:
    """Text, start and separator of each part."""
    return [(part.text, part.start, part.separator) for part in parts]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [("", 0, "")]),
        ("the man", [("the man", 0, "")]),
        ("  the man \n", [("the man", 2, "\n"), ("", 11, "")]),
        ("the\n\n man\r\nold", [("the", 0, "\n"), ("", 4, "\n"), ("man", 6, "\n"), ("old", 11, "")]),
        (" \n ", [(" ", 0, "\n"), (" ", 2, "")]),
        ("a\u2028b\x85c", [("a\u2028b\x85c", 0, "")]),  # only "\n" ends a line
    ],
)
def test_lines_are_parts(unigram: Tokenizer, text: str, expected: list[tuple[str, int, str]]) -> None:
    parts = split_text(text, unigram, max_pieces=100)
    assert shown(parts) == expected
    assert [part.ids for part in parts] == [unigram.encode(part.text.strip()) for part in parts]


def test_long_lines_are_cut_at_the_last_sentence_end_that_fits(unigram: Tokenizer) -> None:
    text = "The man. The dog!  The old cat"  # 4, 4 and 8 pieces
    assert shown(split_text(text, unigram, max_pieces=6)) == [
        ("The man.", 0, " "),
        ("The dog!", 9, "  "),
        ("The old cat", 19, ""),
    ]
    assert shown(split_text(text, unigram, max_pieces=10)) == [
        ("The man. The dog!", 0, "  "),
        ("The old cat", 19, ""),
    ]


def test_long_sentences_are_cut_at_spaces(unigram: Tokenizer) -> None:
    parts = split_text("the old man sees the dog house", unigram, max_pieces=4)
    assert [part.text for part in parts] == ["the old man", "sees the dog house"]
    assert [part.separator for part in parts] == [" ", ""]


def test_text_without_spaces_is_cut_at_pieces(unigram: Tokenizer) -> None:
    parts = split_text("我们喜欢猫我们喜欢猫", unigram, max_pieces=3)
    assert "".join(part.text for part in parts) == "我们喜欢猫我们喜欢猫"
    assert [part.ids for part in parts] == [unigram.encode("我们喜欢猫")] * 2
    assert len(parts[0].ids) == 3


def test_a_character_of_several_pieces_stays_whole(unigram: Tokenizer) -> None:
    assert [part.text for part in split_text("😀😀", unigram, max_pieces=1)] == ["😀", "😀"]


@patient
@given(texts, st.integers(1, 12))
def test_parts_and_separators_are_the_text(unigram: Tokenizer, text: str, limit: int) -> None:
    parts = split_text(text, unigram, max_pieces=limit)
    rebuilt = "".join(part.text + part.separator for part in parts)
    assert [line.strip() for line in rebuilt.split("\n")] == [line.strip() for line in text.split("\n")]
    for part in parts:
        assert text[part.start : part.start + len(part.text)] == part.text
        assert part.ids == (unigram.encode(part.text) if part.text.strip() else [])


@patient
@given(st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=20), st.integers(3, 30))
def test_parts_are_short(unigram: Tokenizer, sentences: list[str], limit: int) -> None:
    for part in split_text(" ".join(sentences), unigram, max_pieces=limit):
        assert len(part.ids) <= limit + 3
        assert bool(part.ids) == bool(part.text)  # no text: only white space stood here


CHANCE = random.Random(5)
NO_LANGUAGE = {
    "one letter": "x" * 1000,
    "letters": "".join(CHANCE.choices("abcdefghijklmnopqrstuvwxyz     ", k=1000)),
    "characters": "".join(CHANCE.choices([chr(number) for number in range(33, 127)], k=1000)),
    "emoji": "😀" * 300,
    "marks": "\u0301" * 500,
    "Hebrew": "שלום " * 100,
}


@pytest.mark.parametrize("kind", NO_LANGUAGE)
@pytest.mark.parametrize("length", [40, 250])
def test_what_is_no_language_has_no_ids(unigram: Tokenizer, kind: str, length: int) -> None:
    text = NO_LANGUAGE[kind].strip()
    parts = split_text(text, unigram, max_pieces=length)
    assert "".join(part.text + part.separator for part in parts) == text
    assert all(part.ids == [] for part in parts if len(part.text) >= length)


@pytest.mark.parametrize(
    "text", [" ".join(SENTENCES[:40:2]), " ".join(SENTENCES[:40:2]).upper(), "".join(SENTENCES[1:40:2])]
)
def test_language_has_ids(unigram: Tokenizer, text: str) -> None:
    assert all(part.ids for part in split_text(text, unigram, max_pieces=60))


def test_the_rest_of_a_long_word_is_kept_like_its_beginning(unigram: Tokenizer) -> None:
    parts = split_text("x" * 170 + " the old man", unigram, max_pieces=50)
    assert [len(part.text) for part in parts[:3]] == [49, 50, 50]  # a space belongs to the first
    assert not any(part.ids for part in parts[:3])
    rest = split_text("x" * 110, unigram, max_pieces=50)[-1]
    assert 0 < len(rest.text) < 32 and rest.ids == []


@pytest.mark.parametrize("kind", [*NO_LANGUAGE, "word", "sentences", "lines"])
def test_time_grows_with_the_length_and_no_faster(unigram: Tokenizer, kind: str) -> None:
    chance = random.Random(6)
    more = {
        "word": "word " * 200,
        "sentences": " ".join(chance.choices(ENGLISH.split(), k=200)) + ". ",
        "lines": "x\n" * 100,
    }
    unit = (NO_LANGUAGE | more)[kind]

    def seconds(length: int) -> float:
        text, best = unit * (length // len(unit) + 1), float("inf")
        for _ in range(3):
            start = time.process_time()
            split_text(text[:length], unigram, max_pieces=100)
            best = min(best, time.process_time() - start)
        return best

    # Before cuts were found by bisection, four times the length took 12 times as long.
    assert seconds(40_000) < 8 * seconds(10_000) + 0.02
