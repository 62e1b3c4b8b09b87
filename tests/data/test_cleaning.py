"""Cleaning: each filter at its limit, switched off, and its count; duplicates compared with Python's set."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seq2seq.data.cleaning import CleaningConfig, HashSet, clean
from seq2seq.errors import UsageError
from seq2seq.pairs import Counts, SentencePair

OFF = CleaningConfig(
    drop_empty=False, max_characters=0, max_ratio=0, drop_duplicates=False, drop_identical=False
)


def kept(
    pairs: list[tuple[str, str]], options: CleaningConfig
) -> tuple[list[tuple[str, str]], dict[str, int]]:
    counts = Counts()
    kept_pairs = [
        (pair.source, pair.target) for pair in clean((SentencePair(*pair) for pair in pairs), options, counts)
    ]
    assert counts.kept == len(kept_pairs)
    assert counts.kept + sum(counts.dropped.values()) == len(pairs)
    return kept_pairs, counts.dropped


@pytest.mark.parametrize(
    ("options", "pair", "reason"),
    [
        ({"drop_empty": True}, ("", "a"), "blank"),
        ({"drop_empty": True}, ("a", " \t\u00a0\u3000"), "blank"),
        ({"drop_empty": True}, ("", ""), "blank"),
        ({"drop_empty": True}, (".", "a"), None),
        ({"max_characters": 5}, ("12345", "中中中中中"), None),
        ({"max_characters": 5}, ("123456", "a"), "longer than 5 characters"),
        ({"max_characters": 5}, ("a", "123456"), "longer than 5 characters"),
        ({"max_ratio": 2.0}, ("a" * 40, "b" * 20), None),
        ({"max_ratio": 2.0}, ("a" * 41, "b" * 20), "length ratio above 2"),
        ({"max_ratio": 2.0}, ("b" * 20, "a" * 41), "length ratio above 2"),
        ({"max_ratio": 2.0}, ("a", "b" * 20), None),  # short
        ({"max_ratio": 2.0}, ("a", "b" * 21), "length ratio above 2"),
        ({"max_ratio": 2.0}, ("", "b" * 50), None),  # blank is another filter's affair
        ({"max_ratio": 2.0}, ("中" * 10, "a" * 30), None),  # 30 bytes each
        ({"max_ratio": 2.0}, ("ह" * 30, "a" * 30), None),  # 30 characters each
        ({"max_ratio": 2.0}, ("中" * 10, "a" * 61), "length ratio above 2"),
        ({"drop_identical": True}, ("same", " same "), "source equals target"),
        ({"drop_identical": True}, ("same", "Same"), None),
    ],
)
def test_each_filter_drops_at_its_limit_and_can_be_switched_off(
    options: dict[str, Any], pair: tuple[str, str], reason: str | None
) -> None:
    expected = ([pair], {}) if reason is None else ([], {reason: 1})
    assert kept([pair], replace(OFF, **options)) == expected
    assert kept([pair], OFF) == ([pair], {})


def test_only_the_first_of_equal_pairs_is_kept() -> None:
    pairs = [("a", "b"), ("a", "c"), ("a", "b"), ("ab", ""), ("", "ab"), ("a", "b"), ("b", "a")]
    options = replace(OFF, drop_duplicates=True)
    assert kept(pairs, options) == ([*pairs[:2], *pairs[3:5], pairs[6]], {"duplicate": 2})
    assert kept(pairs, OFF) == (pairs, {})


def test_a_dropped_pair_has_one_reason_and_is_no_duplicate() -> None:
    counts = Counts()
    pairs = [SentencePair("", "", "x:1"), SentencePair("", "", "x:2"), SentencePair("a", "b", "x:3")]
    assert list(clean(pairs, CleaningConfig(), counts)) == pairs[2:]
    assert counts.dropped == {"blank": 2}


def test_the_defaults_drop_long_unbalanced_and_repeated_pairs() -> None:
    pairs = [
        ("a", "a"),
        ("x" * 1000, "y" * 250),
        ("x" * 1001, "y" * 500),
        ("x" * 1000, "y" * 249),
        ("a", "a"),
    ]
    dropped = {"longer than 1000 characters": 1, "length ratio above 4": 1, "duplicate": 1}
    assert kept(pairs, CleaningConfig()) == (pairs[:2], dropped)


def test_lone_surrogates_are_cleaned_without_an_error() -> None:
    assert kept([("\ud800" * 100, "a")], replace(CleaningConfig(), max_ratio=2))[1] == {
        "length ratio above 2": 1
    }
    assert kept([("\ud800", "a")] * 2, CleaningConfig())[1] == {"duplicate": 1}


@pytest.mark.parametrize("options", [{"max_characters": -1}, {"max_ratio": 0.5}, {"max_ratio": float("nan")}])
def test_options_out_of_range_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=next(iter(options))):
        CleaningConfig(**options)


@settings(deadline=None)
@given(st.lists(st.tuples(st.text("ab ", max_size=3), st.text("ab", max_size=2)), max_size=50))
def test_cleaning_keeps_order_and_first_occurrences(pairs: list[tuple[str, str]]) -> None:
    expected = list(dict.fromkeys(pair for pair in pairs if pair[0].strip() and pair[1]))
    assert kept(pairs, CleaningConfig())[0] == expected


@settings(deadline=None)
@given(st.lists(st.integers(0, 20) | st.integers(0, 2**64 - 1).map(lambda n: n & ~0xFFF | 7), max_size=200))
def test_hash_set_behaves_like_a_set(numbers: list[int]) -> None:
    """Also with many numbers for the same slot. 0 and 1 share an entry, because 0 marks an empty slot."""
    hashes, model = HashSet(), set()
    for number in numbers:
        assert hashes.add(number) == ((number or 1) not in model)
        model.add(number or 1)
        assert len(hashes) == len(model)


def test_hash_set_grows_and_stays_compact() -> None:
    generator = random.Random(1)
    numbers = {generator.getrandbits(64) for _ in range(20_000)}
    hashes = HashSet()
    assert all(hashes.add(number) for number in numbers)
    assert not any(hashes.add(number) for number in numbers)
    assert 8 * len(hashes._slots) <= 2 * 8 * 20_000 / 0.6
