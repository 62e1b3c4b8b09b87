"""Draws training runs, attention and experiments as matplotlib `Figure`s.

Never `pyplot`: its global state leaks figures in a server and is not safe in threads. matplotlib itself is an
extra, loaded when the first picture is drawn. Callers show or save the figures.
"""

from __future__ import annotations

import io
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from unicodedata import east_asian_width

import numpy as np

from seq2seq import files
from seq2seq.errors import DataError, UsageError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

# DejaVu Sans comes with matplotlib; the others are tried, where installed, for what it lacks.
_FONTS = (
    "DejaVu Sans",
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "Noto Sans SC",
    "Source Han Sans SC",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "PingFang SC",
    "Hiragino Sans",
    "Microsoft YaHei",
    "SimHei",
    "Noto Sans Thai",
    "Noto Sans Devanagari",
    "Noto Sans Arabic",
    "Arial Unicode MS",
)
_LONGEST_LABEL = 24  # characters; a longer token (a web address, say) would leave no room for the map
_TRAINING, _VALIDATION, _BEST = "#4477aa", "#cc3311", "#228833"  # distinct for colour-blind readers too
# Seven colours that the colour-blind tell apart as well (Paul Tol's "bright"); then again, in other strokes.
_COLOURS = ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#777777")
_STROKES = ("-", "-.", ":")


@dataclass(frozen=True)
class Curve:
    """A line through points. Curves with the same `colour` number have the same colour; a curve without a
    label is not in the legend. With `mean`, each point is the mean of its neighbours up to that distance."""

    x: Sequence[float]
    y: Sequence[float]
    colour: int
    label: str = ""
    dashed: bool = False
    thin: bool = False
    marker: str = ""
    mean: int = 0


@dataclass(frozen=True)
class Panel:
    """A pair of axes with its curves. x starts at 0, and with `zero` y too. `log` gives a logarithmic y axis,
    `line` a horizontal line at that value. Values below `floor` are drawn at `floor`."""

    title: str
    x_label: str
    y_label: str
    curves: Sequence[Curve]
    log: bool = False
    line: float | None = None
    floor: float | None = None
    zero: bool = False


