"""The shell command that prints some pairs of a corpus, to be read by a person."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

LINES = 5


def show_pairs(paths: Sequence[str]) -> str:
    """A command for the corpus in `paths`: one file or two aligned ones.

    Formats without a pair on each line are converted first. "" without paths.
    """
    if not paths:
        return ""
    quoted = [shlex.quote(path) for path in paths]
    if len(paths) == 2:
        sides = [f"<(zcat {path})" if path.endswith(".gz") else path for path in quoted]
        return f"paste {sides[0]} {sides[1]} | shuf -n {LINES}"
    path = paths[0].removesuffix(".gz")
    if path.endswith((".tsv", ".csv", ".jsonl")):
        reader = f"zcat {quoted[0]} | " if paths[0].endswith(".gz") else ""
        return f"{reader}shuf -n {LINES}" + ("" if reader else f" {quoted[0]}")
    return f"seq2seq data convert {quoted[0]} pairs.tsv && shuf -n {LINES} pairs.tsv"
