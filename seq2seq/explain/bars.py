"""Draws bars with a label on either side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from seq2seq.explain.fonts import fonts_for
from seq2seq.explain.heat_maps import figure_type

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


class Bar(NamedTuple):
    """A bar of length `value` between `label` and `remark`."""

    label: str
    value: float
    remark: str = ""


def draw_bars(bars: Sequence[Bar], *, title: str, low: float = 0.0, high: float | None = None) -> Figure:
    """The bars, one below the other; `low` and `high` are the ends of the scale (default: the largest)."""
    figure = figure_type()(figsize=(9.0, 0.3 * len(bars) + 1.1), layout="constrained")
    add_bars(figure.subplots(), bars, title=title, low=low, high=high)
    return figure


def add_bars(
    axes: Axes, bars: Sequence[Bar], *, title: str, low: float = 0.0, high: float | None = None
) -> None:
    """The bars on `axes`."""
    families, missing = fonts_for([title, *(text for bar in bars for text in (bar.label, bar.remark))])
    top = max([0.01, *(bar.value for bar in bars)]) if high is None else high
    rows = range(len(bars))
    axes.barh(rows, [bar.value for bar in bars], color="#4477aa", height=0.7)
    axes.set_yticks(rows, [bar.label[:30] for bar in bars], fontfamily=families, fontsize=9, parse_math=False)
    axes.invert_yaxis()
    axes.set_xlim(low, top * (2.2 if any(bar.remark for bar in bars) else 1.05))
    for row, bar in enumerate(bars):
        axes.text(
            max(bar.value, 0) + 0.02 * top,
            row,
            f"{bar.value:.2f}   {bar.remark}"[:90],
            va="center",
            fontsize=8,
            fontfamily=families,
            parse_math=False,
        )
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title(title, fontsize=9, loc="left", fontfamily=families, parse_math=False)
    if missing:
        axes.set_xlabel(f"No font on this machine has: {' '.join(f'U+{ord(c):04X}' for c in missing[:12])}")
