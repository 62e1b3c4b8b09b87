"""Small corpora for the tests of the preflight: English and German sentences made from a few words."""

from __future__ import annotations

import random
from pathlib import Path

from seq2seq.pairs import SentencePair

_SUBJECTS = [("the man", "der Mann"), ("she", "sie"), ("my sister", "meine Schwester"), ("he", "er")]
_VERBS = [("is not in", "ist nicht in"), ("was with", "war mit"), ("has seen", "hat gesehen"), ("and", "und")]
_OBJECTS = [("the house", "das Haus"), ("a dog", "ein Hund"), ("their garden", "der Garten von ihnen")]


def english_german(number: int, *, seed: int = 0) -> list[SentencePair]:
    """`number` different pairs, each with a number in it."""
    chance = random.Random(seed)
    pairs = []
    for index in range(number):
        words = [chance.choice(choices) for choices in (_SUBJECTS, _VERBS, _OBJECTS, _SUBJECTS)]
        words = words[: chance.randint(2, 4)]
        source, target = (" ".join(word[side] for word in words) for side in (0, 1))
        pairs.append(SentencePair(f"{source} {index} .", f"{target} {index} ."))
    return pairs


def write(path: Path, pairs: list[SentencePair]) -> str:
    """Write `pairs` as TSV; returns the path."""
    path.write_text("".join(f"{pair.source}\t{pair.target}\n" for pair in pairs), encoding="utf-8")
    return str(path)


def swapped(pairs: list[SentencePair]) -> list[SentencePair]:
    """Source and target exchanged."""
    return [SentencePair(pair.target, pair.source) for pair in pairs]
