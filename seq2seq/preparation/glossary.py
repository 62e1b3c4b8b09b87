"""A glossary: terms of the source language, and how each must be written in the translation.

`Glossary` reads and finds terms. parts.py lets a placeholder go through the model in place of each, or cuts
the sentence there, so that every term that is found has its target form in the translation.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from seq2seq.errors import DataError, UsageError, UsageTypeError
from seq2seq.preparation.lexicon import MARKS
from seq2seq.preparation.verbatim import Verbatim
from seq2seq.text.word_spans import UNSPACED_SCRIPTS

Terms = Mapping[str, str | None]
"""Source term -> target form; "" and None keep the term as it is typed."""
KIND = "term"
"""The kind of the spans that `Glossary.find` returns."""
_LETTER = rf"[^\W{UNSPACED_SCRIPTS.pattern[1:-1]}]"
_TOKEN = re.compile(rf"(?:{_LETTER}[{MARKS}]*)+|\S")
"""A run of letters, digits and underscores, or any other character."""
_CUT = ("script",)  # kinds of kept spans that may hold a term: the rest of the span is kept


@dataclass(frozen=True)
class _Token:
    """A word or a character of a text. Two are equal if their texts and the spaces before them are."""

    text: str
    spaced: bool
    start: int = field(compare=False)
    end: int = field(compare=False)


@dataclass(frozen=True)
class _Term:
    tokens: tuple[_Token, ...]
    target: str | None  # None: as it is typed
    any_case: bool

    def matches(self, tokens: Sequence[_Token]) -> bool:
        """Whether `tokens` are this term. The space before the first one does not count."""
        return len(tokens) == len(self.tokens) and all(
            self._text(token) == one.text and (number == 0 or token.spaced == one.spaced)
            for number, (token, one) in enumerate(zip(tokens, self.tokens, strict=True))
        )

    def _text(self, token: _Token) -> str:
        return token.text.lower() if self.any_case else token.text


class Glossary:
    """Terms with their target forms.

    A term matches whole words: no letter, digit or underscore may stand before or after it. In scripts
    without spaces between words it matches anywhere. A term in small letters matches in any case, another one
    as it is written; if both kinds are there, the second counts. Of terms that overlap in a text the longest
    counts, then the first. Any white space matches any other, ’ matches ', and composed letters match
    decomposed ones.

    Args:
        terms: source term -> target form. "", None and the term itself mean: do not translate, keep it as it
            is typed.

    Raises:
        UsageError: a term is empty, a term or a form holds a line break, or a term occurs twice.
        UsageTypeError: `terms` is no mapping of texts.
    """

    def __init__(self, terms: Terms | None = None) -> None:
        if terms is not None and not isinstance(terms, Mapping):
            raise UsageTypeError(
                f"glossary is of type {type(terms).__name__}, expected a mapping of terms, or a file read "
                "by Glossary.from_file"
            )
        self.terms: dict[str, str | None] = dict(terms or {})
        self._by_first: dict[str, list[_Term]] = {}
        self._keys = set[tuple[object, ...]]()
        for term, target in self.terms.items():
            self._add(term, target)
        for same_start in self._by_first.values():  # the longest first, then those with capitals
            same_start.sort(key=lambda one: (-len(one.tokens), one.any_case))

    @classmethod
    def from_file(cls, path: str | Path) -> Self:
        """Read a TSV file in UTF-8: in each line a term, a tab and its target form.

        A line with a term alone, or with an empty form, means: do not translate. Blank lines and spaces at
        the ends of a field are ignored. Raises DataError with `file:line` if it cannot be read, a line has
        more than two columns or no term, or a term occurs twice.
        """
        lines, terms = dict[tuple[object, ...], int](), dict[str, str | None]()
        for number, line in _numbered_lines(Path(path)):
            where = f"{path}:{number}"
            term, *targets = (column.strip() for column in line.split("\t"))
            if not term or len(targets) > 1:
                raise DataError(f"{where}: {line[:60]!r}, expected a term, a tab and its target form")
            if (key := _key(term)) in lines:
                raise DataError(f"{where}: {term!r} is the term of line {lines[key]}, expected it once")
            lines[key], terms[term] = number, targets[0] if targets else None
        return cls(terms)

    @classmethod
    def of(cls, value: Glossary | Terms | None) -> Glossary:
        """`value` itself if it is a glossary, else the glossary of these terms; None has none."""
        return value if isinstance(value, Glossary) else cls(value)

    def __len__(self) -> int:
        return len(self.terms)

    def find(self, text: str) -> list[Verbatim]:
        """The terms in `text`, in order and without overlap: spans of the kind "term"."""
        if not self.terms:
            return []
        tokens = _tokens(text)
        candidates = [
            (tokens[first].start, tokens[first + len(term.tokens) - 1].end)
            for first in range(len(tokens))
            for term in self._at(tokens, first)
        ]
        candidates.sort(key=lambda span: (span[0] - span[1], span[0]))
        found, taken = list[Verbatim](), bytearray(len(text))
        for start, end in candidates:
            if not any(taken[start:end]):
                found.append(Verbatim(start, end, KIND))
                taken[start:end] = b"\1" * (end - start)
        return sorted(found, key=lambda span: span.start)

    def target(self, typed: str) -> str:
        """The target form of a term as `find` found it in a text; `typed` itself if it is kept."""
        tokens = _tokens(typed)
        for term in self._at(tokens, 0):
            if len(term.tokens) == len(tokens):
                return typed if term.target is None else term.target
        raise ValueError(f"{typed!r} is no term of the glossary")

    def _at(self, tokens: Sequence[_Token], first: int) -> Iterator[_Term]:
        """The terms that begin with the token number `first`, the longest first."""
        for term in self._by_first.get(tokens[first].text.lower(), ()):
            if term.matches(tokens[first : first + len(term.tokens)]):
                yield term

    def _add(self, term: str, target: str | None) -> None:
        for text in (term, "" if target is None else target):
            _check_text(text)
        if not (tokens := tuple(_tokens(term))):
            raise UsageError(f"the glossary has the term {term!r}, expected a text")
        if (key := _key(term)) in self._keys:
            raise UsageError(f"the glossary has the term {term!r} twice, expected it once")
        self._keys.add(key)
        kept = target is None or not target.strip() or target == term
        entry = _Term(tokens, None if kept else target, any_case=term == term.lower())
        self._by_first.setdefault(tokens[0].text.lower(), []).append(entry)


def apart_from_terms(
    kept: Iterable[Verbatim], terms: Sequence[Verbatim]
) -> tuple[list[Verbatim], list[Verbatim]]:
    """Kept spans and terms without overlap, in order, and the terms that are lost.

    A term inside a longer kept span, such as a web address, is lost. Of words in another script, what stands
    around the term is kept. Any other span that overlaps a term gives way to it.
    """
    kept = list(kept)
    lost = [term for term in terms if any(_holds(span, term) for span in kept)]
    held = [term for term in terms if term not in lost]
    rest = [span for one in kept for span in _without(one, held)]
    return sorted([*rest, *held], key=lambda span: (span.start, span.end)), lost


def lacks_form(text: str, forms: Sequence[str]) -> bool:
    """Whether `text` lacks one of the target `forms`: each must be there once, as whole words, apart from the
    others. The first letter of `text` may be a capital one."""
    for form in sorted(forms, key=len, reverse=True):
        begun = form[:1].upper() + form[1:] if form.split(maxsplit=1)[0].islower() else form
        places = rf"(?:(?<!{_LETTER}){re.escape(form)}|\A{re.escape(begun)})(?!{_LETTER})"
        if not (match := re.search(places, text)):
            return True
        text = f"{text[: match.start()]}\0{text[match.end() :]}"
    return False


def joined_at_terms(sentences: Sequence[tuple[int, int]], terms: Sequence[Verbatim]) -> list[tuple[int, int]]:
    """The spans of `sentences`, those in one that a term reaches across ("Yahoo! Answers")."""
    joined = list[tuple[int, int]]()
    for start, end in sentences:
        if joined and any(term.start < joined[-1][1] and start < term.end for term in terms):
            joined[-1] = joined[-1][0], end
        else:
            joined.append((start, end))
    return joined


def lost_note(text: str, lost: Sequence[Verbatim]) -> str:
    """Says which terms do not get their target forms; "" if there are none."""
    names = ", ".join(dict.fromkeys(f'"{text[term.start : term.end]}"' for term in lost))
    return f"{names} of the glossary is part of something that is kept" if names else ""


def _holds(span: Verbatim, term: Verbatim) -> bool:
    inside = span.start <= term.start and term.end <= span.end
    return inside and span.kind not in _CUT and (span.start, span.end) != (term.start, term.end)


def _without(span: Verbatim, terms: Sequence[Verbatim]) -> list[Verbatim]:
    """What is left of `span` where `terms` overlap it."""
    inner = [term for term in terms if term.start < span.end and span.start < term.end]
    if not inner:
        return [span]
    if span.kind not in _CUT:
        return []
    starts, ends = [span.start, *(t.end for t in inner)], [*(t.start for t in inner), span.end]
    return [Verbatim(start, end, span.kind) for start, end in zip(starts, ends, strict=True) if start < end]


def _tokens(text: str) -> list[_Token]:
    """The tokens of `text` in NFC, with their places in `text` as it is."""
    tokens, before = list[_Token](), 0
    for match in _TOKEN.finditer(text):
        plain = unicodedata.normalize("NFC", match[0]).replace("’", "'")
        tokens.append(_Token(plain, match.start() > before, match.start(), match.end()))
        before = match.end()
    return tokens


def _check_text(text: object) -> None:
    """Raise UsageError unless `text` is one line of Unicode text."""
    if not isinstance(text, str):
        raise UsageTypeError(f"{text!r} in the glossary is of type {type(text).__name__}, expected str")
    if "\n" in text or "\r" in text:
        raise UsageError(f"{text!r} in the glossary has a line break, expected one line")
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise UsageError(f"{text!r} in the glossary has a lone surrogate, expected Unicode text")


def _key(term: str) -> tuple[object, ...]:
    """Equal for terms that match the same texts."""
    return tuple((token.text, token.spaced) for token in _tokens(term))


def _numbered_lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines of a file that are not blank, with their numbers."""
    try:
        raw = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}), expected a TSV file") from None
    for number, line in enumerate(raw.split(b"\n"), start=1):
        try:
            text = line.decode().removesuffix("\r")
        except UnicodeDecodeError as error:
            found = f"byte {line[error.start]:#04x} at byte {error.start + 1} of the line"
            raise DataError(f"{path}:{number}: {found}, expected UTF-8") from None
        if text.strip():
            yield number, text
