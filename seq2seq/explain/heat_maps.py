"""Draws heat maps with words at their sides, in any script and either direction of writing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from unicodedata import east_asian_width

import numpy as np

from seq2seq.errors import UsageError
from seq2seq.explain.fonts import fonts_for, is_right_to_left, printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = np.ndarray[Any, Any]
_CELL = 0.36  # inches
_LONGEST = 24  # characters of a label
_GAP, _TITLE, _NOTE = 0.3, 0.3, 0.25  # inches


@dataclass(frozen=True)
class HeatMap:
    """A table of numbers as colours.

    Attributes:
        title: above the map.
        rows, columns: their labels. Columns in a script that is written from the right run from the right.
        values: (rows, columns).
        low, high: the numbers of the palest and the darkest colour; with `low` below 0, negative numbers
            are red and positive ones blue.
        digits: decimals of the number in each cell; None for no numbers.
    """

    title: str
    rows: Sequence[str]
    columns: Sequence[str]
    values: Array
    low: float = 0.0
    high: float = 1.0
    digits: int | None = 2


def draw_heat_maps(maps: Sequence[HeatMap], *, note: str = "") -> Figure:
    """The maps, one below the other, with `note` below them.

    A second note names the characters that no installed font has. Raises UsageError without matplotlib.
    """

    texts = [text for one in maps for text in (one.title, *one.rows, *one.columns)]
    families, missing = fonts_for(texts)
    notes = [note] if note else []
    if missing:
        notes.append(f"No font on this machine has: {' '.join(f'U+{ord(c):04X}' for c in missing[:12])}")
    left = max(_inches(_labels(one.rows)) for one in maps) + 0.2
    tops = [_inches(_labels(one.columns)) + _TITLE for one in maps]
    width = max([left + _CELL * len(one.columns) for one in maps] + [0.075 * len(n) for n in notes]) + 0.3
    height = sum(tops) + sum(_CELL * len(one.rows) + _GAP for one in maps) + _NOTE * len(notes)
    figure, below = figure_type()(figsize=(width, height)), height
    for one, top in zip(maps, tops, strict=True):
        size = (_CELL * len(one.columns), _CELL * len(one.rows))
        below -= top + size[1]
        axes = figure.add_axes((left / width, below / height, size[0] / width, size[1] / height))
        _draw(axes, one, families)
        titled = 1 - (height - below - size[1] - top + 0.08) / height
        figure.text(0.1 / width, titled, one.title, va="top", fontfamily=families, fontsize=9, weight="bold")
        below -= _GAP
    for number, text in enumerate(reversed(notes)):
        figure.text(0.1 / width, (0.08 + _NOTE * number) / height, text, fontsize=8, color="#555555")
    return figure


def _draw(axes: Axes, one: HeatMap, families: Sequence[str]) -> None:
    colours = "RdBu" if one.low < 0 else "Blues"
    axes.pcolormesh(
        one.values, cmap=colours, vmin=one.low, vmax=one.high, edgecolors="#dddddd", linewidth=0.3
    )
    axes.invert_yaxis()
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    style: dict[str, Any] = {"parse_math": False, "fontfamily": list(families), "fontsize": 9}
    middles = [np.arange(len(labels)) + 0.5 for labels in (one.columns, one.rows)]
    axes.set_xticks(middles[0], _labels(one.columns), rotation=90, **style)
    axes.set_yticks(middles[1], _labels(one.rows), **style)
    if is_right_to_left("".join(one.columns)):
        axes.invert_xaxis()
    if one.digits is None:
        return
    strongest = max(abs(one.low), abs(one.high))
    for (row, column), value in np.ndenumerate(one.values):
        if abs(value) >= 0.05 * strongest:
            dark = abs(value) > 0.6 * strongest
            text = f"{value:.{one.digits}f}".replace("0.", ".", 1) if abs(value) < 1 else f"{value:.1f}"
            axes.text(
                column + 0.5,
                row + 0.5,
                text,
                ha="center",
                va="center",
                fontsize=6.5,
                color="white" if dark else "#333333",
            )


def figure_type() -> type[Figure]:
    """The class of matplotlib. Raises UsageError if it is not installed."""
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError:
        raise UsageError("drawing needs matplotlib, which is not installed: pip install matplotlib") from None
    return Figure


def _labels(texts: Sequence[str]) -> list[str]:
    """Labels on one line, shortened if they are long."""
    plain = [printable(" ".join(text.split())) or "␣" for text in texts]
    return [text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…" for text in plain]


def _inches(labels: Sequence[str]) -> float:
    """Estimated length of the longest label at 9 points: 0.65 em a character, 1 em for wide ones."""
    ems = (sum(1.0 if east_asian_width(c) in "WF" else 0.65 for c in label) for label in labels)
    return max(ems, default=0.0) * 9 / 72
