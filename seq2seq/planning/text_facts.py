"""What the characters and words of one side of a corpus tell: its script, its alphabet, its lengths."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from seq2seq.preparation.lexicon import WORD

MANY_CHARACTERS = 1000
"""A side with more different characters than this is one of words written with thousands of characters."""
COVERAGE = 0.9995
"""Share of a large alphabet's text whose characters get a piece (see `text.tokenizer_training`)."""


@dataclass(frozen=True)
class TextFacts:
    """Facts about the texts of one side.

    Attributes:
        script: the script of most letters as Unicode names it, such as "LATIN", "CYRILLIC", "CJK"; "" without
            letters.
        characters: number of different characters.
        needed_characters: how many of them make up `COVERAGE` of the text.
        words: words a text in the median (a character counts as one in scripts without spaces).
        words_95: words of the longest twentieth, at least.
        longest: characters of the longest text.
        spaces: share of the texts with a space inside.
    """

    script: str
    characters: int
    needed_characters: int
    words: int
    words_95: int
    longest: int
    spaces: float

    @property
    def many_characters(self) -> bool:
        """Whether the script has thousands of characters, as Chinese has."""
        return self.characters > MANY_CHARACTERS


def text_facts(texts: Sequence[str]) -> TextFacts:
    """The facts of `texts`, at least one."""
    counts = Counter[str]()
    for text in texts:
        counts.update(text)
    words = np.array([len(WORD.findall(text)) for text in texts])
    return TextFacts(
        script=script_of(counts),
        characters=len(counts),
        needed_characters=_needed(counts),
        words=int(np.median(words)),
        words_95=int(np.quantile(words, 0.95)),
        longest=max(map(len, texts)),
        spaces=sum(" " in text.strip() for text in texts) / len(texts),
    )


def script_of(counts: Counter[str]) -> str:
    """The script of most letters: the first word of their Unicode names. "" without letters.

    Japanese is "CJK" or "HIRAGANA", whichever has more letters.
    """
    scripts = Counter[str]()
    for character, count in counts.items():
        if character.isalpha():
            scripts[unicodedata.name(character, "UNKNOWN").split()[0]] += count
    return scripts.most_common(1)[0][0] if scripts else ""


def _needed(counts: Counter[str]) -> int:
    """How many of the most frequent characters make up `COVERAGE` of all."""
    sizes = np.cumsum(sorted(counts.values(), reverse=True))
    return int(np.searchsorted(sizes, COVERAGE * sizes[-1]) + 1) if len(sizes) else 0
