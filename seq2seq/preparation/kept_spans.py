"""What is kept of a sentence: spans, those that do not go through the model, and the words between."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import replace

from seq2seq.preparation.lexicon import WORD
from seq2seq.preparation.marks import enclosed, leading_marker
from seq2seq.preparation.rewriting import Change, Rewritten
from seq2seq.preparation.verbatim import Verbatim
from seq2seq.preparation.wrapping import Pair

_OUTSIDE = frozenset(("emoji", "tag", "marker", "opening", "closing", "break"))
"""Kinds that do not go through the model at the ends of a sentence."""
_BREAK = re.compile(
    r"</?(?:br|p|div|li|ul|ol|h[1-6]|tr|td|th|table|hr|blockquote)(?:\s[^<>]*)?/?>", re.IGNORECASE
)
"""Tags that end a sentence: kind "break"."""
_FINAL = " \t.!?…"


_MANY_WORDS = 16  # fewer may be a cry or a song


def words_outside(text: str, kept: Sequence[Verbatim]) -> list[tuple[int, int]]:
    """Spans of the words of `text` outside `kept`."""
    words, spans = list[tuple[int, int]](), [*kept, Verbatim(len(text), len(text), "")]
    index = 0
    for match in WORD.finditer(text):
        while spans[index].end <= match.start() and index < len(kept):
            index += 1
        if match.end() <= spans[index].start:
            words.append(match.span())
    return words


def has_letters(text: str, kept: Sequence[Verbatim]) -> bool:
    """Whether there are letters outside `kept`."""
    end = 0
    for span in kept:
        if any(map(str.isalpha, text[end : span.start])):
            return True
        end = span.end
    return any(map(str.isalpha, text[end:]))


def outside_spans(text: str, kept: Sequence[Verbatim], *, most: int) -> list[Verbatim]:
    """The kept spans that do not go through the model: emoji, tags and marks at the ends of `text`, breaks,
    and one after each `most` others.
    """
    first, last = 0, len(kept)
    while first < last and kept[first].kind in _OUTSIDE:
        if text[kept[first - 1].end if first else 0 : kept[first].start].strip():
            break
        first += 1
    while last > first and kept[last - 1].kind in _OUTSIDE:
        after = text[kept[last - 1].end : kept[last].start if last < len(kept) else None]
        if after.strip(_FINAL):
            break
        last -= 1
    inside, count = list[Verbatim](), 0
    for span in kept[first:last]:  # a break, or one more than there are placeholders
        count = count + 1 if span.kind not in ("break", "opening", "closing") else most + 1
        if count > most:
            inside.append(span)
            count = 0
    return [*kept[:first], *inside, *kept[last:]]


def with_marks(text: str, kept: Sequence[Verbatim]) -> list[Verbatim]:
    """`kept`, and what encloses a sentence: a list marker in front, quotation marks, brackets."""
    marker = leading_marker(text)
    begin, end = (marker + place for place in enclosed(text[marker:]))
    marks = [
        Verbatim(0, len(text[:marker].rstrip()), "marker"),
        Verbatim(marker, begin, "opening"),
        Verbatim(end, len(text), "closing"),
    ]
    inside = [
        replace(k, kind="break") if k.kind == "tag" and _BREAK.fullmatch(text[k.start : k.end]) else k
        for k in kept
        if begin <= k.start and k.end <= end
    ]
    return [k for k in [*marks[:2], *inside, marks[2]] if k.start < k.end]


def replaced(text: str, spans: Sequence[Verbatim], values: Sequence[str]) -> str:
    """`text` with `values` in place of `spans`."""
    pieces, end = list[str](), 0
    for span, value in zip(spans, values, strict=True):
        pieces += [text[end : span.start], value]
        end = span.end
    return "".join([*pieces, text[end:]])


def marks_of(pairs: Sequence[Pair]) -> list[Verbatim]:
    """The marks of `pairs` as spans."""
    return [
        Verbatim(start, end, "mark")
        for pair in pairs
        for start, end in ((pair.start, pair.inner_start), (pair.inner_end, pair.end))
    ]


def quotation_marks(pairs: Sequence[Pair]) -> list[Verbatim]:
    """The marks of `pairs`, which are kept apart from what stands between them."""
    return [
        span
        for pair in pairs
        for span in (
            Verbatim(pair.start, pair.inner_start, "opening"),
            Verbatim(pair.inner_end, pair.end, "closing"),
        )
    ]


def without_marks(usual: Rewritten, pairs: Sequence[Pair]) -> Rewritten:
    """`usual` without the marks of `pairs`."""
    if not pairs:
        return usual
    changes = {(mark.start, mark.end): Change(mark.start, mark.end, "") for mark in marks_of(pairs)}
    return Rewritten(usual.original, sorted([*usual.changes, *changes.values()], key=lambda c: c.start))


def with_names(kept: Sequence[Verbatim], names: Sequence[Verbatim]) -> list[Verbatim]:
    """`kept` and `names`, in order."""
    return sorted([*kept, *names], key=lambda span: span.start)


def whole_pairs(
    text: str, pairs: Sequence[Pair], kept: Sequence[Verbatim], *, most: int
) -> tuple[list[Pair], list[Verbatim], list[Verbatim]]:
    """The pairs whose words go through the model together, what else is kept, and what stays outside."""
    pairs = list(pairs)
    while True:
        marks = sorted((mark.start, mark.end) for mark in marks_of(pairs))
        rest = [k for k in kept if not _is_inside(k, marks)]
        gaps = outside_spans(text, rest, most=most)
        starts = [gap.start for gap in gaps]
        whole = [p for p in pairs if bisect_left(starts, p.start) == bisect_left(starts, p.end)]
        if len(whole) == len(pairs):
            return pairs, rest, gaps
        pairs = whole


def _is_inside(span: Verbatim, places: Sequence[tuple[int, int]]) -> bool:
    """Whether `span` lies in one of `places`, which are in order."""
    number = bisect_right(places, (span.start, span.end + 1)) - 1
    return any(
        start <= span.start and span.end <= end for start, end in places[max(number - 1, 0) : number + 1]
    )


def repetition_note(text: str) -> str:
    """Why `text` is kept as a whole if it is one, two or three words over and over; else ""."""
    words = text.casefold().split()
    few = len(words) >= _MANY_WORDS and len(set(words)) <= 3
    return "it is the same words over and over" if few else ""
