"""Pairs of marks leave a sentence and come back around the words that translate theirs."""

from __future__ import annotations

import random
import re

import pytest

from seq2seq.preparation.verbatim import find_verbatim
from seq2seq.preparation.wrapping import Wrapping, find_pairs, wrap, wrapping
from seq2seq.text.word_spans import Span


def inner_texts(text: str) -> list[str]:
    return [text[p.inner_start : p.inner_end] for p in find_pairs(text, find_verbatim(text))]


@pytest.mark.parametrize(
    ("text", "inner"),
    [
        ("I <i>really</i> love it", ["really"]),
        ("a <b>b <i>c</i> d</b> e", ["b <i>c</i> d", "c"]),
        ('See <a href="/x">this page</a>.', ["this page"]),
        ("**Important:** read it", ["Important:"]),
        ("a **b** and **c**", ["b", "c"]),
        ('What is "home"?', ["home"]),
        ("Qu'est-ce que « la maison » ?", ["la maison"]),
        ("I call it 'the blue room' here", ["the blue room"]),
        ("Tom's dog and Anna's cat", []),
        ("the boys' dogs' toys", []),
        ('5\' 3" tall and 6" wide', []),
        ("<b>whole sentence</b>", []),
        ("<br> and <img/> alone", []),
        ("a </b> b <b> c", []),
        ("a <b>b</i> c", []),
        ("a <b></b> c", []),
        ('the file "a.txt" is', ["a.txt"]),
        ("", []),
    ],
)
def test_pairs(text: str, inner: list[str]) -> None:
    assert inner_texts(text) == inner


def spans(text: str) -> list[Span]:
    return [match.span() for match in re.finditer(r"\S+", text)]


def wrapped(
    source: str, inner: str, translation: str, links: list[tuple[int, int]], *, language: str = "fr"
) -> str:
    """Source words are those of `source` without its marks."""
    pairs = find_pairs(source, find_verbatim(source))
    (pair,) = [p for p in pairs if source[p.inner_start : p.inner_end] == inner]
    plain = re.sub(r"[*\"«»]|<[^>]*>", lambda match: " " * len(match[0]), source)
    new, words = wrap(
        translation, spans(translation), source, spans(plain), links, [wrapping(source, pair, language)]
    )
    assert [new[start:end].strip('<>/bi*"«»\u00a0.,') for start, end in words] == [
        word.strip(".,") for word in translation.split()
    ]
    return new


def test_marks_follow_their_words() -> None:
    one_to_one = [(0, 0), (1, 2), (2, 1)]
    assert wrapped("a <b>red</b> dog", "red", "un chien rouge", one_to_one) == "un chien <b>rouge</b>"
    assert wrapped("the <b>red</b> dog.", "red", "le chien rouge.", one_to_one) == "le chien <b>rouge</b>."
    assert wrapped('a "red" dog', "red", "un chien rouge", one_to_one) == "un chien «\u00a0rouge\u00a0»"
    assert wrapped("un «rouge» chien", "rouge", "a dog red", one_to_one, language="en") == 'a dog "red"'


def test_a_final_mark_stays_inside_if_it_was_there_and_a_comma_never() -> None:
    assert (
        wrapped("<b>Stop.</b> he said", "Stop.", "Halte. dit-il", [(0, 0), (2, 1)]) == "<b>Halte.</b> dit-il"
    )
    assert (
        wrapped('"Stop," he said', "Stop,", "Halte, dit-il", [(0, 0), (2, 1)])
        == "«\u00a0Halte\u00a0», dit-il"
    )


def test_without_links_tags_are_at_the_end_and_quotation_marks_are_gone() -> None:
    assert wrapped("a <b>red</b> dog", "red", "un chien", [(0, 0), (2, 1)]) == "un chien<b></b>"
    assert wrapped('a "red" dog', "red", "un chien", [(0, 0), (2, 1)]) == "un chien"


def test_nested_marks_stay_nested() -> None:
    new, _ = wrap(
        "x y z",
        [(0, 1), (2, 3), (4, 5)],
        "a b c",
        [(0, 1), (2, 3), (4, 5)],
        [(0, 0), (1, 1), (2, 2)],
        [Wrapping(0, 5, "<b>", "</b>"), Wrapping(0, 3, "<i>", "</i>")],
    )
    assert new == "<b><i>x y</i> z</b>"


def test_no_tag_is_ever_lost_and_words_stay_words() -> None:
    draw = random.Random(2)
    translation = "un deux, trois quatre. cinq"
    words = spans(translation)
    for _ in range(500):
        bounds = sorted(draw.sample(range(12), 4))
        wrappings = [
            Wrapping(bounds[0], bounds[1], "<0>", "</0>"),
            Wrapping(bounds[2], bounds[3], "<1>", "</1>"),
        ]
        source_words = [(n * 2, n * 2 + 1) for n in range(6)]
        links = [(draw.randrange(6), draw.randrange(5)) for _ in range(draw.randrange(7))]
        new, places = wrap(translation, words, "a b c d e f", source_words, links, wrappings)
        assert all(new.count(mark) == 1 for one in wrappings for mark in (one.before, one.after))
        assert re.sub(r"</?\d>", "", new) == translation
        assert [re.sub(r"</?\d>", "", new[start:end]) for start, end in places] == translation.split()
