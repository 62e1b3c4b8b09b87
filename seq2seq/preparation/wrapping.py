"""Pairs of marks around a few words of a sentence: tags, `**`, quotation marks.

They do not go through the model. The sentence is translated without them, and the word alignment tells which
words of the translation they belong around (as translation tools project tags; Müller, 2017).
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from seq2seq.preparation.marks import localize_quotes
from seq2seq.preparation.verbatim import Verbatim
from seq2seq.text.word_spans import Span

_OPENING_TAG = re.compile(r"<([A-Za-z][\w:.-]*)(?:\s[^<>]*)?>")
_CLOSING_TAG = re.compile(r"</([A-Za-z][\w:.-]*)\s*>")
_EMPHASIS = frozenset(("**", "__", "~~", "***"))
_QUOTED = re.compile(
    r"(?<!\w)\"(?=\S)[^\"]+(?<=\S)\"(?!\w)|“[^“”]+”|„[^„“”]+[“”]|«[ \u00a0\u202f]*[^«»]+?[ \u00a0\u202f]*»"
    r"|(?<!\w)[‘'](?=\w)(?:[^‘’']|(?<=\w)['’](?=\w))+['’](?!\w)"
)
_INNER_SPACES = " \u00a0\u202f"
_FINAL = ".,;:!?…"  # what stands after a word and may stay outside of its marks


@dataclass(frozen=True)
class Pair:
    """Marks text[start:inner_start] and text[inner_end:end] around text[inner_start:inner_end]."""

    start: int
    inner_start: int
    inner_end: int
    end: int
    quotes: bool = False


@dataclass(frozen=True)
class Wrapping:
    """Marks that go around the translation of text[start:end]."""

    start: int
    end: int
    before: str
    after: str
    quotes: bool = False


def find_pairs(text: str, kept: Sequence[Verbatim]) -> list[Pair]:
    """Pairs of marks in `text`, the outer ones first; none around the whole text. `kept` is what is kept."""
    begin, stop = len(text) - len(text.lstrip()), len(text.rstrip())
    pairs = [*_tag_pairs(text, kept), *_quote_pairs(text, kept)]
    pairs = [pair for pair in pairs if begin < pair.start or pair.end < stop]
    return sorted(pairs, key=lambda pair: (pair.start, -pair.end))


def _tag_pairs(text: str, kept: Sequence[Verbatim]) -> Iterator[Pair]:
    waiting = list[tuple[str, Verbatim]]()
    for tag in (k for k in kept if k.kind == "tag"):
        mark = text[tag.start : tag.end]
        opening, closing = _OPENING_TAG.fullmatch(mark), _CLOSING_TAG.fullmatch(mark)
        name = (opening or closing)[1] if opening or closing else mark  # type: ignore[index]
        if closing or (mark in _EMPHASIS and any(name == other for other, _ in waiting)):
            while waiting:
                other, start = waiting.pop()
                if other == name:
                    inner = text[start.end : tag.start]
                    if inner.strip():
                        first = start.end + len(inner) - len(inner.lstrip())
                        yield Pair(start.start, first, start.end + len(inner.rstrip()), tag.end)
                    break
        elif opening or mark in _EMPHASIS:
            waiting.append((name, tag))


def _quote_pairs(text: str, kept: Sequence[Verbatim]) -> Iterator[Pair]:
    first = 0  # of `kept`, the first that may reach into a pair
    for match in _QUOTED.finditer(text):
        start, end = match.span()
        while first < len(kept) and kept[first].end <= start:
            first += 1
        inner = match[0][1:-1]
        inner_start = start + 1 + len(inner) - len(inner.lstrip(_INNER_SPACES))
        inner_end = end - 1 - (len(inner) - len(inner.rstrip(_INNER_SPACES)))
        last = bisect_left(kept, end, lo=first, key=lambda span: span.start)
        near = (*kept[first : first + 1], *kept[max(last - 1, first) : last])
        crossed = any(
            k.start == start or k.start < mark < k.end
            for k in near
            for mark in (start, start + 1, end - 1, end)
        )
        if not crossed and any(map(str.isalnum, inner)):
            yield Pair(start, inner_start, inner_end, end, quotes=True)


def is_quoted_sentence(text: str, pair: Pair) -> bool:
    """Whether `pair` are quotation marks around a whole sentence, which is translated by itself."""
    inner = text[pair.inner_start : pair.inner_end]
    return pair.quotes and inner[:1].isupper() and inner[-1:] in ".!?…"


def wrapping(text: str, pair: Pair, language: str) -> Wrapping:
    """The marks of `pair`, as they go around the translation into `language`."""
    before, after = text[pair.start : pair.inner_start], text[pair.inner_end : pair.end]
    if pair.quotes:
        before, after = localize_quotes(before, language), localize_quotes(after, language, closing=True)
    return Wrapping(pair.inner_start, pair.inner_end, before, after, pair.quotes)


def wrap(
    translation: str,
    words: Sequence[Span],
    source: str,
    source_words: Sequence[Span],
    links: Sequence[tuple[int, int]],
    wrappings: Sequence[Wrapping],
) -> tuple[str, list[Span]]:
    """`translation` with the marks of `wrappings`, outer ones first, and the new spans of its `words`.

    Tags whose words have no link go to the end, quotation marks without any are left out. A comma stays
    outside, other final marks stay where they were. `words` and `source_words` are spans, `links` pairs of
    their numbers (source, target).
    """
    inserted: dict[int, tuple[str, str]] = {}  # position -> marks that close, and marks that open there
    for one in wrappings:
        inner = [
            words[target]
            for number, target in links
            if source_words[number][0] < one.end and one.start < source_words[number][1]
        ]
        if one.quotes and not inner:
            continue
        first = min((start for start, _ in inner), default=len(translation))
        last = max((end for _, end in inner), default=len(translation))
        if inner and source[one.start : one.end].rstrip()[-1:] not in _FINAL.replace(",", ""):
            last = max(first + 1, len(translation[:last].rstrip(_FINAL + _INNER_SPACES)))
        closing, opening = inserted.get(first, ("", ""))
        inserted[first] = (closing, opening + one.before)
        closing, opening = inserted.get(last, ("", ""))
        inserted[last] = (one.after + closing, opening) if inner else (closing, opening + one.after)
    pieces, end, places = list[str](), 0, sorted(inserted)
    for place in places:
        pieces += [translation[end:place], *inserted[place]]
        end = place
    shifts = [0, *accumulate(sum(map(len, inserted[place])) for place in places)]
    shifted = [
        (start + shifts[bisect_right(places, start)], stop + shifts[bisect_left(places, stop)])
        for start, stop in words
    ]
    return "".join([*pieces, translation[end:]]), shifted
