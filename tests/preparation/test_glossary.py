"""Glossaries: which terms are found, how files are read, and that every required form is in the answer."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from seq2seq.errors import DataError, UsageError, UsageTypeError
from seq2seq.preparation.glossary import Glossary, apart_from_terms, joined_at_terms, lacks_form
from seq2seq.preparation.lexicon import Lexicon
from seq2seq.preparation.parts import Preparation
from seq2seq.preparation.verbatim import Verbatim
from seq2seq.text.tokenizer import Tokenizer
from tests.preparation.verbatim_sentences import verbatim_sentences

SENTENCES = [sentence.text for sentence in verbatim_sentences(200, seed=3)]
WORDS = Lexicon.count(SENTENCES)
TOKENIZERS = {n: Tokenizer.train(SENTENCES, vocab_size=500, placeholders=n) for n in (0, 3)}


def found(text: str, terms: Mapping[str, str | None]) -> list[str]:
    return [text[span.start : span.end] for span in Glossary(terms).find(text)]


@pytest.mark.parametrize(
    ("text", "terms", "expected"),
    [
        ("The cat sat.", ["cat"], ["cat"]),
        ("The cats concatenate.", ["cat"], []),
        ("a cat_1 and cat2", ["cat"], []),
        ("The CAT, the Cat.", ["cat"], ["CAT", "Cat"]),
        ("US tells us.", ["US"], ["US"]),
        ("US tells us.", ["us"], ["US", "us"]),
        ("New York City", ["York", "New York", "New York City"], ["New York City"]),
        ("New York City Council", ["New York", "York City Council"], ["York City Council"]),
        ("one two one", ["one two", "two one"], ["one two"]),
        ("New\u00a0York, New  York, NewYork", ["New York"], ["New\u00a0York", "New  York"]),
        ("an e-mail, an e - mail", ["e-mail"], ["e-mail"]),
        ("l’ordinateur", ["ordinateur"], ["ordinateur"]),
        ("rock’n’roll", ["rock'n'roll"], ["rock’n’roll"]),
        ("cafe\u0301 cafe", ["café"], ["cafe\u0301"]),
        ("cafe\u0301", ["cafe"], []),
        ("我喜欢北京烤鸭。", ["北京", "烤鸭"], ["北京", "烤鸭"]),
        ("C++ and C", ["C++", "C"], ["C++", "C"]),
        ("", ["cat"], []),
    ],
)
def test_terms_found(text: str, terms: list[str], expected: list[str]) -> None:
    assert found(text, dict.fromkeys(terms)) == expected


def test_target_forms() -> None:
    terms = {"US": "États-Unis", "us": "nous", "iPhone": None, "mail": "", "Tom": "Tom", "New York": "N.-Y."}
    typed = {"US": "États-Unis", "Us": "nous", "iPhone": "iPhone", "Mail": "Mail", "Tom": "Tom"}
    glossary = Glossary(terms)
    assert {word: glossary.target(word) for word in typed} == typed
    assert glossary.target("New  York") == "N.-Y."
    assert len(glossary) == 6 and not Glossary() and not Glossary({})


@pytest.mark.parametrize(
    ("terms", "error", "message"),
    [
        ({"": "x"}, UsageError, "the term ''"),
        ({" ": "x"}, UsageError, "the term ' '"),
        ({"a\nb": "x"}, UsageError, "line break"),
        ({"a": "x\r"}, UsageError, "line break"),
        ({"a": "\ud800"}, UsageError, "surrogate"),
        ({"a b": "x", "a  b": "y"}, UsageError, "twice"),
        ({1: "x"}, UsageTypeError, "int"),
        ({"a": 1}, UsageTypeError, "int"),
        ([("a", "b")], UsageTypeError, "list"),
    ],
)
def test_wrong_terms_are_refused(terms: object, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Glossary(terms)  # type: ignore[arg-type]


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "terms.tsv"
    path.write_bytes("\ufeffcat\tle matou\r\n\n  New York \t\nTom\n#1\t n° 1 \n".encode())
    assert Glossary.from_file(path).terms == {"cat": "le matou", "New York": "", "Tom": None, "#1": "n° 1"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"cat\tchat\n\tchien\n", r"terms.tsv:2: '\\tchien', expected a term"),
        (b"cat\tchat\tmatou\n", "terms.tsv:1: .* expected a term, a tab"),
        (b"cat\tchat\n\ncat\tmatou\n", "terms.tsv:3: 'cat' is the term of line 1"),
        (b"a\tb\ncaf\xe9\tx\n", "terms.tsv:2: byte 0xe9 at byte 4 of the line, expected UTF-8"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "terms.tsv"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        Glossary.from_file(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none.tsv: cannot be read"):
        Glossary.from_file(tmp_path / "none.tsv")


def test_terms_win_over_what_is_kept_unless_they_are_part_of_it() -> None:
    url, number, script = Verbatim(0, 10, "url"), Verbatim(12, 14, "number"), Verbatim(20, 30, "script")
    inside, across, middle = Verbatim(3, 5, "term"), Verbatim(13, 18, "term"), Verbatim(23, 26, "term")
    kept, lost = apart_from_terms([url, number, script], [inside, across, middle])
    rest = [Verbatim(20, 23, "script"), middle, Verbatim(26, 30, "script")]
    assert (kept, lost) == ([url, across, *rest], [inside])


def test_a_sentence_does_not_end_inside_a_term() -> None:
    sentences = [(0, 10), (11, 20), (21, 30)]
    assert joined_at_terms(sentences, [Verbatim(8, 13, "term")]) == [(0, 20), (21, 30)]
    assert joined_at_terms(sentences, [Verbatim(11, 20, "term")]) == sentences


@pytest.mark.parametrize(
    ("text", "forms", "lacks"),
    [
        ("Le chat dort.", ["chat"], False),
        ("Le chaton dort.", ["chat"], True),
        ("Le Chat dort.", ["chat"], True),
        ("Chat noir", ["chat"], False),
        ("chat", ["Chat"], True),
        ("un chat et un chat", ["chat", "chat"], False),
        ("un chat", ["chat", "chat"], True),
        ("New York", ["York", "New York"], True),
        ("New York et York", ["York", "New York"], False),
        ("我爱北京。", ["北京"], False),
        ("en C++.", ["C++"], False),
        ("", ["x"], True),
    ],
)
def test_a_form_is_there_as_whole_words(text: str, forms: list[str], lacks: bool) -> None:
    assert lacks_form(text, forms) is lacks


def test_a_sentence_is_tried_as_it_is_first() -> None:
    text = "Please read the music on the wall."
    (tried,) = preparation({"music": "Wxq"}).parts(text, max_pieces=100, try_plain=True)
    (plain,) = preparation({}).parts(text, max_pieces=100)
    held = preparation({"music": "Wxq"}).parts(text, max_pieces=100)
    assert (tried.ids, tried.required, list(tried.instead)) == (plain.ids, ("Wxq",), held)
    assert held[0].fillings == ("Wxq",) and held[0].instead == ()


def preparation(terms: Mapping[str, str | None], *, placeholders: int = 3) -> Preparation:
    return Preparation(TOKENIZERS[placeholders], WORDS, Lexicon(), ("en", "fr"), glossary=Glossary(terms))


def test_what_cannot_be_met_is_said() -> None:
    parts = preparation({"example": "cas"}).parts(f"{SENTENCES[0]} www.example.com", max_pieces=100)
    notes = [part.note for part in parts if part.note]
    assert notes == ['"example" of the glossary is part of something that is kept']


def test_a_sentence_that_is_kept_has_the_target_forms() -> None:
    (part,) = preparation({"computer": "ordinateur"}).parts("Ich habe keinen Computer.", max_pieces=100)
    assert part.fixed == "Ich habe keinen ordinateur."
    assert part.note == "this does not look like English"


@pytest.mark.parametrize("keep", [True, False])
@pytest.mark.parametrize("placeholders", [3, 0])
def test_parts_hold_every_target_form(placeholders: int, keep: bool) -> None:
    """500 random cases: what the model gets has a placeholder for each term, or the sentence is cut there."""
    chance = random.Random(placeholders)
    ready = preparation({}, placeholders=placeholders)
    for sentence in chance.choices(SENTENCES, k=125):
        words = re.findall(r"[a-z]{3,}", re.sub(r"\S*[@/._<>{}`%\\-]\S*", " ", sentence))
        terms = {word: f"Z{n}" for n, word in enumerate(dict.fromkeys(words)) if chance.random() < 0.4}
        used = ready.with_glossary(Glossary(terms))
        parts = used.parts(sentence, max_pieces=100, keep=keep)
        outcome = " ".join(
            " ".join([*part.fillings, part.fixed or "" if not part.ids else ""]) for part in parts
        )
        for term, target in terms.items():
            expected = len(re.findall(rf"\b{term}\b", sentence, re.IGNORECASE))
            lost = sum(part.note.count(f'"{term}"') for part in parts)
            assert len(re.findall(rf"\b{target}\b", outcome)) == expected or lost, (sentence, term, parts)
        assert all(len(part.fillings) <= placeholders for part in parts)
