"""The report of an evaluation as one HTML file that needs nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from seq2seq.evaluation.details import Difference
from seq2seq.evaluation.scoring import Evaluation
from seq2seq.evaluation.significance import Comparison

STYLE = """
:root {
  color-scheme: light dark;
  --paper: #ffffff; --ink: #22262b; --line: #d9d6cf; --soft: #59636d; --mark: #bfe0e6;
}
@media (prefers-color-scheme: dark) {
  :root { --paper: #1c2126; --ink: #e6e9ec; --line: #3a434c; --soft: #a2acb6; --mark: #2c5560; }
}
html { background: var(--paper); color: var(--ink); }
body { max-width: 62rem; margin: 2rem auto; padding: 0 1rem; font: 16px/1.5 system-ui, sans-serif; }
table { width: 100%; margin: 0.5rem 0 1.5rem; border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 0.35rem 0.6rem; border-bottom: 1px solid var(--line); }
th, td { text-align: start; vertical-align: top; }
td.number, th.number { text-align: end; white-space: nowrap; }
.soft, code { color: var(--soft); font-size: 0.85rem; overflow-wrap: anywhere; }
mark { background: var(--mark); color: inherit; }
h1 { font-size: 1.5rem; }
h2 { margin: 2rem 0 0; font-size: 1.15rem; }
div.scroll { overflow-x: auto; }
"""
NAMES = {"bleu": "BLEU", "chrf": "chrF2", "ter": "TER"}


@dataclass(frozen=True)
class System:
    """A model on the test set: its scores, and invented words with their translations."""

    name: str
    evaluation: Evaluation
    invented: list[tuple[str, str]]


@dataclass(frozen=True)
class Scored:
    """The result: one or two systems, whether they differ and by which score that is not known, and the file
    with the report."""

    test: str
    pairs: int
    systems: list[System]
    comparisons: list[Comparison]
    differences: list[Difference]
    path: Path
    name: str = "evaluation.html"
    untested: str = ""

    def shown(self) -> dict[str, Any]:
        """What the page shows before the report is opened."""
        return {
            "name": self.name,
            "pairs": self.pairs,
            "systems": [
                {
                    "name": system.name,
                    "seconds": round(system.evaluation.seconds, 1),
                    **{name: round(score.score, 2) for name, score in system.evaluation.scores.items()},
                }
                for system in self.systems
            ],
            "p_values": {one.metric: round(one.p_value, 4) for one in self.comparisons},
        }


def html_report(result: Scored) -> str:
    """The whole file. All text is escaped."""
    title = f"{' and '.join(system.name for system in result.systems)} on {result.test}"
    parts = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="soft">{result.pairs:,} sentence pairs. Scores by sacreBLEU: '
        "higher is better, except for TER.</p>",
        "<h2>Scores</h2>",
        _scores(result.systems),
        _comparisons(result),
        "<h2>By length of the source</h2>",
        _lengths(result.systems),
        "<h2>By frequency of the word</h2>",
        _frequencies(result.systems),
        "<h2>Words that the training data did not have</h2>",
        *(_invented(system) for system in result.systems),
        f"<h2>{_heading(result)}</h2>",
        _differences(result),
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
        f"<style>{STYLE}</style></head><body>{''.join(parts)}</body></html>\n"
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: int = 0) -> str:
    """A table of HTML cells, whose last `numbers` columns hold numbers."""

    def row(cells: Sequence[str], tag: str) -> str:
        first = len(cells) - numbers
        kinds = (' class="number"' if place >= first else ' dir="auto"' for place in range(len(cells)))
        return f"<tr>{''.join(f'<{tag}{k}>{c}</{tag}>' for c, k in zip(cells, kinds, strict=True))}</tr>"

    body = "".join(row(cells, "td") for cells in rows)
    return f'<div class="scroll"><table><thead>{row(head, "th")}</thead><tbody>{body}</tbody></table></div>'


def _scores(systems: Sequence[System]) -> str:
    scores = systems[0].evaluation.scores
    names = [name for name in scores if all(name in system.evaluation.scores for system in systems)]
    rows = [
        [
            escape(system.name),
            *(f"{system.evaluation.scores[name].score:.2f}" for name in names),
            f"{system.evaluation.seconds:.1f} s",
        ]
        for system in systems
    ]
    signatures = "<br>".join(f"{NAMES[name]}: {escape(scores[name].signature)}" for name in names)
    notes = "".join(f'<p class="soft">{escape(note)}</p>' for one in systems for note in one.evaluation.notes)
    head = ["Model", *(NAMES[name] for name in names), "Time"]
    return f"{_table(head, rows, numbers=len(names) + 1)}<p><code>{signatures}</code></p>{notes}"


def _comparisons(result: Scored) -> str:
    if not result.comparisons:
        return ""
    rows = [
        [
            NAMES[one.metric],
            f"{one.score_a:.2f} ± {one.interval_a:.2f}",
            f"{one.score_b:.2f} ± {one.interval_b:.2f}",
            f"{one.p_value:.4f}",
            "yes" if one.p_value < 0.05 else "no",
        ]
        for one in result.comparisons
    ]
    names = [escape(system.name) for system in result.systems]
    note = "Paired bootstrap resampling (Koehn, 2004), 95 % intervals; significant means p below 0.05."
    note = f"{note} {result.untested}".rstrip()
    signature = escape(result.comparisons[0].signature)
    table = _table(["Score", *names, "p", "Significant"], rows, numbers=4)
    source = f'<p class="soft">{note} <code>{signature}</code></p>'
    return f"<h2>Is the difference more than chance?</h2>{table}{source}"


def _lengths(systems: Sequence[System]) -> str:
    head = ["Words", "Sentences"]
    for system in systems:
        head += [f"{escape(system.name)}<br>BLEU", "chrF2"]
    rows = []
    for bands in zip(*(system.evaluation.lengths for system in systems), strict=True):
        scores = [f"{value:.1f}" for band in bands for value in (band.bleu, band.chrf)]
        rows.append([str(bands[0]), f"{bands[0].sentences:,}", *scores])
    return _table(head, rows, numbers=len(head) - 1)


def _frequencies(systems: Sequence[System]) -> str:
    """The words of the references and translations, by how often the training data had them.

    Two models may come from different data, so each has a table of its own.
    """
    head = ["Seen", "In the references", "Right", "In the translations", "F1"]
    parts = []
    for system in systems:
        rows = [
            [str(band), f"{band.words:,}", f"{band.right:,}", f"{band.made:,}", f"{band.f1:.1f}"]
            for band in system.evaluation.frequencies
        ]
        counted_in = escape(system.evaluation.counted_in)
        if counted_in == "training data":
            counted_in += ", as the word list counts it (not at the start of sentences)"
        seen = f"seen is how often a word occurs in the {counted_in}"
        parts.append(f'<p class="soft">{escape(system.name)}: {seen}; F1 ignores the place of a word.</p>')
        parts.append(_table(head, rows, numbers=4))
    return "".join(parts)


def _invented(system: System) -> str:
    rates, name = system.evaluation.invented_words, escape(system.name)
    if rates is None:
        return f'<p class="soft">{name}: the model has no list of the words of its training data.</p>'
    text = f"<p>{name}: {rates[0]:.1f} in 1,000 words; the references have {rates[1]:.1f}.</p>"
    rows = [(escape(word), escape(sentence)) for word, sentence in system.invented]
    return text + (_table(["Word", "Translation"], rows) if rows else "")


def _heading(result: Scored) -> str:
    if len(result.systems) > 1:
        return "Sentences in which the models differ most"
    return "Sentences farthest from their references"


def _differences(result: Scored) -> str:
    rows = []
    for one in result.differences:
        made = "".join(
            f'<br><b>{escape(system.name)}</b> <span class="soft">chrF {score:.0f}</span> {escape(text)}'
            for system, text, score in zip(result.systems, one.translations, one.scores, strict=True)
        )
        reference = f'<br><span class="soft">reference</span> {escape(one.reference)}'
        rows.append([f"{escape(one.source)}{reference}{made}", f"{one.gap:.0f}"])
    return _table(["Sentence", "Points of chrF"], rows, numbers=1)
