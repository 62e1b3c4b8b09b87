"""Other words at a place of a translation, each with the whole sentence that follows from it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from seq2seq.completion import complete
from seq2seq.decoding.next_words import UNIT
from seq2seq.errors import UsageError
from seq2seq.part_translator import PartTranslator
from seq2seq.prefixed import translate_from
from seq2seq.translation import Translation, Word

LEAST = 0.01
"""A less probable word is no alternative."""


@dataclass(frozen=True)
class Alternative:
    """Another word at the place of one.

    Attributes:
        word: a complete word.
        probability: of this word, given the source and the words before it.
        translation: the likeliest translation that has the same words before it, and then this one.
    """

    word: str
    probability: float
    translation: Translation

    def __str__(self) -> str:
        return self.word


def alternatives(
    way: PartTranslator, text: str, translation: Translation | str, word: int, *, n: int = 5
) -> list[Alternative]:
    """Up to `n` other likely words in place of word number `word` of the `translation` of `text`.

    Raises UsageError if there is no such word.
    """
    target = str(translation)
    words = translation.words if isinstance(translation, Translation) else _words(target)
    if type(word) is not int or not 0 <= word < len(words):
        raise UsageError(f"word is {word!r}, expected 0 to {len(words) - 1}, a word of {target[:60]!r}")
    present, before = _core(words[word].text), target[: words[word].start]
    before += words[word].text[: words[word].text.index(present)]
    made, seen = list[Alternative](), {"", _plain(present)}
    for completion in complete(way, text, before, n=n + 1):
        other = completion.text.strip()
        if completion.probability >= LEAST and _plain(other) not in seen and len(made) < n:
            seen.add(_plain(other))
            whole = translate_from(way, text, before + completion.text, whole_word=True)
            made.append(Alternative(other, completion.probability, whole))
    return made


def _plain(word: str) -> str:
    """`word` with one kind of apostrophe: others make no other word."""
    return word.replace("’", "'")


def _words(text: str) -> tuple[Word, ...]:
    """The words of a translation that is only known as text."""
    return tuple(Word(match[0], *match.span()) for match in re.finditer(r"\S+", text))


def _core(word: str) -> str:
    """`word` without the marks around it, such as a comma; a mark that stands alone as it is."""
    units = [match[0] for match in UNIT.finditer(word)]
    return next((unit for unit in units if any(map(str.isalnum, unit))), units[0])
