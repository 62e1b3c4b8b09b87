"""A network as a table: its layers, their weights' shapes, the number of parameters, and each layer's share.

A layer is a module that has weights of its own. Weights that several layers share are counted at the first
layer; the later layers name it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from torch import nn


@dataclass(frozen=True)
class Layer:
    """One row of the table.

    `shapes` are those of all its weights. `parameters` is the number of weights counted at this layer,
    `share` their part of the whole network (0 to 1). `shared` names the weights of earlier layers that it
    uses.
    """

    name: str
    kind: str
    shapes: tuple[tuple[int, ...], ...]
    parameters: int
    share: float
    shared: tuple[str, ...] = ()


def layers(model: nn.Module) -> list[Layer]:
    """The layers of `model`, in the order of its modules."""
    total = sum(parameter.numel() for parameter in model.parameters())
    first_names: dict[nn.Parameter, str] = {}
    rows = []
    for name, module in model.named_modules():
        shapes, counted, shared = [], 0, []
        for own, parameter in module.named_parameters(recurse=False, remove_duplicate=False):
            shapes.append(tuple(parameter.shape))
            if parameter in first_names:
                shared.append(first_names[parameter])
            else:
                first_names[parameter] = f"{name}.{own}"
                counted += parameter.numel()
        if shapes:
            kind = type(module).__name__
            rows.append(Layer(name, kind, tuple(shapes), counted, counted / max(total, 1), tuple(shared)))
    return rows


def table(rows: Sequence[Layer]) -> str:
    """The layers as aligned text, with a header and the total."""
    lines = [("layer", "kind", "shape", "parameters", "share")]
    lines += [
        (row.name, row.kind, _shapes(row), f"{row.parameters:,}", f"{100 * row.share:.1f} %") for row in rows
    ]
    total = sum(row.parameters for row in rows)
    lines.append(("total", "", "", f"{total:,}", "100.0 %"))
    widths = [max(len(line[column]) for line in lines) for column in range(5)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column > 2 else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    )


def _shapes(row: Layer) -> str:
    """The shapes as text, such as `2 of 96×32, 96`, then the names of shared weights."""
    counts = Counter("×".join(map(str, shape)) or "1" for shape in row.shapes)
    text = ", ".join(f"{number} of {shape}" if number > 1 else shape for shape, number in counts.items())
    return text + "".join(f" (shared: {name})" for name in row.shared)
