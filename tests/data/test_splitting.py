"""Splitting by source sentence: no source on two sides."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seq2seq.data.splitting import hold_out, part_of
from seq2seq.errors import DataError
from seq2seq.pairs import Counts, SentencePair


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 3)), min_size=2, max_size=300))
def test_held_out_sources_are_not_in_training(numbers: list[tuple[int, int]]) -> None:
    pairs = [SentencePair(f"source {source}", f"target {target}") for source, target in numbers]
    pairs.append(SentencePair("another source", "target"))
    held: list[SentencePair] = []
    kept = list(hold_out(iter(pairs), held, where="a.tsv", counts=Counts()))
    assert sorted(kept + held, key=str) == sorted(pairs, key=str)
    assert held and held[0] == pairs[0]
    assert not {pair.source for pair in kept} & {pair.source for pair in held}


def test_at_most_1000_sources_are_held_out() -> None:
    held: list[SentencePair] = []
    pairs = (SentencePair(str(number), "") for number in range(100_000))
    kept = sum(1 for _ in hold_out(pairs, held, where="a.tsv", counts=Counts()))
    assert len(held) == 1000 and kept == 99_000


@pytest.mark.parametrize("targets", [["a"], ["a", "b"]])
def test_a_single_source_sentence_is_an_error_with_the_counts(targets: list[str]) -> None:
    pairs = [SentencePair("one", target) for target in targets]
    counts = Counts(read=9, kept=len(targets), dropped={"duplicate": 9 - len(targets)})
    number = len(targets)
    message = (
        rf"a.tsv: no pair left to train on \(9 pairs read, {number} kept, {number} of these held out for "
        rf"validation; dropped: {9 - number} × duplicate\), expected more source sentences"
    )
    with pytest.raises(DataError, match=message):
        list(hold_out(iter(pairs), [], where="a.tsv", counts=counts))


def test_parts_have_their_shares_and_do_not_change() -> None:
    parts = [part_of(f"sentence {number}", shares=(0.1, 0.2), seed=1) for number in range(20_000)]
    shares = [parts.count(part) / len(parts) for part in range(3)]
    assert shares == pytest.approx([0.7, 0.1, 0.2], abs=0.01)
    assert parts == [part_of(f"sentence {number}", shares=(0.1, 0.2), seed=1) for number in range(20_000)]
    assert parts != [part_of(f"sentence {number}", shares=(0.1, 0.2), seed=2) for number in range(20_000)]
