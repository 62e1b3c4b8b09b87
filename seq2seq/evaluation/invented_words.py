"""Invented words: words of a translation that nobody ever wrote.

A model that builds words out of pieces can build words that do not exist. BLEU counts such a word like any
other error, but a reader notices it first. The measure here knows the words of the target corpus alone. It
is independent of the lists that a model stores and of what decoding does with them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Iterable, Sequence

_WORD = re.compile(r"[^\W_]+")

LATIN = frozenset(chr(code) for code in (*range(0x250), *range(0x1E00, 0x1F00)) if chr(code).isalpha())
"""The letters of languages in Latin script, with their accents."""


def words(text: str) -> list[str]:
    """The runs of letters and digits in `text`, in NFC and small letters.

    An apostrophe and a hyphen end a word: "l'arc-en-ciel" is l, arc, en, ciel.
    """
    return [word.lower() for word in _WORD.findall(unicodedata.normalize("NFC", text))]


def known_words(lines: Iterable[str]) -> frozenset[str]:
    """All words of a corpus, as `invented_words` looks them up."""
    return frozenset(word for line in lines for word in words(line))


def invented_words(
    text: str, *, known: Container[str], source: str, letters: Container[str] = LATIN
) -> list[str]:
    """The words of the translation `text` that are not `known`, each as often as it occurs, in small letters.

    Three kinds of words do not count: those that stand in `source`, those with a digit, and those with a
    character outside `letters`.

    Args:
        text: a translation.
        known: the words of the target corpus: see `known_words`.
        source: the text that was translated.
        letters: the letters of the target language, small ones at least.
    """
    copied = frozenset(words(source))
    return [
        word
        for word in words(text)
        if word not in known and word not in copied and all(letter in letters for letter in word)
    ]


def invented_rate(translations: Sequence[str], *, known: Container[str], sources: Sequence[str]) -> float:
    """Invented words in 1,000 words of `translations`; 0 if there is no word.

    Raises ValueError unless there is a source for each translation.
    """
    invented = [
        word
        for text, source in zip(translations, sources, strict=True)
        for word in invented_words(text, known=known, source=source)
    ]
    return 1000 * len(invented) / max(sum(len(words(text)) for text in translations), 1)
