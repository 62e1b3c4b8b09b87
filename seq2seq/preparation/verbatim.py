"""Finds what is not language in a text: addresses, files, placeholders, markup, code, emoji, numbers.

A translation keeps these spans. What they look like: verbatim_patterns.py. How a number is written in the
target language: numbers.py. Which sentences and words there are: segmentation.py, word_spans.py.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container
from dataclasses import dataclass

from seq2seq.preparation.verbatim_patterns import HINT, PATTERNS


@dataclass(frozen=True)
class Verbatim:
    """A span of a text that a translation keeps: text[start:end].

    Kinds: `url` (also bare domains), `email`, `mention` (@name, #tag), `file` (names, paths, typed escapes
    such as \\n), `placeholder`, `tag` (markup, entities, Markdown's marks of emphasis), `code` (quoted code,
    identifiers, options, product codes), `emoji` (a run of them; also :-) and :name:), `number` (with sign,
    currency, percent, unit if it is a symbol; also times, dates, telephone numbers, versions), `script`
    (words that the model has no pieces for).
    """

    start: int
    end: int
    kind: str


_WORD = re.compile(r"\S+")


def find_verbatim(text: str, *, alphabet: Container[str] | None = None) -> list[Verbatim]:
    """The spans of `text` that are not language, in order and without overlap.

    Of spans that overlap, the one that begins first counts, then the longest, then the order of `PATTERNS`.
    A mark that ends a sentence, and a bracket that opens outside a span, do not belong to it. Digits before
    letters that are language are a number without them ("21" in "21st", "1990" in "1990s"). A stop
    after "p.m" that ends the text ends the sentence.

    `alphabet` holds the characters (in NFC) that the model has pieces for. A word, without the punctuation at
    its edges, with another letter, digit or symbol is a `script` span; such words with one space between them
    are one span. None: no `script` spans.
    """
    spans = _by_pattern(text) if HINT.search(text) else []
    return spans if alphabet is None else _with_scripts(text, spans, alphabet)


def _by_pattern(text: str) -> list[Verbatim]:
    """The spans of `text` that patterns find."""
    candidates = [
        (match.start(), -match.end(), order, kind)
        for order, (kind, pattern) in enumerate(PATTERNS.items())
        for match in pattern.finditer(text)
    ]
    spans, end = list[Verbatim](), 0
    for start, minus_end, _, kind in sorted(candidates):
        if start >= end:
            end = -minus_end
            spans.append(Verbatim(start, end, kind))
    return spans


def _with_scripts(text: str, spans: list[Verbatim], alphabet: Container[str]) -> list[Verbatim]:
    """`spans` and the `script` spans between them."""
    strange = "".join(sorted(char for char in set(text) if char not in alphabet and _is_counted(char)))
    if not strange:
        return spans
    pattern, merged, start = re.compile(f"[{re.escape(strange)}]"), list[Verbatim](), 0
    for span in [*spans, Verbatim(len(text), len(text), "end")]:
        for word in _WORD.finditer(text, start, span.start):
            if pattern.search(word[0]) and (edges := _without_punctuation(word[0], alphabet)):
                first, last = word.start() + edges[0], word.start() + edges[1]
                if merged and merged[-1].kind == "script" and text[merged[-1].end : first] == " ":
                    first = merged.pop().start
                merged.append(Verbatim(first, last, "script"))
        merged.append(span)
        start = span.end
    return merged[:-1]


def _is_counted(char: str) -> bool:
    """Whether `char` makes a word one of another script if it is outside the alphabet."""
    return unicodedata.category(char)[0] in "LMNS" or unicodedata.category(char) in ("Co", "Cn")


def _without_punctuation(word: str, alphabet: Container[str]) -> tuple[int, int] | None:
    """Start and end of `word` without punctuation at its edges; None if the alphabet has it in NFC."""
    if all(char in alphabet or not _is_counted(char) for char in unicodedata.normalize("NFC", word)):
        return None
    inner = [index for index, char in enumerate(word) if _is_counted(char)]
    return inner[0], inner[-1] + 1
