"""Words as a model has seen them, and an answer in the form of its text.

Truecasing (Lita et al., 2003): each word gets the capitals that it usually has in the training data. A word
with one mistake becomes the likeliest known word (Norvig, 2007).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from seq2seq.preparation.lexicon import MARKS, WORD, Lexicon
from seq2seq.preparation.rewriting import Change, Rewritten
from seq2seq.text.word_spans import Span

_SPACE_FOR = dict.fromkeys("\t\u00a0\u2028\u2029\u202f\u205f" + "".join(map(chr, range(0x2000, 0x200B))), " ")
_SPACE_FOR |= dict.fromkeys("\x0b\x0c\r\x1c\x1d\x1e\x1f\x85", " ")
_INVISIBLE = (*range(0x20), *range(0x7F, 0xA0), 0xAD, 0x200B, 0x200E, 0x200F, *range(0x202A, 0x202F))
_INVISIBLE += (*range(0x2060, 0x2065), *range(0x2066, 0x206A), 0xFEFF, *range(0xFFF9, 0xFFFC))
_SPACE_FOR |= {char: "" for char in map(chr, _INVISIBLE) if char not in _SPACE_FOR and char != "\n"}
_BEFORE = re.compile(r"([^\W\d_]+)\.?[ \u00a0-]$")
"""A word in front of another one."""
_LONGEST_TITLE = 30
_ABBREVIATION = re.compile(r"[^\W\d_]{1,3}\. ")
"""A short word with a stop inside a sentence: "M. Dupont", "No. 5"."""
_MARKED = re.compile(rf"[^\W_][{MARKS}]+")
_ODD_SPACE = re.compile(f"[{''.join(_SPACE_FOR)}]")


def is_shouted(text: str, *, keep: Sequence[Span] = ()) -> bool:
    """Whether `text` has two capital letters or more, and no small ones, outside the spans `keep`."""
    letters = _without(text, keep)
    capitals, others = sum(map(str.isupper, letters)), sum(map(str.isalpha, letters))
    return letters.isupper() and capitals > 1 and 2 * capitals > others  # others: of scripts without capitals


def _without(text: str, spans: Sequence[Span]) -> str:
    starts, ends = [0, *(end for _, end in spans)], [*(start for start, _ in spans), len(text)]
    return "".join(text[start:end] for start, end in zip(starts, ends, strict=True))


def usual_words(text: str, lexicon: Lexicon, *, keep: Sequence[Span] = ()) -> Rewritten:
    """`text` with its words as they are usually written.

    White space becomes spaces, invisible characters go, and letters with marks are composed (NFC). A form
    that was seen in training stays. "i", "tom" and "PARIS" become "I", "Tom" and "Paris", "Dog" in a
    title "dog", and "teh" "the". A first word keeps its capital letter, and gets one if no letter of a
    text of several words is large. In a shouted text unknown words look like names.

    Args:
        text: one sentence.
        lexicon: of the language of `text`; with an empty one `text` stays as it is.
        keep: spans that stay as they are, in order.
    """
    changes = [Change(m.start(), m.end(), _SPACE_FOR[m[0]]) for m in _outside(_ODD_SPACE, text, keep)]
    matches = list(_outside(WORD, text, keep)) if lexicon else []
    if not lexicon:
        composed = (
            (m.start(), m.end(), unicodedata.normalize("NFC", m[0])) for m in _outside(_MARKED, text, keep)
        )
        changes += [Change(*change) for change in composed if text[change[0] : change[1]] != change[2]]
    letters = _without(text, keep)
    calm = letters == letters.lower()
    shouted = is_shouted(letters) and not all(lexicon.usual(m[0]) == m[0] for m in matches)
    title = shouted or is_title([match[0] for match in matches])
    for index, match in enumerate(matches):
        start, stop = match.span()
        word, first = _composed(match[0], lexicon), index == 0
        if not (first or title) and (
            _ABBREVIATION.match(text, start) or looks_like_name(text, (start, stop), lexicon)
        ):
            continue
        form = _usual_form(word, lexicon, shouted=shouted, first=first)
        if first and (shouted or word[0].isupper() or (calm and len(matches) > 1)):
            form = form[:1].title() + form[1:]
        if form != match[0]:
            changes.append(Change(start, stop, form))
    return Rewritten(text, sorted(changes, key=lambda change: change.start))


def is_title(words: Sequence[str]) -> bool:
    """Whether most words after the first have a capital letter, which then means nothing."""
    capitals = sum(word[0].isupper() for word in words[1:])
    return capitals > 2 and 2 * capitals > len(words) - 1


def looks_like_name(text: str, span: Span, lexicon: Lexicon) -> bool:
    """Whether a word inside a sentence, known in small letters only, is a name because it follows one, or a
    title: "Mrs. Green", "Anna Brown".
    """
    word = text[span[0] : span[1]]
    if not word[0].isupper() or not word[1:].islower() or lexicon.knows_form(word) or word not in lexicon:
        return False
    before = _BEFORE.search(text[max(span[0] - _LONGEST_TITLE, 0) : span[0]])
    return before is not None and before[1][0].isupper() and lexicon.usual(before[1])[0].isupper()


def _outside(pattern: re.Pattern[str], text: str, spans: Sequence[Span]) -> Iterator[re.Match[str]]:
    """The matches of `pattern` in `text` outside `spans`, which are in order."""
    number = 0
    for match in pattern.finditer(text):
        while number < len(spans) and spans[number][1] <= match.start():
            number += 1
        if number == len(spans) or match.end() <= spans[number][0]:
            yield match


def _composed(word: str, lexicon: Lexicon) -> str:
    """`word` in NFC, unless the lexicon has it as it is."""
    return word if word.isascii() or word in lexicon else unicodedata.normalize("NFC", word)


def _usual_form(word: str, lexicon: Lexicon, *, shouted: bool, first: bool) -> str:
    if word in lexicon:
        return word if lexicon.knows_form(word) and not shouted else lexicon.usual(word)
    if word.islower() or shouted or (first and word[1:].islower()):
        correct = lexicon.corrected(word)
        if correct != word:
            return correct
    return word.capitalize() if shouted else word


def shout(text: str, *, keep: Sequence[Span] = ()) -> str:
    """`text` in capital letters, of the same length, apart from the spans `keep`."""
    letters = [large if len(large := letter.upper()) == 1 else letter for letter in text]
    for start, end in keep:
        letters[start:end] = text[start:end]
    return "".join(letters)
