"""Translations as the page gets them: JSON with places in UTF-16 units, as browsers count them.

A sentence is {start, end, after, text, words, sources, links, confidence, reasons}. `start` and `end` are its
place in the source, `after` is the white space behind it. The rest is its translation:

    words    [start, end, confidence, choice] of each word in `text`; choice is 1 if another word is likely
    sources  [start, end] of each word of the source, counted from `start`
    links    [source, word], the word alignment
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

from seq2seq.serving.sentences import Piece
from seq2seq.translation import Translation

Values = dict[str, Any]


class Utf16:
    """Turns places in `text` into those that browsers count: characters above U+FFFF are two."""

    def __init__(self, text: str) -> None:
        self.above = [place for place, character in enumerate(text) if character > "\uffff"]

    def __call__(self, place: int) -> int:
        return place + bisect_left(self.above, place) if self.above else place


def sentence(translation: Translation, piece: Piece, places: Utf16) -> Values:
    """The translation of `piece`, a sentence of the text of `places`."""
    start, end = piece.start, piece.start + len(piece.text)
    return {
        "start": places(start),
        "end": places(end),
        "after": piece.separator,
        **body(translation, piece.text),
    }


def body(translation: Translation, source: str) -> Values:
    """The translation of the sentence `source`, without its place."""
    inside, target = Utf16(source), Utf16(translation.text)
    return {
        "text": translation.text,
        "words": [
            [target(word.start), target(word.end), _share(word.confidence), int(word.has_alternatives)]
            for word in translation.words
        ],
        "sources": [[inside(word.start), inside(word.end)] for word in translation.source_words],
        "links": [list(pair) for pair in translation.alignment],
        "confidence": _share(translation.confidence),
        "reasons": list(translation.reasons),
    }


def end(translation: Translation, *, typed: bool) -> Values:
    """What is known of a whole text. `typed` says that the user is still typing, so this is not the end."""
    others: Sequence[Translation] = translation.alternatives
    return {
        "done": True,
        "typed": typed,
        "confidence": _share(translation.confidence),
        "note": translation.note,
        "others": [{"text": other.text, "confidence": _share(other.confidence)} for other in others],
    }


def _share(value: float | None) -> float | None:
    """A number that JSON has, None if it is unknown."""
    return None if value is None or not math.isfinite(value) else round(value, 3)
