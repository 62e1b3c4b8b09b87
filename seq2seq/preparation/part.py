"""A part of a text: translated by a model, or kept as it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from seq2seq.preparation.wrapping import Wrapping


@dataclass(frozen=True)
class Part:
    """A part of a text. One with ids is translated, any other is kept.

    Attributes:
        text: what was typed, without white space at its ends; a blank line as it is.
        start: position of its first character in the text.
        separator: what follows it: white space, "" at the end of the text.
        ids: token ids, without EOS.
        originals, fillings: what each placeholder stands for in the source, and in the translation.
        places, ends: for each position in the text of `ids` that in `text`, of what begins and of what ends
            there; empty if they are the same.
        wrappings: marks that go around words of the translation.
        shouted: whether it was typed in capital letters.
        fixed: without ids, the translation; None if that is `text`.
        required: target forms of the glossary that must be in the translation.
        instead: parts that hold these forms; for a translation that lacks one.
        note: why it is kept, or which terms of the glossary are not in it; "" if there is nothing to say.
    """

    text: str
    start: int
    separator: str = ""
    ids: tuple[int, ...] = ()
    originals: tuple[str, ...] = ()
    fillings: tuple[str, ...] = ()
    places: tuple[int, ...] = ()
    ends: tuple[int, ...] = ()
    wrappings: tuple[Wrapping, ...] = ()
    shouted: bool = False
    fixed: str | None = None
    required: tuple[str, ...] = ()
    instead: tuple[Part, ...] = ()
    note: str = ""


def separated(parts: Sequence[Part], text: str, start: int) -> list[Part]:
    """`parts` with what stands between them in `text`, which begins at `start`, as separators."""
    starts = [*(part.start for part in parts[1:]), start + len(text)]
    return [
        with_separator(part, text[part.start + len(part.text) - start : following - start])
        for part, following in zip(parts, starts, strict=True)
    ]


def with_separator(part: Part, separator: str) -> Part:
    """`part` with what follows it."""
    return part if part.separator == separator else replace(part, separator=separator)
