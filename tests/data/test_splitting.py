"""Splitting by source sentence: no source on two sides."""

from __future__ import annotations

import random
import zlib

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


def test_each_direction_holds_out_1000_of_its_sources() -> None:
    """The second corpus has other sources, and comes when the first has its 1,000."""
    held: list[SentencePair] = []
    pairs = [SentencePair(f"{n // 60_000} {n}", "", direction=n // 60_000) for n in range(120_000)]
    list(hold_out(iter(pairs), held, where="", counts=Counts(), directions=(("en", "fr"), ("en", "de"))))
    assert [sum(pair.direction == number for pair in held) for number in (0, 1)] == [1000, 1000]


def test_one_source_is_held_out_of_all_directions() -> None:
    held: list[SentencePair] = []
    pairs = [SentencePair(f"source {n}", f"{d} {n}", direction=d) for d in (0, 1) for n in range(500)]
    list(hold_out(iter(pairs), held, where="", counts=Counts(), directions=(("en", "fr"), ("en", "de"))))
    first, second = ({pair.source for pair in held if pair.direction == number} for number in (0, 1))
    assert first == second and len(first) >= 5


def test_a_source_that_is_held_out_is_in_no_direction_trained_on() -> None:
    """Not even in one that has its 1,000 already, of other sources."""
    held: list[SentencePair] = []
    there = [SentencePair(f"source {n}", "") for n in range(30_000)]
    others = [SentencePair(f"other {n}", "", direction=1) for n in range(60_000)]
    same = [SentencePair(pair.source, "", direction=1) for pair in there[1:]]
    pairs = iter([*there, *others, *same])
    both = (("en", "fr"), ("en", "de"))
    kept = {pair.source for pair in hold_out(pairs, held, where="", counts=Counts(), directions=both)}
    sources = {pair.source for pair in held if pair.direction == 0} - {"source 0"}  # not by its hash
    assert len(sources) > 500 and not sources & kept


@pytest.mark.parametrize("share", [1.0, 0.3])
@pytest.mark.parametrize("seed", range(2))
def test_no_pair_is_held_out_and_trained_on_reversed(share: float, seed: int) -> None:
    """A corpus of each direction and a common one: in order, and mixed."""
    there = [SentencePair(f"source {n}", f"target {n}", share=share) for n in range(75_000)]
    back = [SentencePair(f"target {n}", f"source {n}", direction=1) for n in range(25_000, 100_000)]
    pairs = there + back
    if seed:
        random.Random(seed).shuffle(there)
        rest = [*there[1:], *back]
        random.Random(seed).shuffle(rest)
        pairs = [there[0], *rest]
    held: list[SentencePair] = []
    both = (("en", "fr"), ("fr", "en"))
    trained = {
        (pair.source, pair.target)
        for pair in hold_out(iter(pairs), held, where="", counts=Counts(), directions=both)
    }
    texts = {(pair.source, pair.target) for pair in held}
    assert not trained & (texts | {(target, source) for source, target in texts})
    assert len(trained) + len(held) == len(pairs)
    numbers = [sum(pair.direction == number for pair in held) for number in (0, 1)]
    assert min(numbers) > 300 and max(numbers) <= 2000


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 3)), min_size=2, max_size=300))
def test_one_direction_is_split_as_it_always_was(numbers: list[tuple[int, int]]) -> None:
    """By the definition: the first source, and those whose CRC-32 is a multiple of 50."""
    pairs = [SentencePair(f"source {source}", f"target {target}") for source, target in numbers]
    pairs.append(SentencePair("another source", "target"))
    held: list[SentencePair] = []
    list(hold_out(iter(pairs), held, where="", counts=Counts(), directions=()))
    first = pairs[0].source
    assert held == [p for p in pairs if p.source == first or not zlib.crc32(p.source.encode()) % 50]


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
