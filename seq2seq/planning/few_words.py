"""Whether texts are made from few words, as generated texts and texts of pieces or letters are.

The BLEU of natural texts says nothing about them: our sample corpus, which a grammar generates, is translated
nearly without an error.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from seq2seq.pairs import SentencePair

HELD = 5
"""Every so many texts, one is asked for its words, and the others are what is known."""
LEAST_TEXTS = 200
"""Of fewer texts nothing is said."""
_NATURAL, _OF_TEXTS = 0.127, 800
"""The share of new words in a natural corpus with few of them (dialogues of customer service), with so many
known texts. It falls with the root of their number: 0.21, 0.127, 0.074 and 0.045 for 240, 800, 2,400 and
6,400. Captions, Tatoeba and manuals have more. The sample corpus has 0.11, 0.028, 0.005 and 0.001."""
_LIMIT = 0.5  # of a natural corpus


def few_words(pairs: Sequence[SentencePair]) -> bool:
    """Whether the source or the target of `pairs` has less than half the new words of any natural text."""
    sides = [list(dict.fromkeys(getattr(pair, side) for pair in pairs)) for side in ("source", "target")]
    return any(_few_words(texts) for texts in sides)


def _few_words(texts: Sequence[str]) -> bool:
    known = len(texts) - len(texts) // HELD
    return len(texts) >= LEAST_TEXTS and new_words(texts) < _LIMIT * _NATURAL * (_OF_TEXTS / known) ** 0.5


def new_words(texts: Sequence[str]) -> float:
    """The share of the words of every fifth text that none of the others has; words are between spaces."""
    known, asked = set[str](), list[str]()
    for number, text in enumerate(texts, 1):
        if number % HELD:
            known.update(_words(text))
        else:
            asked.extend(_words(text))
    return sum(word not in known for word in asked) / max(len(asked), 1)


def _words(text: str) -> Iterable[str]:
    return text.lower().split()
