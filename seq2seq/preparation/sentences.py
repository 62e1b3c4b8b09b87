"""Cuts a line of text into its sentences.

The library sentencex (Wikimedia) knows the abbreviations and the sentence marks of many languages. It reads a
copy of the line in which what misleads it is replaced, one character for one (`_masked`), and proposes
boundaries. `sentence_spans` decides where exactly each lies and drops those inside a sentence.
`segmentation.py` cuts texts into lines, and sentences that are too long for a model into parts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from seq2seq.text.languages import language_code

_WINDOW = 4000
"""Characters that the library reads at once, so that time and memory are linear in the length of a line."""

_UPPER = "A-ZÀ-ÖØ-ÞŒŠŽΑ-ΩА-Я"
_LOWER = "a-zß-öø-ÿœšžα-ωа-я"

_TAIL = re.compile(
    r"(?P<closing>(?:[.!?…\"'”’»›)\]}」』》）】]|[“‘«‹](?!\w)|</\w{1,20}>)*"  # “ and « close in German
    r"(?:\s+(?:[»›](?!\w)|[\"”](?=\s|$)))*)"  # « Oui. »
    r"(?:\s*\[\d{1,3}\])*"  # references
    r"(?:\s*(?:[\u2600-\u26ff\u2728\u274c\u2753-\u2757\u2763\u2764\u2b50\U0001f000-\U0001faff]"
    r"[\ufe0e\ufe0f\u200d\u20e3]*|[:;]-?[)(DP](?!\w)|<3(?!\w)))*"  # emoji and smileys
)
"""What stands after the mark that ends a sentence and still belongs to the sentence."""

_FOLLOWING = re.compile(
    rf"(?P<space>\s*)(?:(?P<lower>[{_LOWER}])|(?P<middle>[,;:)])|(?P<opening>[“«„「『])"
    r"|(?P<unspaced>[\u2e80-\u9fff]))?"
)
_NUMBER = re.compile(r"\W?(?:\d{1,3}|[A-Z])\.")  # 1. First. 2. Second. J. Smith.
_SOLID = re.compile(r"[^\W_]")  # a letter or a digit
_WITHOUT_MARKS = re.compile(r"[\w ,'’-]*+[.!?]?\s*+")  # no mark that ends a sentence before the end

# The library would keep all quoted and bracketed text in one piece, does not know "…" as an end, and panics
# at some white space (1.0.32).
_REPLACED = str.maketrans(
    dict.fromkeys('"“”„‟«»‹›‘‚‛「」『』《》()[]{}<>（）【】', " ")
    | dict.fromkeys("\t\n\v\f\r\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000", " ")
    | dict.fromkeys(map(chr, range(0x2000, 0x200B)), " ")
    | {"…": "."}
)
_BLANKED = re.compile(r"['’](?:(?<!\w['’])|(?!\w))|-(?<=\b\w\.-)(?=\w\.)")  # quotes; J.-P. as J. P.
_SURROGATES = re.compile("[\ud800-\udfff]")
_HIDDEN_STOPS = (
    rf"\b(?:Mrs?|Ms|Dr|Prof)\.(?= +[{_UPPER}])"
    rf"|\b(?:[ap]\. ?m|etc|usw|ecc|enz)\.(?= +[{_LOWER}])"  # a las 9 p. m. en Madrid
    r"|\b[ap]\.m\.(?= +(?:[A-Z]{2,4}|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day)\b)"  # 5 p.m. EST
    r"|\b(?i:no|vol|art|chap|fig|sec)\.(?= (?:\d|[IVXLC]{2,}\b|[IVXLC][,.;:]))"
)
_HIDDEN_STOPS_OF = {
    "fr": r"|\b(?:MM?|Mgr|Mme|Mlle|Me|Pr|Ste?)\.(?= )",
    "de": r"|\b(?:[Dd](?:er|ie|as|en|em|es)|[AaIi]m|[VvZz]om|[Zz]u[mr]|[Bb]eim|[Ii]ns) (?:\d{1,3}|[IVX]+)\."
    rf"(?= +[{_UPPER}])",  # ordinal numbers: das 19. Jahrhundert
}
# Words that the library takes for abbreviations. Before a capital, other than a Roman numeral, they end a
# sentence. Those of English, French, German and Spanish are all that do so in Tatoeba more than once.
_ORDINARY = "etc|usw|ecc|enz|no|ok"
_ORDINARY_OF = {
    "en": "|me|i|id|ill|art|sec|miss|may|con",
    "fr": "|vol|art|sec",
    "de": "|mich|mag|art|bart|op",
    "es": "|bien|auto|mar|extra|sobre|contra|mono|entre|hipo|micro|di|ex",
    "it": "|me|via|art",
    "pt": "|art",
    "nl": "|vol",
}
_REVEALED = (
    rf"(?:\b(?i:%s)|(?<=\w)(?:['’]\w| I))(?= ?\. +[{_UPPER}¿¡])(?!\. +[IVXLC]+(?:[,.;:]| *$))"  # but Vol. II.
    rf"|\b[ap]\.m(?=\. +[{_UPPER}])"
    r"|(?<=[\w-]{3}\.)[a-z]{2,4}(?=\. )"  # the ends of example.fr and notes.txt
)
# First characters that the library does not take for the start of a sentence in some languages.
_STARTS = (
    r"([!?] |[。！？] ?)[a-zà-öø-ÿ0-9]"
    r"|(\. )(?<!str\. )(?:(?<=\w{4}\. )\d{1,3}(?=\. )|(?<=\w{5}\. )\d)"  # 2. and 3. of a list; other numbers
)
_STARTS_IN_LOWER_CASE = _STARTS + r"|(\. )(?<=[^.]\. )[a-zà-öø-ÿ]"


def line_spans(line: str, language: str) -> list[tuple[int, int]]:
    """The spans of the sentences of a line; tabs end one."""
    return [
        (cell.start() + start, cell.start() + end)
        for cell in re.finditer(r"[^\s\t](?:[^\t]*[^\s\t])?", line)
        for start, end in sentence_spans(cell[0], language)
    ]


def sentence_spans(text: str, language: str = "") -> list[tuple[int, int]]:
    """Start and end, in characters, of each sentence of a line, without the white space around it.

    Every other character is in exactly one span. `language` is a tag such as "fr", "pt-BR" or "zh-Hant";
    languages without rules of their own, and "", follow those of a related language or of English.

    - Quotes, brackets and references that close after the mark belong to the sentence before, and so do
      emoji. Sentences inside quotes or brackets are cut like others.
    - ".", "!" and "?" end a sentence only before white space: URLs, file names and decimals stay whole.
    - No sentence ends where a comma follows, or where a lower-case letter follows a closing quote, a closing
      bracket or an ellipsis: "Really?" she asked.
    - Numbers of a list, 1. and 2., belong to what follows. Pieces without letters and digits join the
      sentence before them, or the next at the start of the line.

    `text` is one line; a line break inside counts as a space.
    """
    start = len(text) - len(text.lstrip())
    if _WITHOUT_MARKS.fullmatch(text, start):
        return [(start, len(text.rstrip()))] if start < len(text) else []
    language, spans = language_code(language), list[tuple[int, int]]()
    piece = tail_end = start  # a piece is what stands between two marks
    for mark_end in _mark_ends(_masked(text, language), language):
        if mark_end <= tail_end:
            continue
        tail = _TAIL.match(text, mark_end)
        assert tail is not None, "it matches an empty text"
        tail_end = tail.end()
        following = _FOLLOWING.match(text, tail_end)
        assert following is not None, "it matches an empty text"
        numbered = _NUMBER.fullmatch(text, piece, tail_end) is not None
        piece = following.end("space")
        if not numbered and _ends_sentence(text, mark_end, tail["closing"], following):
            spans.append((start, tail_end))
            start = piece
    if start < len(text):
        spans.append((start, len(text.rstrip())))
    return _joined(spans, text)


def _ends_sentence(text: str, mark_end: int, closing: str, following: re.Match[str]) -> bool:
    """Whether a sentence ends at a mark that `closing`, the quotes after it, and `following` come next to."""
    if following["middle"] or following.start() == len(text):
        return False
    mark, quoted = text[mark_end - 1], closing.strip(".!?…") != ""
    if not following["space"]:
        if quoted:
            return following["opening"] is not None
        return mark not in ".!?…" or (mark in "!?" and following["unspaced"] is not None)
    ellipsis = mark == "…" or text[mark_end - 2 : mark_end] == ".."
    return not (following["lower"] and (quoted or ellipsis))


def _joined(spans: list[tuple[int, int]], text: str) -> list[tuple[int, int]]:
    """Spans without letters and digits joined to those before them; at the start of the text, to the next."""
    joined, before = list[tuple[int, int]](), False
    for start, end in spans:
        solid = text[start].isalpha() or _SOLID.search(text, start, end) is not None
        if joined and not (solid and before):
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
        before = before or solid
    return joined


def _mark_ends(masked: str, language: str) -> Iterator[int]:
    """Where the library sees the end of a sentence: the positions after the marks, in ascending order.

    It reads a window at a time. The next window begins at the last end, or at the last space if there is
    none. Each character is read twice at most.
    """
    from sentencex import segment  # not needed for training

    start = 0
    while start < len(masked):
        window = masked[start : start + _WINDOW]
        if start + len(window) < len(masked):
            window = window[: window.rfind(" ") + 1] or window
        sentences = segment(language, window)
        for sentence in sentences[:-1]:
            yield start + len(sentence.rstrip(" "))
            start += len(sentence)
        if len(sentences) == 1 or start + len(sentences[-1]) == len(masked):
            start += len(sentences[-1])


def _masked(text: str, language: str) -> str:
    """What the library reads in place of `text`: as many characters."""
    masked = _SURROGATES.sub("x", _BLANKED.sub(" ", text.translate(_REPLACED)))
    stops, starts, starts_in_lower_case, words = _rules(language)
    masked = stops.sub(lambda match: match[0][:-1] + ",", masked)
    masked = (starts_in_lower_case if masked.islower() else starts).sub(_as_capital, masked)
    return words.sub(lambda match: ("kj" * len(match[0]))[: len(match[0])], masked)


@lru_cache(maxsize=64)
def _rules(language: str) -> tuple[re.Pattern[str], ...]:
    """Patterns of a language: stops to hide, starts to reveal, the same in lower case, words to replace."""
    stops = _HIDDEN_STOPS + _HIDDEN_STOPS_OF.get(language, "")
    words = _REVEALED % (_ORDINARY + _ORDINARY_OF.get(language, ""))
    return tuple(map(re.compile, (stops, _STARTS, _STARTS_IN_LOWER_CASE, words)))


def _as_capital(match: re.Match[str]) -> str:
    """A mark and its space as they are, what follows as "A"."""
    mark = match[match.lastindex or 0]
    return mark + "A" * (len(match[0]) - len(mark))
