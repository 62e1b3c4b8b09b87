"""The table and the curves of a comparison, from its report (see `Experiment.report`)."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from typing import Any

from seq2seq.evaluation.figures import Curve, Panel

LEVEL = 0.05  # of significance
MARKER_LIMIT = 30  # a curve with fewer points shows them

COLUMNS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "setting": lambda row: row["name"].replace("|", "\\|"),
    "seeds": lambda row: _seeds(row).replace("|", "\\|"),
    "BLEU": lambda row: _mean(row, "bleu", 1),
    "Δ": lambda row: _difference(row),
    "p": lambda row: ", ".join(f"{test['p_value']:.3f}" for test in row["against_first"]),
    "chrF": lambda row: _mean(row, "chrf", 1),
    "parameters": lambda row: f"{row['parameters']:,}",
    "tokens/s": lambda row: f"{row['mean']['tokens_per_second']:,.0f}",
    "memory, MB": lambda row: f"{max(map(_memory, row['runs'])) / 1e6:,.0f}",
    "minutes": lambda row: _mean(row, "minutes", 1),
    "updates": lambda row: f"{row['mean']['step']:,.0f}",
    "validation BLEU": lambda row: _mean(row, "best_bleu", 1),
}


def markdown(report: Mapping[str, Any]) -> str:
    """The table, and notes on what its columns mean and how it was made."""
    lines = ["| " + " | ".join(COLUMNS) + " |", "|---" * len(COLUMNS) + "|"]
    for row in report["rows"]:
        cells = [
            column(row) if row["runs"] or name in ("setting", "seeds") else ""
            for name, column in COLUMNS.items()
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n\n" + "\n\n".join(_notes(report)) + "\n"


def _seeds(row: Mapping[str, Any]) -> str:
    """The seeds whose runs have ended, and why the others have not."""
    ended = {run["seed"] for run in row["runs"]}
    others: dict[str, list[str]] = {}
    for seed in row["seeds"]:
        if seed not in ended:
            others.setdefault(row["troubles"].get(str(seed), "to come"), []).append(str(seed))
    names = [str(seed) for seed in row["seeds"] if seed in ended]
    return " ".join([*names, *(f"({', '.join(seeds)}: {reason})" for reason, seeds in others.items())])


def _mean(row: Mapping[str, Any], name: str, digits: int) -> str:
    """The mean, and the standard deviation if there are several seeds."""
    mean, deviation = row["mean"][name], row["deviation"].get(name)
    return f"{mean:.{digits}f}" + ("" if deviation is None else f" ± {deviation:.{digits}f}")


def _difference(row: Mapping[str, Any]) -> str:
    """The mean difference in BLEU to the first setting, over the seeds that both have."""
    differences = [test["score_b"] - test["score_a"] for test in row["against_first"]]
    return f"{statistics.fmean(differences):+.1f}" if differences else ""


def _memory(run: Mapping[str, Any]) -> int:
    """Peak memory of a training in bytes: on a GPU that of its tensors there, else that of the process."""
    return int(run["device_memory"] if run["device"].startswith("cuda") else run["peak_memory"])


def _notes(report: Mapping[str, Any]) -> list[str]:
    """Paragraphs below the table."""
    notes = [
        f"Test set: {' '.join(report['test'])}, {report['sentences']:,} sentences. Several seeds: mean ± "
        "standard deviation. Δ and p: against the first setting, the mean difference and, for each seed, the "
        f"p-value of paired bootstrap resampling (Koehn, 2004; below {LEVEL:g}: significant).",
        "Tokens/s: target tokens in training, without validations. Memory: the peak of a training process, "
        "on a GPU that of its tensors there. Minutes: training with its validations. Validation BLEU: the "
        "best, by greedy search.",
    ]
    runs = [run for row in report["rows"] for run in row["runs"]]
    if runs:
        limits = _by_setting({row["name"]: row["limits"] for row in report["rows"]})
        conditions = {
            "ended by": {run["stopped"] for run in runs},
            "Device": {run["device"] for run in runs},
            "threads": {str(run["threads"]) for run in runs},
            "torch": {run["versions"]["torch"] for run in runs},
            "BLEU:": {f"`{run['bleu']['signature']}`" for run in runs},
        }
        ended, device, threads, torch, bleu = (
            f"{name} {', '.join(sorted(values))}" for name, values in conditions.items()
        )
        notes.append(f"Limits: {limits}; {ended}. {device}, {threads}, {torch}. {bleu}.")
    return notes


def _by_setting(values: Mapping[str, str]) -> str:
    """The value that all settings share, else each value after the name of its setting."""
    if len(set(values.values())) == 1:
        return next(iter(values.values()))
    return "; ".join(f"{name}: {value}" for name, value in values.items())


def panels(report: Mapping[str, Any]) -> list[Panel]:
    """Validation BLEU and loss against updates and against minutes, one curve for each run."""
    return [
        _panel(report, name, label, unit, axis, scale)
        for name, label in (("bleu", "validation BLEU"), ("loss", "validation loss (nats a token)"))
        for unit, axis, scale in (("step", "updates", 1), ("seconds", "minutes", 60))
    ]


def _panel(report: Mapping[str, Any], name: str, label: str, unit: str, axis: str, scale: int) -> Panel:
    curves = [
        Curve(
            [record[unit] / scale for record in run["validations"]],
            [record[name] for record in run["validations"]],
            colour=index,
            label=row["name"],
            marker="o" if len(run["validations"]) < MARKER_LIMIT else "",
        )
        for index, row in enumerate(report["rows"])
        for run in row["runs"]
    ]
    return Panel("", axis, label, curves, zero=name == "bleu")
