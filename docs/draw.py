"""Draws the pictures of the explanation pages: `python docs/draw.py [FOLDER]`, by default into docs/images.

`comparison.png` and `gradients.png` come from `seq2seq compare` and `seq2seq gradients` (see BENCHMARKS.md).
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from seq2seq import Translator
from seq2seq.evaluation.figures import Curve, Panel, attention_map, draw_panels, save

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Point = tuple[float, float]
X_BUS, H_BUS, BOXES = 0.5, 1.0, 1.9  # heights of the two inputs and of the gates in the drawings of cells
WIDE, HIGH = 0.5, 0.28  # half the size of a gate
LINE = "#333333"


def main() -> None:
    """Draw all pictures."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "images"
    save(_activations(), folder / "activations.png")
    save(draw_panels(products()), folder / "products.png")
    draw_cells(folder / "cells.png")
    translation = Translator.from_pretrained("en-fr").translate("He bought a red car last week.")
    assert translation.attention is not None
    figure = attention_map(translation.source_tokens, translation.target_tokens, translation.attention)
    save(figure, folder / "attention.png")


def _activations() -> Figure:
    """The activation functions and their derivatives."""
    x = np.linspace(-5, 5, 401)
    sigmoid, tanh = 1 / (1 + np.exp(-x)), np.tanh(x)
    values = [("σ(x)", sigmoid), ("tanh(x)", tanh), ("max(0, x)", np.maximum(x, 0))]
    slopes = [
        ("σ(x)", sigmoid * (1 - sigmoid)),
        ("tanh(x)", 1 - tanh**2),
        ("max(0, x)", np.where(x > 0, 1.0, 0.0)),
    ]
    figure = draw_panels(
        [
            _panel("activation functions", "x", "value", x, values),
            _panel("their derivatives", "x", "derivative", x, slopes),
        ]
    )
    for axes, low, high in zip(figure.axes, (-1.1, -0.05), (1.6, 1.1), strict=True):
        axes.set(xlim=(-5, 5), ylim=(low, high))
    return figure


def products() -> list[Panel]:
    """What is left of a signal after many equal factors."""
    steps = np.arange(31)
    factors = [(f"factor {value:g}", value**steps) for value in (0.25, 0.8, 1.0, 1.1)]
    biases = [(f"forget bias {bias}", (1 / (1 + math.exp(-bias))) ** steps) for bias in (0, 1, 3)]
    shown = _panel("a product of d equal factors", "d", "what is left", steps, factors, log=True, first=0)
    kept = _panel("σ(b) to the power of d", "d", "share of C that is left", steps, biases, log=True, first=4)
    return [shown, kept]


def _panel(
    title: str,
    x_label: str,
    y_label: str,
    x: np.ndarray,
    curves: Sequence[tuple[str, np.ndarray]],
    *,
    log: bool = False,
    first: int = 0,
) -> Panel:
    drawn = [
        Curve(list(x), list(np.where((y >= 1e-6) | (not log), y, np.nan)), colour=first + i, label=name)
        for i, (name, y) in enumerate(curves)
    ]
    return Panel(title, x_label, y_label, drawn, log=log)


# Cells


