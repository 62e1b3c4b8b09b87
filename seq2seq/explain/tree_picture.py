"""Draws a beam search: steps from left to right, the best hypothesis of each step on top."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from seq2seq.explain.beam_node import BeamNode
from seq2seq.explain.fonts import fonts_for, printable
from seq2seq.explain.heat_maps import figure_type
from seq2seq.text.tokenizer import Tokenizer

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_ACROSS, _DOWN = 1.5, 0.3  # inches of a node
_COLOURS = {"kept": "#22262b", "open": "#22262b", "ended": "#17697a", "dropped": "#8a8f94"}


def places(nodes: Sequence[BeamNode]) -> dict[int, tuple[int, int]]:
    """Column and row of each node: its step, and its rank among the nodes of that step by log probability;
    dropped ones stand last."""
    steps: dict[int, list[BeamNode]] = {}
    for node in nodes:
        steps.setdefault(node.step, []).append(node)
    found = {}
    for step, group in steps.items():
        group.sort(key=lambda node: (node.fate == "dropped", -node.log_prob, node.number))
        for row, node in enumerate(group):
            found[node.number] = (step, row)
    return found


def label(node: BeamNode) -> str:
    """The piece as shown: "start" and "end" for those, "␣" for a space alone."""
    if node.parent is None or node.token == Tokenizer.eos_id:
        return "start" if node.parent is None else "end"
    return printable(node.text.strip()) or "␣"


def draw_tree(nodes: Sequence[BeamNode], chosen: Collection[int]) -> Figure:
    """The tree of `nodes`, with the numbers of the `chosen` ones."""
    at = places(nodes)
    families, missing = fonts_for(map(label, nodes))
    columns, rows = (max(place[axis] for place in at.values()) + 1 for axis in (0, 1))
    size = (_ACROSS * columns + 0.4, _DOWN * rows + 0.7)
    figure = figure_type()(figsize=size)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set(xlim=(-0.25, columns), ylim=(rows + 0.6, -1))
    for node in nodes:
        x, y = at[node.number]
        strong = node.number in chosen
        if node.parent is not None:
            parent = at[node.parent]
            style = "-" if node.fate != "dropped" else ":"
            line = "#17697a" if strong else "#c8c5bd"
            axes.plot(
                [parent[0] + 0.75, x - 0.06],
                [parent[1], y],
                style,
                color=line,
                linewidth=1.8 if strong else 0.8,
            )
        score = f"  {node.score:.2f}" if node.parent is not None else ""
        axes.text(
            x,
            y,
            f"{label(node)}{score}",
            va="center",
            fontsize=7.5,
            fontfamily=families,
            parse_math=False,
            color=_COLOURS[node.fate],
            weight="bold" if strong else "normal",
        )
    note = "Numbers are scores after the length penalty. Bold: the translation. Grey: dropped."
    if missing:
        note += f" No font on this machine has: {' '.join(f'U+{ord(c):04X}' for c in missing[:12])}"
    axes.text(-0.15, rows + 0.2, note, fontsize=7.5, color="#555555")
    return figure
