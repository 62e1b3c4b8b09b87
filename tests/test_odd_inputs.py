"""Odd inputs: the bundled models give a sane answer in both directions. The table is odd_inputs.toml.

For every input: as many lines out as in; no piece of the vocabulary, control or private character that was
not typed; at most twice as long, and a little; and no word that is neither in the input nor in the word list
of the target language.
"""

from __future__ import annotations

import time
import tomllib
import unicodedata
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seq2seq import Translator
from seq2seq.data.sample import sample_corpus
from seq2seq.evaluation.invented_words import invented_words, words
from tests.limits import cpu_seconds

TABLE: list[dict[str, Any]] = tomllib.loads(
    Path(__file__).with_name("odd_inputs.toml").read_text(encoding="utf-8")
)["input"]
DIRECTIONS = ("en-fr", "fr-en")
STRANGE = ("Cc", "Co", "Cs", "Cn")
CASES = [
    pytest.param(direction, number, id=f"{direction}-{entry['name']}")
    for direction in DIRECTIONS
    for number, entry in enumerate(TABLE)
]


def typed(entry: dict[str, Any]) -> str:
    """The input of an entry."""
    return str(entry["text"]) * int(entry.get("times", 1))


@cache
def translator(direction: str) -> Translator:
    return Translator.from_pretrained(direction)


@cache
def answers(direction: str) -> list[str]:
    """The answers to all inputs, in one call."""
    return [answer.text for answer in translator(direction).translate([typed(entry) for entry in TABLE])]


@cache
def known(direction: str) -> frozenset[str]:
    """The words of the target language that the model was trained on."""
    return frozenset(
        part for word in translator(direction).bundle.target_words.counts for part in words(word)
    )


def test_the_table_is_large_and_its_keys_are_known() -> None:
    keys = {"name", "text", "times", "is", "keeps", "longest"}
    assert len(TABLE) >= 60 and len({entry["name"] for entry in TABLE}) == len(TABLE)
    assert all(entry.keys() <= keys and entry.get("is", "") in ("", "unchanged", "spaces") for entry in TABLE)


@pytest.mark.parametrize(("direction", "number"), CASES)
def test_an_odd_input_gives_a_sane_answer(direction: str, number: int) -> None:
    entry, answer = TABLE[number], answers(direction)[number]
    text = typed(entry)
    if entry.get("is") == "unchanged":
        assert answer == text
    if entry.get("is") == "spaces":
        assert answer.split() == text.split()
    for part in entry.get("keeps", []):
        assert answer.count(part) >= 1, f"{part!r} is not in {answer!r}"
    assert answer.count("\n") == text.count("\n")
    assert len(answer) <= entry.get("longest", 2 * len(text) + 40)
    strange = {char for char in answer if unicodedata.category(char) in STRANGE or char in "▁⁇"}
    assert strange <= set(text), f"{answer!r}"


@pytest.mark.parametrize(("direction", "number"), CASES)
def test_an_odd_input_gives_no_invented_word(direction: str, number: int) -> None:
    text, answer = typed(TABLE[number]), answers(direction)[number]
    assert invented_words(answer, known=known(direction), source=text) == []


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(max_size=60), st.sampled_from(DIRECTIONS))
def test_any_text_is_translated_within_two_seconds(text: str, direction: str) -> None:
    translator(direction)
    with cpu_seconds(2):
        answer = translator(direction).translate(text)
    assert answer.text.count("\n") == text.count("\n")


@pytest.mark.slow
@pytest.mark.parametrize("direction", DIRECTIONS)
def test_no_input_takes_much_longer_than_plain_text(direction: str) -> None:
    """10,000 characters take at most twice as long as as many of different sentences."""
    pairs = sample_corpus(train=3000, valid=1, test=1).train
    sides = [pair.source if direction.startswith("en") else pair.target for pair in pairs]
    plain = " ".join(sides)[:10_000]
    units = [
        "x",
        "word ",
        "😀",
        "a b ",
        "7",
        ".",
        "é\u0301",
        "\u200b",
        "<s>",
        "(",
        "猫",
        "A",
        "ab1 ",
        '"',
        "the ",
    ]
    translator(direction).translate("Warm.")
    limit = 2 * seconds(direction, plain) + 1
    slow = {unit: seconds(direction, (unit * 10_000)[:10_000]) for unit in units}
    assert max(slow.values()) <= limit, (limit, slow)


def seconds(direction: str, text: str) -> float:
    """How long a translation takes."""
    start = time.perf_counter()
    translator(direction).translate(text)
    return time.perf_counter() - start
