"""The figures of a benchmark as text."""

from __future__ import annotations

from collections.abc import Sequence

from seq2seq.benchmarks.training import TrainingFigures
from seq2seq.benchmarks.translating import TranslationReport

Rows = Sequence[Sequence[str]]


def columns(rows: Rows, *, left: int = 1) -> list[str]:
    """Rows of text in columns, the first `left` of them to the left and the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(size) if place < left else cell.rjust(size)
            for place, (cell, size) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def training_lines(figures: TrainingFigures) -> list[str]:
    """A line for each figure."""
    rates = ", ".join(f"{giga(rate)} in {name}" for name, rate in figures.rates.items())
    rows = [
        ("device", f"{figures.device}, {figures.threads} threads"),
        ("matrix products, GFLOP/s", rates),
        ("weights; target pieces", f"{figures.weights:,}; {figures.vocabulary:,}"),
        ("updates; tokens of a batch", f"{figures.updates} × {figures.rounds}; {figures.batch_tokens:,}"),
        (
            "target tokens/s",
            f"{figures.target_tokens:,.0f} ({figures.least:,.0f} to {figures.most:,.0f})",
        ),
        ("source tokens/s", f"{figures.source_tokens:,.0f}"),
        ("sentences/s", f"{figures.sentences:,.1f}"),
        ("source words/s", f"{figures.words:,.0f}"),
        ("its products, GFLOP/s", f"{giga(figures.operations)} in {figures.precision}"),
        (f"share of the {figures.precision} rate", f"{100 * figures.share:.0f} %"),
        ("peak memory", megabytes(figures.peak_memory)),
    ]
    if figures.device_memory:
        rows.append(("peak memory of the GPU", megabytes(figures.device_memory)))
    if figures.peer:
        rows.append(("peer, target tokens/s", ", ".join(f"{speed:,.0f}" for speed in figures.peer)))
        rows.append(("times the peer's speed", f"{figures.ratio:.2f}"))
    return columns(rows, left=2)


def translation_lines(report: TranslationReport) -> list[str]:
    """A table of the combinations, and one of the new processes."""
    rates = ", ".join(f"{giga(rate)} on {number} threads" for number, rate in report.rates.items())
    head = ["engine", "threads", "beam", "batch", "sentences/s", "words/s", "source tok/s", "target tok/s"]
    head += ["GFLOP/s", "share", "p50 ms", "p95 ms"] + ["× peer"] * bool(report.peer)
    rows = [
        [
            row.engine,
            str(row.threads),
            str(row.beam),
            str(row.batch),
            f"{row.sentences:,.1f}",
            *(f"{value:,.0f}" for value in (row.words, row.source_tokens, row.target_tokens)),
            giga(row.operations),
            f"{100 * row.share:.0f} %",
            *(f"{value:.1f}" for value in (row.p50, row.p95)),
            *([f"{row.ratio:.2f}"] if report.peer else []),
        ]
        for row in report.rows
    ]
    lines = [
        f"model {report.model}, {report.texts} texts, medians of {report.rounds} rounds",
        f"float32 matrix products: {rates} (GFLOP/s)",
        f"peak memory of all of them together: {megabytes(report.peak_memory)}",
        "",
        *columns([head, *rows]),
    ]
    return [*lines, *_first_lines(report)]


def _first_lines(report: TranslationReport) -> list[str]:
    if not report.first:
        return []
    head = ["new process, seconds", "in all", "import", "load", "first", "second", "peak memory"]
    rows = [
        [
            one.engine,
            *(f"{value:.2f}" for value in (one.total, one.imported, one.loaded)),
            *(f"{value:.3f}" for value in (one.translated, one.second)),
            megabytes(one.peak_memory),
        ]
        for one in report.first
    ]
    return ["", *columns([head, *rows])]


def giga(number: float) -> str:
    """A number in thousands of millions."""
    return f"{number / 1e9:,.1f}"


def megabytes(number: int) -> str:
    """A number of bytes."""
    return f"{number / 1e6:,.0f} MB"
