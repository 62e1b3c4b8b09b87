"""Words of a text and the pieces that each is made of; positions in a text before and after NFC."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

Span = tuple[int, int]
"""Start and end in characters; the end is exclusive."""

# Thai, Lao, Tibetan, Burmese, Khmer; Han, kana, bopomofo, their punctuation and full-width forms.
UNSPACED_SCRIPTS = re.compile(
    "[\u0e00-\u109f\u1780-\u17ff\u2e80-\u2fdf\u3000-\u312f\u31a0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\uff00-\uff9f\U00020000-\U0003ffff]"
)


@dataclass(frozen=True)
class WordSpan:
    """A word, `text` = content[start:end], made of the pieces with the numbers `pieces`.

    White space around a word is not part of it, but pieces between two words belong to the second. A piece
    that covers several words belongs to each of them.
    """

    text: str
    start: int
    end: int
    pieces: range


def word_spans(text: str, spans: Sequence[Span]) -> tuple[WordSpan, ...]:
    """The words of `text`, whose pieces have the given spans. The spans must tile the text.

    Words are separated by white space. In scripts without spaces between words (Chinese, Japanese, Thai and
    others) each piece is a word.
    """
    starts, ends = [start for start, _ in spans], [end for _, end in spans]
    cuts = [start for start, end in spans if 0 < start < end and _is_boundary(text[start - 1], text[start])]
    words, next_piece = list[WordSpan](), 0
    for run in re.finditer(r"\S+", text):
        inner = cuts[bisect_right(cuts, run.start()) : bisect_left(cuts, run.end())]
        for start, end in zip([run.start(), *inner], [*inner, run.end()], strict=True):
            pieces = range(min(next_piece, bisect_right(ends, start)), bisect_left(starts, end))
            words.append(WordSpan(text[start:end], start, end, pieces))
            next_piece = pieces.stop
    return tuple(words)


def _is_boundary(left: str, right: str) -> bool:
    """Whether a word may end between two characters without a space. A mark stays with its letter."""
    mark = unicodedata.category(right).startswith("M")
    return not mark and bool(UNSPACED_SCRIPTS.match(left) or UNSPACED_SCRIPTS.match(right))


def nfc_boundaries(text: str) -> list[int]:
    """For each boundary between characters of NFC(text), from 0 to its length, its position in `text`.

    The text is compared in the shortest runs that normalise independently: a letter with its marks, a Hangul
    syllable.
    """
    boundaries, start = [0], 0
    for end in range(1, len(text) + 1):
        if end == len(text) or _normalises_apart(text, start, end):
            length = len(unicodedata.normalize("NFC", text[start:end]))
            boundaries += [*(min(start + step, end) for step in range(1, length)), end]
            start = end
    return boundaries


def _normalises_apart(text: str, start: int, end: int) -> bool:
    """Whether the character at `end` does not combine with the run before it, which begins at `start`."""
    following = text[end]
    if unicodedata.combining(unicodedata.normalize("NFD", following)[0]):
        return False
    apart = unicodedata.normalize("NFC", text[start:end]) + unicodedata.normalize("NFC", following)
    return unicodedata.normalize("NFC", text[start : end + 1]) == apart
