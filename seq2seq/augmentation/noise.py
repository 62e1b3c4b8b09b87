"""Noise that users make, drawn in training: missing capitals and marks, typos, apostrophes and spaces.

Corpora are edited text; what users type is not. In each epoch a few sentences are changed as a user might
have typed them, so that the model learns that they mean the same. The noise is drawn anew in each epoch and
never stored (OpusTrainer; Bogoychev et al., 2023). A sentence gets at most one kind. `CHANGES` holds the
kinds, `seq2seq/config/data.py` their rates. `batching.py` decides which noised pairs are too long.

Words that are no language, such as addresses, file names and `{placeholders}`, keep their characters.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self, TypeVar

import numpy as np

from seq2seq.config.data import noise_rates

T = TypeVar("T")
Random = np.random.Generator
Change = Callable[[str, str, Random], tuple[str, str]]

LETTERS_PER_TYPO = 8
_MARKS_AND_SPACES = ".!?…。！？．｡؟।۔ \t\u00a0\u202f\u3000"
_OPENING_MARKS = "¿¡"
_VERBATIM = re.compile(r"((?<!\S)\S*(?:[@{}<>\\`_]|://|\w\.\w)\S*)")
"""A word that is no language: an e-mail or web address, a file name, code, a tag."""
_PLAIN = re.compile("[A-Za-zÀ-ÖØ-öø-ɏḀ-ỿΆΈ-ΏΑ-ώЀ-ҁҊ-ԯ]{2,}")  # × and ÷ are no letters
"""Cased letters that are a grapheme each: Latin, Greek, Cyrillic."""
_FIRST_LETTER = re.compile(r"(?<!\S)[^\w\s]*[^\W\d_]")
_APOSTROPHE = re.compile(r"(?<=[^\W\d_])['’](?=[^\W\d_])")
_AFTER_COMMA = re.compile(r"(?<=[^\W\d_],) (?=[^\W\d_])")
_SPACE = re.compile(r"(?<=\S) (?=\S)")
_KEY_ROWS = (
    *("qwertyuiop", "asdfghjkl", "zxcvbnm"),
    *("ερτυθιοπ", "ασδφγηξκλ", "ζχψωβνμ"),
    *("йцукенгшщзхъ", "фывапролджэ", "ячсмитьбю"),
)
_NEIGHBOURS = {
    key: row[max(place - 1, 0) : place] + row[place + 1 : place + 2]
    for row in _KEY_ROWS
    for place, key in enumerate(row)
}
"""Of each key: the keys to its left and right."""


@dataclass(frozen=True)
class Noise:
    """Kinds of noise with their rates: the probability that a sentence gets this kind. False without any."""

    rates: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Noise from a text such as "lower=0.05,typos=0.04", "default" or "" (see `noise_rates`).

        Raises UsageError for an unknown kind and for a wrong rate.
        """
        return cls(noise_rates(text))

    def __bool__(self) -> bool:
        return any(self.rates.values())

    def apply(
        self, sources: Sequence[str], targets: Sequence[str], random: Random
    ) -> tuple[list[str], list[str]]:
        """The pairs with noise, in new lists.

        All randomness comes from `random`; nothing is drawn without a rate. A pair that its kind cannot
        change, or would leave blank, stays as it is.
        """
        noised_sources, noised_targets = list(sources), list(targets)
        if self:
            changes = [CHANGES[kind] for kind in self.rates]
            draws = random.random(len(sources))
            kinds = np.searchsorted(np.cumsum(list(self.rates.values())), draws, side="right")
            for index in np.flatnonzero(kinds < len(changes)).tolist():
                source, target = changes[kinds[index]](sources[index], targets[index], random)
                if source.strip() and target.strip():
                    noised_sources[index], noised_targets[index] = source, target
        return noised_sources, noised_targets


# Capitals and final marks


def _lower(source: str, target: str, random: Random) -> tuple[str, str]:
    return _language(str.lower, source), target


def _title(source: str, target: str, random: Random) -> tuple[str, str]:
    """The source With A Capital At Each Word."""
    return _language(lambda text: _FIRST_LETTER.sub(lambda match: match[0].title(), text), source), target


def _upper(source: str, target: str, random: Random) -> tuple[str, str]:
    return _language(str.upper, source), _language(str.upper, target)


def _unpunctuated(source: str, target: str, random: Random) -> tuple[str, str]:
    return _bare(source), _bare(target)


def _casual(source: str, target: str, random: Random) -> tuple[str, str]:
    """The source as in a chat: lower-cased, without its final mark. The target keeps its capitals."""
    return _language(str.lower, _bare(source)), _bare(target)