def draw_panels(panels: Sequence[Panel]) -> Figure:
    """Draw panels in two columns with one legend below them. Values that are not finite leave a gap."""
    if not any(np.isfinite(np.asarray(curve.y, float)).any() for panel in panels for curve in panel.curves):
        raise DataError("nothing to draw: no panel has a curve with a finite point")
    rows, columns = -(-len(panels) // 2), min(2, len(panels))
    figure = _figure((5.2 * columns, 3.7 * rows + 0.4), "constrained")
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for panel, panel_axes in zip(panels, axes, strict=False):
        _draw_panel(panel_axes, panel)
    for unused in axes[len(panels) :]:
        unused.set_axis_off()
    named: dict[Any, Line2D] = {}
    for line in (line for one in axes for line in one.lines if not line.get_label().startswith("_")):
        named.setdefault(line.get_label(), line)
    if named:
        across = min(len(named), 2 * columns)
        figure.legend(
            list(named.values()), list(named), loc="outside lower center", ncols=across, frameon=False
        )
    return figure


def _draw_panel(axes: Axes, panel: Panel) -> None:
    for curve in panel.curves:
        y = np.asarray(curve.y, float)
        y = y if panel.floor is None else np.maximum(y, panel.floor)
        y = np.where(np.isfinite(y) & ((y > 0) | (not panel.log)), y, np.nan)
        y = _running_mean(y, curve.mean) if curve.mean else y
        axes.plot(
            curve.x,
            y,
            color=_COLOURS[curve.colour % len(_COLOURS)],
            linestyle="--" if curve.dashed else _STROKES[curve.colour // len(_COLOURS) % len(_STROKES)],
            linewidth=0.7 if curve.thin else 1.6,
            alpha=0.75 if curve.thin else 1.0,
            marker=curve.marker or ("o" if len(y) == 1 else ""),
            markersize=3.5,
            label=curve.label or "_",
        )
    if panel.line is not None:
        axes.axhline(panel.line, color="black", linewidth=0.9, linestyle=":")
    if panel.log:
        axes.set_yscale("log")
    axes.set_xlim(left=0)
    if panel.zero:
        axes.set_ylim(bottom=0)
    axes.set_title(panel.title, fontsize="medium")
    axes.set_xlabel(panel.x_label)
    axes.set_ylabel(panel.y_label)
    axes.grid(alpha=0.3)


def attention_map(source_tokens: Sequence[str], target_tokens: Sequence[str], weights: np.ndarray) -> Figure:
    """Heat map of attention `weights` (T,S): a row for each target token, a column for each source token."""
    expected = (len(target_tokens), len(source_tokens))
    if np.shape(weights) != expected or 0 in expected:
        raise ValueError(
            f"weights have the shape {np.shape(weights)}, expected {expected}: "
            "target tokens × source tokens, at least one of each"
        )
    rows, columns = expected
    cell = min(0.3, 20 / max(rows, columns))  # inches: 0.3 suit labels of 9 points
    fontsize = min(9.0, 50 * cell)
    across, down = [_label(token) for token in source_tokens], [_label(token) for token in target_tokens]
    left, top = _inches(down, fontsize) + 0.35, _inches(across, fontsize) + 0.35  # the rest is for the titles
    bar = max(cell * rows, 0.9)
    size = (left + cell * columns + 1.1, top + bar + 0.15)
    figure = _figure(size)
    axes = figure.add_axes(_within(size, left, top, cell * columns, cell * rows))
    # Placed by hand: matplotlib's own layout takes seconds for a long sentence, and fails for a long token.
    mesh = axes.pcolormesh(weights, cmap="Blues", vmin=0.0, vmax=1.0, edgecolors="#dddddd", linewidth=0.3)
    axes.invert_yaxis()
    axes.xaxis.set_label_position("top")
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    _label_axis(axes.xaxis, across, fontsize=fontsize, rotation=90)
    _label_axis(axes.yaxis, down, fontsize=fontsize)
    figure.text(0.06 / size[0], 1 - (top + cell * rows / 2) / size[1], "target", rotation=90, va="center")
    figure.text((left + cell * columns / 2) / size[0], 1 - 0.06 / size[1], "source", ha="center", va="top")
    scale = figure.add_axes(_within(size, left + cell * columns + 0.2, top, 0.14, bar))
    figure.colorbar(mesh, cax=scale, label="attention", ticks=[0, 0.5, 1])
    return figure


def learning_curves(records: Sequence[Mapping[str, Any]]) -> Figure:
    """Training and validation loss, and validation BLEU below, against steps; the upper axis shows time.

    `records` are the objects of a run's `log.jsonl`. A loss that is not finite leaves a gap. Raises DataError
    if there is nothing to draw, or a value is not a number.
    """
    steps = [record for record in records if record.get("event") == "step"]
    validations = [record for record in records if record.get("event") == "validation"]
    if not steps and not validations:
        raise DataError(f"{len(records)} records, expected at least one step or validation among them")
    last = np.max(_column([*steps, *validations], "step"))
    if not np.isfinite(last):
        raise DataError("a step or validation without its number of steps")
    figure = _figure((8.0, 6.0), "constrained")
    loss, quality = figure.subplots(2, 1, sharex=True, height_ratios=[3, 2])
    _draw_losses(loss, steps, validations)
    _draw_quality(quality, validations)
    quality.set_xlim(0, 1.02 * max(last, 1))
    quality.set_xlabel("step")
    quality.xaxis.get_major_locator().set_params(integer=True)
    _draw_time(loss, [*steps, *validations])
    return figure


def save(figure: Figure, path: str | os.PathLike[str]) -> None:
    """Write a figure as PNG or SVG, by the suffix of `path`. An existing file is replaced atomically.

    Raises UsageError for another suffix, RunError if the system cannot write the file.
    """
    path = Path(path)
    kind = path.suffix.lower().lstrip(".")
    if kind not in ("png", "svg"):
        raise UsageError(f"{path}: expected a name ending in .png or .svg")
    buffer = io.BytesIO()
    figure.savefig(buffer, format=kind, dpi=150)
    files.write_bytes(path, buffer.getvalue())


def _figure(size: tuple[float, float], layout: Literal["constrained"] | None = None) -> Figure:
    """An empty figure; `size` is in inches."""
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError:
        raise UsageError("drawing needs matplotlib, which is not installed: pip install matplotlib") from None
    return Figure(figsize=size, layout=layout)


def _fonts() -> list[str]:
    """The installed ones of our fonts: matplotlib takes each character from the first font that has it."""
    from matplotlib.font_manager import fontManager

    installed = set(fontManager.get_font_names())
    return [name for name in _FONTS if name in installed]


def _label(token: str) -> str:
    """A token as a label: on one line, and shortened if it is long."""
    token = " ".join(token.split()) or "␣"
    return token if len(token) <= _LONGEST_LABEL else token[: _LONGEST_LABEL - 1] + "…"


def _label_axis(axis: Axis, labels: Sequence[str], **style: Any) -> None:
    """Put a label at the middle of each cell. `$` is printed as it is and starts no formula."""
    middles = np.arange(len(labels)) + 0.5
    axis.set_ticks(middles, labels, parse_math=False, fontfamily=_fonts(), **style)


def _inches(labels: Sequence[str], fontsize: float) -> float:
    """Estimated length of the longest label: 0.65 em per character, 1 em for wide ones such as Chinese."""
    ems = (sum(1.0 if east_asian_width(c) in "WF" else 0.65 for c in label) for label in labels)
    return max(ems) * fontsize / 72


def _within(
    size: tuple[float, float], left: float, top: float, width: float, height: float
) -> tuple[float, float, float, float]:
    """A box given in inches from left and top, as fractions of the figure's `size`, which matplotlib
    expects."""
    return left / size[0], 1 - (top + height) / size[1], width / size[0], height / size[1]


def _column(records: Sequence[Mapping[str, Any]], name: str) -> np.ndarray:
    """One value of every record, NaN if a record does not have it. DataError if it is not a number."""
    values = [record.get(name) for record in records]
    for value in values:
        if type(value) not in (int, float, type(None)):
            raise DataError(f"{name} of a record is {value!r}, expected a number")
    return np.array([float("nan") if value is None else float(value) for value in values], dtype=float)


def _running_mean(values: np.ndarray, reach: int) -> np.ndarray:
    """Mean of each value with up to `reach` values before and after it; values that are not finite are left
    out."""
    finite = np.isfinite(values)
    sums = np.concatenate([[0.0], np.cumsum(np.where(finite, values, 0.0))])
    counts = np.concatenate([[0], np.cumsum(finite)])
    index = np.arange(len(values))
    start, end = np.maximum(index - reach, 0), np.minimum(index + reach + 1, len(values))
    number = counts[end] - counts[start]
    return np.where(number > 0, (sums[end] - sums[start]) / np.maximum(number, 1), np.nan)


def _draw_losses(
    axes: Axes, steps: Sequence[Mapping[str, Any]], validations: Sequence[Mapping[str, Any]]
) -> None:
    if steps:
        step, loss = _column(steps, "step"), _column(steps, "loss")
        loss[~np.isfinite(loss)] = np.nan
        axes.plot(step, loss, color=_TRAINING, alpha=0.25, linewidth=0.8)
        smooth = _running_mean(loss, len(loss) // 100)
        dot = "o" if len(loss) == 1 else ""
        axes.plot(step, smooth, color=_TRAINING, linewidth=1.6, marker=dot, label="training")
    if validations:
        step, loss = _column(validations, "step"), _column(validations, "loss")
        axes.plot(step, loss, color=_VALIDATION, marker="o", markersize=4, label="validation")
    axes.set_ylabel("loss (nats a token)")
    axes.grid(alpha=0.3)
    axes.legend()


def _draw_quality(axes: Axes, validations: Sequence[Mapping[str, Any]]) -> None:
    step, score = _column(validations, "step"), _column(validations, "bleu")
    if np.isfinite(score).any():
        axes.plot(step, score, color=_VALIDATION, marker="o", markersize=4)
        best = int(np.nanargmax(score))
        label = f"best: {score[best]:.1f} at step {step[best]:.0f}"
        axes.plot(step[best], score[best], color=_BEST, marker="*", markersize=13, linestyle="", label=label)
        axes.set_ylim(0, 1.15 * max(score[best], 1.0))
        axes.legend(loc="lower right")
    else:
        axes.text(0.5, 0.5, "no validation yet", transform=axes.transAxes, ha="center", va="center")
        axes.set_yticks([])
    axes.set_ylabel("validation BLEU")
    axes.grid(alpha=0.3)


def _draw_time(axes: Axes, records: Sequence[Mapping[str, Any]]) -> None:
    """Add an upper axis with the minutes of training at the steps; seconds for short trainings."""

    from matplotlib.ticker import MaxNLocator

    step, seconds = _column(records, "step"), _column(records, "seconds")
    usable = np.isfinite(step) & np.isfinite(seconds)
    if not usable.any():
        return
    order = np.argsort(step[usable], kind="stable")
    step = np.concatenate([[0.0], step[usable][order]])
    seconds = np.concatenate([[0.0], np.maximum.accumulate(seconds[usable][order])])
    unit, length = ("minutes", 60.0) if seconds[-1] >= 120 else ("seconds", 1.0)
    locator = MaxNLocator(8, steps=[1, 2, 5, 10])
    ticks = [tick for tick in locator.tick_values(0.0, seconds[-1] / length) if tick * length <= seconds[-1]]
    top = axes.twiny()
    top.set_xlim(axes.get_xlim())
    top.set_xticks(np.interp(ticks, seconds / length, step), [f"{tick:g}" for tick in ticks])
    top.set_xlabel(unit)
