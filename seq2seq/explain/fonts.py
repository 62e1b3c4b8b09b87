"""Fonts for pictures with text in any script: the installed ones that have its characters."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import lru_cache

FIRST = "DejaVu Sans"
"""The font of matplotlib, which is there in any case."""


def fonts_for(texts: Iterable[str]) -> tuple[list[str], str]:
    """Names of installed fonts that together have the characters of `texts`, and those that none has.

    matplotlib takes each character from the first of these fonts that has it.
    """
    from matplotlib.font_manager import findfont, fontManager

    wanted = {
        c for text in texts for c in text if not c.isspace() and unicodedata.category(c) not in ("Cc", "Cf")
    }
    names, missing = [FIRST], wanted - _characters(findfont(FIRST))
    for font in fontManager.ttflist:
        if not missing:
            break
        if font.name in names or font.style != "normal" or font.name.startswith("Last Resort"):
            continue
        if missing & (present := _characters(font.fname)):
            names.append(font.name)
            missing -= present
    return names, "".join(sorted(missing))


@lru_cache(maxsize=64)
def _characters(path: str) -> frozenset[str]:
    """The characters of a font file; none if it cannot be read."""
    from matplotlib.font_manager import get_font

    try:
        return frozenset(map(chr, get_font(path).get_charmap()))
    except (OSError, RuntimeError):
        return frozenset()


def printable(text: str) -> str:
    """`text` with a dot for each control character."""
    return "".join("·" if unicodedata.category(c) == "Cc" else c for c in text)


def is_right_to_left(text: str) -> bool:
    """Whether most letters of `text` are of a script that is written from the right, such as Arabic."""
    kinds = [unicodedata.bidirectional(c) for c in text]
    return sum(kind in ("R", "AL") for kind in kinds) > sum(kind == "L" for kind in kinds)