def _language(change: Callable[[str], str], text: str) -> str:
    """`text` with `change` made to what stands between its verbatim words."""
    pieces = _VERBATIM.split(text)
    pieces[::2] = map(change, pieces[::2])
    return "".join(pieces)


def _bare(text: str) -> str:
    """`text` without the marks that end its last sentence, and without the Spanish mark that opens it."""
    bare = text.rstrip(_MARKS_AND_SPACES)
    return text if bare == text.rstrip() else bare.lstrip(_OPENING_MARKS)


# Letters


def _typos(source: str, target: str, random: Random) -> tuple[str, str]:
    """One typo in the source, sometimes more: at most one in a word of 4 or more letters, and in all at most
    one for `LETTERS_PER_TYPO` letters."""
    words = _plain_words(source, least=4)
    most = min(len(words), sum(map(str.isalpha, source)) // LETTERS_PER_TYPO)
    number = min(most, int(random.geometric(0.6)))
    for index in sorted(random.permutation(len(words))[:number].tolist(), reverse=True):
        start, end = words[index]
        source = source[:start] + _mistyped(source[start:end], random) + source[end:]
    return source, target


def _mistyped(word: str, random: Random) -> str:
    """`word` with a letter swapped, typed twice, hit beside its key, or left out; never the first one."""
    place = int(random.integers(1, len(word)))
    before, letter, after = word[:place], word[place], word[place + 1 :]
    mistake = int(random.integers(4))
    if mistake == 0 and after and after[0] != letter:
        return before + after[0] + letter + after[1:]
    if mistake == 1:
        return before + 2 * letter + after
    if mistake == 2 and (keys := _nearby_keys(letter)):
        return before + _pick(keys, random) + after
    return before + after


def _nearby_keys(letter: str) -> str:
    """The keys beside `letter`. An accented letter is typed without its accent. "" if there is none."""
    base = unicodedata.normalize("NFD", letter)[0]
    keys = _NEIGHBOURS.get(letter.lower(), "") if base == letter else base.lower()
    return keys.upper() if letter.isupper() else keys


def _doubled(source: str, target: str, random: Random) -> tuple[str, str]:
    """A letter of the source two to four times: verrry."""
    words = _plain_words(source, least=2)
    if not words:
        return source, target
    start, end = _pick(words, random)
    place = int(random.integers(start + 1, end))
    return source[:place] + source[place] * int(random.integers(1, 4)) + source[place:], target


def _plain_words(text: str, *, least: int) -> list[tuple[int, int]]:
    """Spans of the words of at least `least` letters, all of them plain: no combining mark, digit or other
    script in the word."""
    verbatim = [match.span() for match in _VERBATIM.finditer(text)]
    return [
        (start, end)
        for start, end in (match.span() for match in _PLAIN.finditer(text))
        if end - start >= least
        and not any(map(_belongs_to_word, text[max(start - 1, 0) : start] + text[end : end + 1]))
        and not any(first <= start < last for first, last in verbatim)
    ]


def _belongs_to_word(character: str) -> bool:
    """Whether it is a letter, a digit, a combining mark or an invisible joiner."""
    return character.isalnum() or unicodedata.category(character)[0] == "M" or character in "\u200c\u200d"


# Apostrophes and spaces


def _apostrophes(source: str, target: str, random: Random) -> tuple[str, str]:
    """The apostrophes inside words of the source left out, or exchanged: don't, dont, don’t."""
    if random.random() < 0.5:
        return _APOSTROPHE.sub("", source), target
    return _APOSTROPHE.sub(lambda match: "’" if match[0] == "'" else "'", source), target


def _spacing(source: str, target: str, random: Random) -> tuple[str, str]:
    """A space of the source twice, or none after a comma."""
    commas = [match.start() for match in _AFTER_COMMA.finditer(source)]
    if commas and random.random() < 0.5:
        place = _pick(commas, random)
        return source[:place] + source[place + 1 :], target
    spaces = [match.start() for match in _SPACE.finditer(source)]
    if not spaces:
        return source, target
    place = _pick(spaces, random)
    return source[:place] + " " + source[place:], target


def _pick(items: Sequence[T], random: Random) -> T:
    return items[int(random.integers(len(items)))]


CHANGES: dict[str, Change] = {
    "lower": _lower,
    "title": _title,
    "upper": _upper,
    "unpunctuated": _unpunctuated,
    "casual": _casual,
    "typos": _typos,
    "doubled": _doubled,
    "apostrophes": _apostrophes,
    "spacing": _spacing,
}
"""Each kind of noise: (source, target, random) to the changed pair."""
