"""The words of the sample corpus, and the French spelling rules that join words."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, TypeAlias

VOWELS = "aeiouyâàéèêëîïôûœh"  # every h in the vocabulary is mute
ELIDED = {"le": "l'", "la": "l'", "je": "j'", "ne": "n'", "de": "d'", "que": "qu'"}
CONTRACTED = {("de", "le"): "du", ("de", "les"): "des", ("à", "le"): "au", ("à", "les"): "aux"}
BEFORE_VOWEL = {"beau": "bel", "nouveau": "nouvel", "vieux": "vieil", "ce": "cet"}
BEFORE_VOWEL |= {"ma": "mon", "sa": "son"}

Word: TypeAlias = tuple[str, tuple[int, ...]]  # a word and the numbers of its meanings


@dataclass(frozen=True)
class Noun:
    """A noun; `forms[plural]` is (English, French)."""

    forms: tuple[tuple[str, str], tuple[str, str]]
    feminine: bool
    kind: str


@dataclass(frozen=True)
class Adjective:
    """An adjective; `french` has its forms by (feminine, plural), `before` if it precedes the noun."""

    english: str
    french: dict[tuple[bool, bool], str]
    kinds: str
    before: bool


@dataclass(frozen=True)
class Verb:
    """A verb: English base form, third person and past; French infinitive, present and participle.

    `present` has five persons; `subjects` and `objects` name the kinds of noun that fit.
    """

    english: tuple[str, str, str]
    infinitive: str
    present: tuple[str, ...]
    participle: str
    etre: bool
    subjects: str
    objects: str


@dataclass(frozen=True)
class Lexicon:
    """All words."""

    nouns: list[Noun]
    adjectives: list[Adjective]
    verbs: list[Verb]
    other: dict[str, Any]


@cache
def lexicon() -> Lexicon:
    """Read the words and derive the regular forms."""
    words = tomllib.loads((resources.files("seq2seq.data.sample") / "words.toml").read_text(encoding="utf-8"))
    nouns = [
        Noun(((en, fr), (en_plural or en + "s", fr_plural or fr + "s")), gender == "f", kind)
        for en, fr, gender, kind, en_plural, fr_plural in words["nouns"]
    ]
    adjectives = [
        Adjective(en, agreeing(fr, feminine or fr + "e"), kinds, before == "before")
        for en, fr, feminine, kinds, before in words["adjectives"]
    ]
    verbs = []
    for base, third, past, infinitive, forms, subjects, objects in words["verbs"]:
        *present, participle = forms.split() or _regular(infinitive)
        etre = infinitive in words["etre"]
        english = (base, third, past)
        verbs.append(Verb(english, infinitive, tuple(present), participle, etre, subjects, objects))
    return Lexicon(nouns, adjectives, verbs, words)


def agreeing(masculine: str, feminine: str) -> dict[tuple[bool, bool], str]:
    """The four forms of an adjective or participle, by (feminine, plural)."""
    if masculine.endswith("eau"):
        plural = masculine + "x"
    else:
        plural = masculine if masculine[-1] in "sx" else masculine + "s"
    return {
        (False, False): masculine,
        (True, False): feminine,
        (False, True): plural,
        (True, True): feminine + "s",
    }


def _regular(infinitive: str) -> list[str]:
    stem = infinitive[:-2]
    nous = stem + "eons" if stem.endswith("g") else stem + "ons"
    return [stem + "e", stem + "e", nous, stem + "ez", stem + "ent", stem + "é"]


def spelled(words: Sequence[Word]) -> list[Word]:
    """The French words as they are written: l'homme, du jardin, bel arbre, mon école."""
    spelling: list[Word] = []
    for word, meaning in reversed(words):
        following: Word = spelling[0] if spelling else ("", ())
        vowel = following[0][:1].lower() in VOWELS if following[0] else False
        if (word, following[0]) in CONTRACTED:
            spelling[0] = (CONTRACTED[word, following[0]], meaning + following[1])
        elif vowel and word in ELIDED:
            spelling[0] = (ELIDED[word] + following[0], meaning + following[1])
        else:
            spelling.insert(0, (BEFORE_VOWEL.get(word, word) if vowel else word, meaning))
    return spelling