def draw_cells(path: Path) -> None:
    """One time step of the simple cell, the GRU and the LSTM, side by side."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13.5, 3.4), layout="constrained")
    drawings = (("rnn", 3.6, _simple), ("gru", 8.4, _gru), ("lstm", 7.9, _lstm))
    widths = [end + 0.8 for _, end, _ in drawings]
    for axes, (title, end, draw) in zip(figure.subplots(1, 3, width_ratios=widths), drawings, strict=True):
        draw(axes)
        axes.set(xlim=(-0.8, end), ylim=(0.2, 5.0), aspect="equal", title=title)
        axes.set_axis_off()
    save(figure, path)


def _simple(axes: Axes) -> None:
    _inputs(axes, 1.5)
    _gate(axes, 1.5, "tanh", "")
    _path(axes, (1.5 + WIDE, BOXES), (2.9, BOXES))
    _label(axes, 3.2, BOXES, "$h_t$")


def _gru(axes: Axes) -> None:
    r, candidate, z, plus, top, across, low = 1.3, 3.7, 5.3, 7.2, 4.5, 3.65, 2.75
    _inputs(axes, 5.3)
    _gate(axes, r, "σ", "$r_t$")
    _path(axes, (r + WIDE, BOXES), (2.26, BOXES))
    _operation(axes, 2.5, BOXES, "∗")
    _path(axes, (2.5, H_BUS), (2.5, BOXES - 0.24), dot=True)
    _path(axes, (2.74, BOXES), (candidate - WIDE, BOXES))
    _box(axes, candidate, BOXES, "tanh")
    _path(axes, (candidate, X_BUS), (candidate, BOXES - HIGH), dot=True)
    _label(axes, candidate + 0.35, BOXES + 0.62, r"$\hat{h}_t$")
    _gate(axes, z, "σ", "$z_t$")
    _path(axes, (candidate, BOXES + HIGH), (candidate, across), (plus - 0.24, across))
    _path(axes, (z, BOXES + HIGH), (z, top - 0.24))
    _path(axes, (z, low), (plus, low), (plus, across - 0.24), dot=True)
    _label(axes, (z + plus) / 2, low + 0.25, "$1 - z_t$")
    _operation(axes, plus, across, "∗")
    _path(axes, (plus, across + 0.24), (plus, top - 0.24))
    _state(axes, "h", "h", top, [(z, "∗"), (plus, "+")], end=8.1)
    _path(axes, (0.0, top), (0.0, H_BUS), dot=True, arrow=False)


def _lstm(axes: Axes) -> None:
    f, i, candidate, o, top, product, out = 1.2, 2.6, 4.2, 5.9, 4.5, 3.3, 2.95
    _inputs(axes, o)
    _label(axes, -0.35, H_BUS, "$h_{t-1}$")
    for place, name in ((f, "$f_t$"), (i, "$i_t$"), (o, "$o_t$")):
        _gate(axes, place, "σ", name)
    _gate(axes, candidate, "tanh", r"$\hat{C}_t$")
    middle = (i + candidate) / 2
    _path(axes, (f, BOXES + HIGH), (f, top - 0.24))
    _path(axes, (i, BOXES + HIGH), (i, product), (middle - 0.24, product))
    _path(axes, (candidate, BOXES + HIGH), (candidate, product), (middle + 0.24, product))
    _operation(axes, middle, product, "∗")
    _path(axes, (middle, product + 0.24), (middle, top - 0.24))
    _state(axes, "C", "C", top, [(f, "∗"), (middle, "+")], end=7.4)
    _path(axes, (o, top), (o, 4.0), dot=True)
    _box(axes, o, 3.75, "tanh")
    _path(axes, (o, 3.75 - HIGH), (o, out + 0.24))
    _path(axes, (o, BOXES + HIGH), (o, out - 0.24))
    _operation(axes, o, out, "∗")
    _path(axes, (o + 0.24, out), (7.1, out))
    _label(axes, 7.4, out, "$h_t$")


def _inputs(axes: Axes, end: float) -> None:
    """The two lines that carry the input and the state to the gates, up to the gate at `end`."""
    _path(axes, (0.0, X_BUS), (end - 0.2, X_BUS), arrow=False)
    _path(axes, (0.0, H_BUS), (end + 0.2, H_BUS), arrow=False)
    _label(axes, -0.35, X_BUS, "$x_t$")
    if end == 1.5:  # the simple cell has no line above that carries its state
        _label(axes, -0.35, H_BUS, "$h_{t-1}$")


def _gate(axes: Axes, x: float, text: str, name: str) -> None:
    """A box that reads both lines."""
    _box(axes, x, BOXES, text)
    _path(axes, (x - 0.2, X_BUS), (x - 0.2, BOXES - HIGH), dot=True)
    _path(axes, (x + 0.2, H_BUS), (x + 0.2, BOXES - HIGH), dot=True)
    _label(axes, x + 0.35, BOXES + 0.62, name)


def _state(
    axes: Axes, before: str, after: str, y: float, operations: Sequence[tuple[float, str]], *, end: float
) -> None:
    """The line from the old state to the new one, with what happens on it."""
    _label(axes, -0.35, y, f"${before}_{{t-1}}$")
    start = 0.0
    for x, text in operations:
        _path(axes, (start, y), (x - 0.24, y))
        _operation(axes, x, y, text)
        start = x + 0.24
    _path(axes, (start, y), (end - 0.3, y))
    _label(axes, end, y, f"${after}_t$")


def _box(axes: Axes, x: float, y: float, text: str) -> None:
    from matplotlib.patches import Rectangle

    box = Rectangle((x - WIDE, y - HIGH), 2 * WIDE, 2 * HIGH, facecolor="#ffe9b8", edgecolor=LINE, zorder=3)
    axes.add_patch(box)
    axes.text(x, y, text, ha="center", va="center", fontsize=11, zorder=4)


def _operation(axes: Axes, x: float, y: float, text: str) -> None:
    from matplotlib.patches import Circle

    axes.add_patch(Circle((x, y), 0.24, facecolor="#cfe3f7", edgecolor=LINE, zorder=3))
    axes.text(x, y, text, ha="center", va="center", fontsize=12, zorder=4)


def _label(axes: Axes, x: float, y: float, text: str) -> None:
    axes.text(x, y, text, ha="center", va="center", fontsize=12)


def _path(axes: Axes, *points: Point, dot: bool = False, arrow: bool = True) -> None:
    """A line through `points`, with a dot where it leaves another line and an arrow at its end."""
    axes.plot(*zip(*points, strict=True), color=LINE, linewidth=1.2, zorder=1)
    if dot:
        axes.plot(*points[0], marker="o", color=LINE, markersize=3.5)
    if arrow:
        style = {"arrowstyle": "-|>", "color": LINE, "linewidth": 1.2, "shrinkA": 0, "shrinkB": 0}
        axes.annotate("", points[-1], points[-2], arrowprops=style)


if __name__ == "__main__":
    main()
