"""Placeholders in training pairs: the same on both sides, and filled they give the pair back."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from seq2seq.augmentation.alignment import train_alignment
from seq2seq.augmentation.copying import Edit, copied_spans, edited, with_placeholders
from seq2seq.pairs import SentencePair
from seq2seq.text.symbols import PLACEHOLDERS, placeholder_number

ANIMALS = [("dog", "chien"), ("horse", "cheval"), ("bird", "oiseau"), ("tiger", "tigre")]
COLOURS = [("white", "blanc"), ("black", "noir"), ("green", "vert"), ("brown", "brun")]
PAIRS = [
    SentencePair(f"The {colour} {animal} sleeps.", f"Le {bête} {couleur} dort.")
    for animal, bête in ANIMALS
    for colour, couleur in COLOURS
] * 4


def placeholders(text: str) -> list[int]:
    return [placeholder_number(found) for found in PLACEHOLDERS.findall(text)]


@pytest.mark.parametrize(
    ("source", "target", "copies"),
    [
        ("See https://a.example now.", "Voir https://a.example maintenant.", ["https://a.example"]),
        ("It costs $1,234.50.", "Cela coûte 1 234,50 $.", ["$1,234.50"]),
        ("I have 3 dogs.", "J'ai trois chiens.", []),
        ("From 3 to 4.", "De 4 à 3.", ["3", "4"]),
        ("Hello {name}, {name}!", "Bonjour {name} !", ["{name}"]),
        ("Hello.", "Bonjour.", []),
    ],
)
def test_what_stands_on_both_sides(source: str, target: str, copies: list[str]) -> None:
    pair = SentencePair(source, target)
    assert [source[start:end] for (start, end), _ in copied_spans(pair, ("en", "fr"))] == copies


@pytest.mark.parametrize("seed", range(10))
def test_both_sides_have_the_same_placeholders_in_rising_order_in_the_source(seed: int) -> None:
    pair = SentencePair("From 3 to 4 at a.txt.", "De 4 à 3, a.txt.")
    edits = [Edit(*copy) for copy in copied_spans(pair, ("en", "fr"))]
    new = edited(pair, edits, np.random.default_rng(seed), most=5)
    numbers = placeholders(new.source)
    assert numbers == sorted(set(numbers)) and max(numbers) < 5
    assert Counter(numbers) == Counter(placeholders(new.target))
    assert placeholders(new.target)[0] == numbers[1], "4 comes first in the target"


def test_no_more_placeholders_than_the_vocabulary_has() -> None:
    pair = SentencePair("1 2 3 4", "1 2 3 4")
    edits = [Edit(*copy) for copy in copied_spans(pair, ("en", "fr"))]
    for most in (1, 2, 4):
        new = edited(pair, edits, np.random.default_rng(0), most=most)
        assert len(placeholders(new.source)) == len(placeholders(new.target)) == most


def test_pairs_stay_and_some_come_again_with_words_replaced() -> None:
    table = train_alignment(PAIRS, seed=1)
    made = list(with_placeholders(PAIRS, table=table, languages=("en", "fr"), most=8, share=0.9, seed=1))
    assert [pair for pair in made if pair in set(PAIRS)] == PAIRS
    again = [pair for pair in made if pair not in set(PAIRS)]
    assert len(again) > 0.5 * len(PAIRS)
    words = dict(ANIMALS) | dict(COLOURS)
    forms = Counter[str]()
    for pair in again:
        assert sorted(placeholders(pair.source)) == sorted(placeholders(pair.target))
        left = {english for english in words if english in pair.source}
        assert {words[english] for english in left} == {
            french for french in words.values() if french in pair.target
        }
        forms["quotes"] += "«\u00a0" in pair.target
        forms["brackets"] += "(" in pair.target
        forms["placeholder"] += bool(placeholders(pair.source))
    assert min(forms.values()) > 0


def test_the_same_seed_gives_the_same_pairs() -> None:
    table = train_alignment(PAIRS, seed=1)

    def made(seed: int) -> list[SentencePair]:
        return list(
            with_placeholders(PAIRS, table=table, languages=("en", "fr"), most=8, share=0.5, seed=seed)
        )

    assert made(1) == made(1) != made(2)


def test_without_a_table_no_pair_comes_again() -> None:
    assert list(with_placeholders(PAIRS, table=None, languages=("", ""), most=8, share=1, seed=1)) == PAIRS
