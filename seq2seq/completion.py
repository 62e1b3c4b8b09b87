"""Completes a translation that someone is typing: the likely continuations up to the end of a word."""

from __future__ import annotations

from dataclasses import dataclass

from seq2seq.decoding.decode import forbidden_tokens
from seq2seq.decoding.next_words import Question, next_words
from seq2seq.decoding.prefix import Beginning, ForcedPrefix, surfaces_of
from seq2seq.part_translator import PartTranslator
from seq2seq.prefixed import calm, grouped, shares
from seq2seq.preparation.casing import shout
from seq2seq.preparation.parts import Part

SPARE = 3
"""Continuations that may turn out to be no words."""


@dataclass(frozen=True)
class Completion:
    """A continuation of a prefix.

    Attributes:
        text: what follows the prefix, with the white space before it, up to the end of the present or of the
            next word; "" if the translation ends there.
        probability: of this continuation, given source and prefix.
    """

    text: str
    probability: float

    def __str__(self) -> str:
        return self.text


def complete(
    way: PartTranslator, text: str, prefix: str, *, n: int = 5, whole_word: bool = False
) -> list[Completion]:
    """The `n` likeliest continuations of `prefix`, which begins the translation of `text`.

    With `whole_word` the last word of the prefix does not go on.
    """
    part, begun = _present(way, text, prefix)
    if part is None:
        return []
    if not part.ids:
        fixed = part.text if part.fixed is None else part.fixed
        return [Completion(fixed[len(begun) :], 1.0)] if fixed.startswith(begun) else []
    wanted = calm(way, begun) if part.shouted else begun
    shouted = part.shouted and (wanted != begun or not begun)
    beginning = Beginning(wanted, part.fillings, whole_word=whole_word)
    rule = ForcedPrefix(surfaces_of(way.target), (beginning,))
    question = Question((*way.tag, *part.ids, way.target.eos_id), beginning, forbidden_tokens(way.target))
    words = next_words(way.engine, way.target, rule, question, n=n + SPARE)
    known = [word for word in words if not way.words.invented(_last_word(wanted) + word[0], source=text)]
    return [Completion(shout(word) if shouted else word, p) for word, p in (known or words)[:n]]


def _last_word(text: str) -> str:
    """What stands behind the last white space of `text`."""
    return "" if text[-1:].isspace() else (text.split() or [""])[-1]


def _present(way: PartTranslator, text: str, prefix: str) -> tuple[Part | None, str]:
    """The part of `text` that is being translated, and the beginning of its translation."""
    source, target = way.preparation.languages
    groups = grouped(way.parts(text), text, source, split=way.config.sentences)
    for group, share in zip(groups, shares(prefix, len(groups), target), strict=True):
        if share.closed:
            continue
        begun = share.text.lstrip()
        for part in group:
            if part.ids or not part.text.strip():
                continue
            fixed = part.text if part.fixed is None else part.fixed
            if begun.startswith(fixed + part.separator):
                begun = begun[len(fixed + part.separator) :]
            elif fixed.startswith(begun):
                return part, begun
        return next((part for part in group if part.ids), group[0] if group else None), begun
    return None, ""
