"""Marks around a sentence: those of lists and headings at its start, quotation marks and brackets around it.

Quotation marks of languages follow Unicode CLDR 47 (cldr.unicode.org). Where a sentence ends: sentences.py.
"""

from __future__ import annotations

import re

from seq2seq.text.languages import language_code, normalize_tag

_MARKER = re.compile(
    r"""
    [ \t]*+ (?=[-*•–#>\[(0-9A-Za-z])
    (?: >(?:[ ]?>)*+ [ \t]++ )?
    (?: \#{1,6}+ [ \t]++
      | (?: (?:[-*•–] | [0-9]{1,3}+[.)] | [A-Za-z]\)) [ \t]++ )? (?: \[[ xX]\] [ \t]++ )? )
    (?=\S)
    """,
    re.VERBOSE,
)
_PAIRS = {
    "„": "“”",
    "“": "”",
    "”": "”",
    "»": "«»",
    "«": "»",
    "‹": "›",
    "‘": "’",
    "‚": "‘’",
    "「": "」",
    "『": "』",
}
_PAIRS |= {'"': '"', "'": "'", "(": ")", "[": "]", "（": "）", "【": "】"}
_FINAL = ".!?…。！？"

_ROWS = (
    "« » ca el es fa hy it nb no pt-pt ru sq uk",
    "„ “ bg cs de et hr is ka lt mk sk sl sr",
    "„ ” hu pl ro",
    "” ” fi he sv",
    "‘ ’ nl",
    "「 」 ja zh-hant",
)
_QUOTES = {tag: (left, right) for left, right, *tags in map(str.split, _ROWS) for tag in tags}
_QUOTES |= {"fr": ("«\u00a0", "\u00a0»"), "en": ('"', '"')}  # straight in English, as people type them
_SPACES = "[ \u00a0\u2009\u202f]*+"
_OPENING = re.compile(rf"""["“”„«»‹'‘‚「『]{_SPACES}""")
_CLOSING = re.compile(rf"""{_SPACES}["“”«»›'‘’」』]""")


def leading_marker(text: str) -> int:
    """Number of characters of the marker of a list, heading or quotation at the start of a line, 0 if none.

    Markers are "- ", "* ", "• ", "– ", "1. ", "2) ", "a) ", "# " to "###### ", "> ", "[ ] " and "[x] ", with
    the white space around them; "> - [ ] " is one marker. Something must follow.
    """
    match = _MARKER.match(text)
    return match.end() if match and not match[0].isspace() else 0


def enclosed(text: str) -> tuple[int, int]:
    """Start and end of what stands in the quotation marks or brackets around `text`, without their spaces.

    The whole text must stand in one matching pair; final marks may follow it, as in “Yes”. Else 0, len(text).
    An apostrophe is no quotation mark inside a word.
    """
    end = len(text.rstrip(_FINAL))
    if end < 3 or text[-1:].isspace() or text[0] not in _PAIRS or text[end - 1] not in _PAIRS[text[0]]:
        return 0, len(text)
    inner = text[1 : end - 1]
    if not inner.strip() or not _is_one_pair(inner, text[0], text[end - 1]):
        return 0, len(text)
    return 1 + len(inner) - len(inner.lstrip()), 1 + len(inner.rstrip())


def localize_quotes(mark: str, target: str, *, closing: bool = False) -> str:
    """`mark`, a quotation mark with its spaces, as language `target` writes it.

    A mark in it that opens (or closes, with `closing`) changes; brackets and final marks stay: with the start
    and end of `enclosed`, `mark` is `text[:start]` or, closing, `text[end:]`. French has U+00A0 inside.
    """
    quotes = _QUOTES.get(normalize_tag(target)) or _QUOTES.get(language_code(target), ("“", "”"))
    pattern = _CLOSING if closing else _OPENING
    return pattern.sub(lambda _: quotes[closing], mark, count=1)


def _is_one_pair(inner: str, opening: str, closing: str) -> bool:
    """Whether brackets are balanced in `inner`, or a quotation mark does not stand in it again."""
    if closing in "'’":
        inner = re.sub(r"(?<=\w)['’](?=\w)", "", inner)
    depth = 0
    for char in inner:
        if opening != closing and char == opening:
            depth += 1
        elif char == closing:
            depth -= 1
            if depth < 0:
                return False
    return depth == 0
