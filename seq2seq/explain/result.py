"""What all explanations share: a picture as PNG or SVG, and numbers as CSV."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from seq2seq.evaluation import figures

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Explanation:
    """Base class of the results of `seq2seq.explain`."""

    def figure(self) -> Figure:
        """The picture, as a figure of matplotlib. Raises UsageError if matplotlib is not installed."""
        raise NotImplementedError

    def table(self) -> tuple[Sequence[str], Iterable[Sequence[object]]]:
        """The names of the columns, and the rows."""
        raise NotImplementedError

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the picture as PNG or SVG, by the suffix of `path`.

        Raises UsageError for another suffix, RunError if the file cannot be written.
        """
        figures.save(self.figure(), path)

    def csv(self) -> str:
        """The numbers as CSV: a line of names, then the rows; lines end in a line feed."""
        header, rows = self.table()
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        writer.writerow(header)
        writer.writerows([_plain(value) for value in row] for row in rows)
        return buffer.getvalue()


def _plain(value: object) -> object:
    """Numbers with six significant digits."""
    return f"{float(value):.6g}" if isinstance(value, float) else value
