"""Placeholders in a vocabulary: ids of their own, lossless, and filled when ids become text."""

import pytest

from seq2seq.text.symbols import placeholder
from seq2seq.text.tokenizer import Tokenizer

SENTENCES = [f"The cat number {n} sleeps on the mat." for n in range(50)]
FIRST, SECOND = placeholder(0), placeholder(1)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.train(SENTENCES, vocab_size=320, placeholders=3, tags=["fr"])


def test_placeholders_are_the_last_ids(tokenizer: Tokenizer) -> None:
    assert tokenizer.placeholder_ids == tuple(range(tokenizer.vocab_size - 3, tokenizer.vocab_size))
    assert tokenizer.pieces(tokenizer.placeholder_ids) == ["<copy1>", "<copy2>", "<copy3>"]


@pytest.mark.parametrize("text", [f"The {SECOND} sleeps.", FIRST, f"({FIRST}{SECOND}) on ▁ {FIRST}", ""])
def test_a_text_with_placeholders_comes_back(tokenizer: Tokenizer, text: str) -> None:
    ids = tokenizer.encode(text)
    assert tokenizer.decode(ids) == text
    assert sum(text.count(placeholder(k)) for k in range(3)) == sum(
        i in tokenizer.placeholder_ids for i in ids
    )


def test_fillings_take_the_place_of_placeholders(tokenizer: Tokenizer) -> None:
    ids = tokenizer.encode(f"The {SECOND} sleeps on {FIRST}.")
    assert tokenizer.decode(ids, ["https://a.b", "été 😀"]) == "The été 😀 sleeps on https://a.b."
    text, spans = tokenizer.decode_spans(ids, ["https://a.b", "été 😀"])
    where = {i: text[start:end] for i, (start, end) in zip(ids, spans, strict=True)}
    assert where[tokenizer.placeholder_ids[0]] == "https://a.b"
    assert where[tokenizer.placeholder_ids[1]] == "été 😀"


def test_words_with_fillings_are_words_of_the_filled_text(tokenizer: Tokenizer) -> None:
    words = tokenizer.words(tokenizer.encode(f"The {FIRST} sleeps."), ["dog"])
    assert [word.text for word in words] == ["The", "dog", "sleeps."]


def test_without_placeholders_the_character_is_ordinary() -> None:
    tokenizer = Tokenizer.train(SENTENCES, vocab_size=320)
    assert tokenizer.placeholder_ids == ()
    assert tokenizer.decode(tokenizer.encode(FIRST)) == FIRST


def test_the_name_of_a_placeholder_in_a_text_is_text(tokenizer: Tokenizer) -> None:
    assert not set(tokenizer.encode("<copy1>")) & set(tokenizer.placeholder_ids)


def test_placeholders_are_never_learned() -> None:
    tokenizer = Tokenizer.train([f"a{FIRST}b"] * 20 + SENTENCES, vocab_size=320, placeholders=1)
    assert not any(FIRST in piece for piece in tokenizer.pieces(range(tokenizer.vocab_size)))
    assert tokenizer.report is not None and tokenizer.report.repaired == 0
