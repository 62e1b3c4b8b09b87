"""Counts: how they add up and how they print."""

from __future__ import annotations

import dataclasses

import pytest

from seq2seq.pairs import Counts, SentencePair


def test_counts_print_as_one_line() -> None:
    counts = Counts()
    assert str(counts) == "0 pairs read"
    counts.read, counts.kept = 5, 2
    assert str(counts) == "5 pairs read, 2 kept"
    counts.drop("duplicate")
    counts.drop("blank")
    counts.drop("blank")
    counts.repair("CRLF line end", 5)
    expected = "5 pairs read, 2 kept; dropped: 2 × blank, 1 × duplicate; repaired: 5 × CRLF line end"
    assert str(counts) == expected


def test_pairs_held_out_are_among_those_kept() -> None:
    assert (
        str(Counts(read=9, kept=9, held_out=1)) == "9 pairs read, 9 kept, 1 of these held out for validation"
    )


def test_the_first_place_of_a_reason_is_its_example() -> None:
    counts = Counts()
    counts.drop("blank", where="a.tsv:3")
    counts.drop("blank", 2, where="a.tsv:5")
    counts.repair("CRLF line end", where="a.tsv:1")
    counts.repair("CRLF line end", where="a.tsv:2")
    assert counts.examples == {"blank": "a.tsv:3", "CRLF line end": "a.tsv:1"}
    assert counts == Counts(dropped={"blank": 3}, repaired={"CRLF line end": 2})


def test_zero_pairs_kept_are_printed() -> None:
    assert str(Counts(read=1, dropped={"blank": 1})) == "1 pairs read, 0 kept; dropped: 1 × blank"


def test_a_pair_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        SentencePair("a", "b").source = "c"  # type: ignore[misc]
