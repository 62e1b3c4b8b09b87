"""Positions before and after words are replaced."""

import random

import pytest

from seq2seq.preparation.rewriting import Change, Rewritten


def test_the_text_has_the_changes() -> None:
    assert (
        Rewritten("teh cat saw me", [Change(0, 3, "the"), Change(8, 11, "watched")]).text
        == "the cat watched me"
    )


def test_positions_outside_changes_are_those_of_the_same_character() -> None:
    draw = random.Random(1)
    for _ in range(300):
        text = "".join(draw.choices("abcdefgh", k=draw.randrange(1, 30)))
        cuts = sorted(draw.sample(range(len(text) + 1), min(4, len(text) + 1)))
        changes = [
            Change(start, end, "X" * draw.randrange(0, 5))
            for start, end in zip(cuts[::2], cuts[1::2], strict=False)
            if start < end
        ]
        new = Rewritten(text, changes)
        inside = {place for change in changes for place in range(change.start, change.end)}
        for place, letter in enumerate(text):
            if place not in inside:
                assert new.text[new.place(place)] == letter
                assert new.origin(new.place(place)) == place
                assert new.origin_of_end(new.place(place) + 1) == place + 1
        assert new.place(len(text)) == len(new.text)
        assert new.origin(len(new.text)) == len(text)
        origins = [new.origin(place) for place in range(len(new.text) + 1)]
        assert origins == sorted(origins)


@pytest.mark.parametrize(
    ("changes", "same"), [([], True), ([Change(0, 2, "Ab")], True), ([Change(0, 2, "A")], False)]
)
def test_same_places(changes: list[Change], same: bool) -> None:
    assert Rewritten("abc", changes).same_places is same
