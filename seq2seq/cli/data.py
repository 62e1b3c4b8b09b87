"""`seq2seq data`: check, clean, split and convert parallel text before training."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro

from seq2seq.cli.messages import say
from seq2seq.config.data import CleaningConfig
from seq2seq.data.cleaning import clean
from seq2seq.data.pairs import Counts, SentencePair
from seq2seq.data.readers import read_pairs
from seq2seq.data.splitting import part_of
from seq2seq.data.writers import write_pairs
from seq2seq.errors import UsageError

Files = Annotated[tuple[str, ...], tyro.conf.Positional]


@dataclass(frozen=True)
class Source:
    """Where the pairs come from."""

    source_lang: str = ""
    """Language of the source, such as en."""
    target_lang: str = ""
    """Language of the target."""
    columns: tuple[str, str] | None = None
    """Names or numbers of the source and the target column."""
    split: str = "train"
    """Split of a Hugging Face data set."""

    def read(self, files: tuple[str, ...], counts: Counts) -> Iterator[SentencePair]:
        """The pairs of the data that the command line names."""
        if not files:
            raise UsageError("no data given, expected one file, two files of aligned text, or hf:OWNER/NAME")
        both = self.source_lang and self.target_lang
        languages = (self.source_lang, self.target_lang) if both else None
        return read_pairs(files, columns=self.columns, languages=languages, split=self.split, counts=counts)


@dataclass(frozen=True)
class Check(Source):
    """Report what training would keep, repair and drop, and why. Nothing is written."""

    files: Files = ()
    """One file (TSV, CSV, JSONL, TMX, Parquet; .gz too), two files of aligned text, or
    hf:OWNER/NAME[:CONFIG]."""
    cleaning: Annotated[CleaningConfig, tyro.conf.arg(name="data")] = field(default_factory=CleaningConfig)
    json: bool = False
    """Print one JSON object instead of text."""

    def run(self) -> int:
        """Check; returns the exit code."""
        counts, lengths = Counts(), _Lengths()
        for pair in clean(self.read(self.files, counts), self.cleaning, counts):
            lengths.add(pair)
        report = {
            "read": counts.read,
            "kept": counts.kept,
            "dropped": {
                reason: {"pairs": number, "example": counts.examples.get(reason, "")}
                for reason, number in sorted(counts.dropped.items())
            },
            "repaired": dict(sorted(counts.repaired.items())),
            "characters": lengths.summary(),
        }
        print(json.dumps(report, ensure_ascii=False, indent=2) if self.json else _as_text(report))
        return 0


@dataclass(frozen=True)
class Clean(Source):
    """Write the pairs that pass the cleaning to a file; the report goes to stderr."""

    out: Path = Path("clean.tsv")
    """File to write: .tsv, .csv, .jsonl or .tmx."""
    files: Files = ()
    """Data as in `seq2seq data check`."""
    cleaning: Annotated[CleaningConfig, tyro.conf.arg(name="data")] = field(default_factory=CleaningConfig)

    def run(self) -> int:
        """Clean; returns the exit code."""
        counts = Counts()
        pairs = clean(self.read(self.files, counts), self.cleaning, counts)
        write_pairs(pairs, (self.out,), languages=(self.source_lang, self.target_lang), counts=counts)
        say(f"{self.out}: {counts}")
        return 0


@dataclass(frozen=True)
class Split(Source):
    """Split pairs into training, validation and test data. No source sentence is in two parts."""

    out: Path = Path("data")
    """Folder for train.tsv, valid.tsv and test.tsv."""
    files: Files = ()
    """Data as in `seq2seq data check`."""
    valid: float = 0.02
    """Share of the source sentences for validation."""
    test: float = 0.02
    """Share of the source sentences for testing."""
    seed: int = 1
    """Another seed gives other parts."""

    def run(self) -> int:
        """Split; returns the exit code."""
        if min(self.valid, self.test) < 0 or not self.valid + self.test < 1:
            raise UsageError(
                f"--valid is {self.valid:g} and --test {self.test:g}, expected shares that sum to below 1"
            )
        names = ("train", "valid", "test")
        for number, name in enumerate(names):  # three passes: the parts need not fit into memory
            counts = Counts()
            pairs = (
                pair
                for pair in self.read(self.files, counts)
                if part_of(pair.source, shares=(self.valid, self.test), seed=self.seed) == number
            )
            written = write_pairs(pairs, (self.out / f"{name}.tsv",), languages=("", ""), counts=counts)
            say(f"{self.out / name}.tsv: {written} pairs")
        return 0


@dataclass(frozen=True)
class Convert(Source):
    """Convert parallel text to another format: the last file is written, the others are read."""

    files: Files = ()
    """The data, then the file to write (.tsv, .csv, .jsonl, .tmx)."""

    def run(self) -> int:
        """Convert; returns the exit code."""
        if len(self.files) < 2:
            raise UsageError("expected the data and the file to write, such as corpus.tsv memory.tmx")
        counts = Counts()
        *sources, target = self.files
        pairs = self.read(tuple(sources), counts)
        write_pairs(pairs, (Path(target),), languages=(self.source_lang, self.target_lang), counts=counts)
        say(f"{target}: {counts}")
        return 0


@dataclass(frozen=True)
class Data:
    """Check, clean, split and convert parallel text before training."""

    action: tyro.conf.OmitSubcommandPrefixes[
        Annotated[Check, tyro.conf.subcommand("check")]
        | Annotated[Clean, tyro.conf.subcommand("clean")]
        | Annotated[Split, tyro.conf.subcommand("split")]
        | Annotated[Convert, tyro.conf.subcommand("convert")]
    ]

    def run(self) -> int:
        """Do it; returns the exit code."""
        return self.action.run()


class _Lengths:
    """Lengths of the kept pairs in characters."""

    def __init__(self) -> None:
        self.source: list[int] = []
        self.target: list[int] = []

    def add(self, pair: SentencePair) -> None:
        self.source.append(len(pair.source))
        self.target.append(len(pair.target))

    def summary(self) -> dict[str, dict[str, float]]:
        """Median, 95th percentile and maximum of each side; empty without pairs."""
        sides = {"source": sorted(self.source), "target": sorted(self.target)}
        return {
            side: {
                "median": values[len(values) // 2],
                "95 %": values[min(len(values) - 1, int(0.95 * len(values)))],
                "longest": values[-1],
            }
            for side, values in sides.items()
            if values
        }


def _as_text(report: dict[str, object]) -> str:
    """The report for people."""
    lines = [f"{report['read']} pairs read, {report['kept']} kept"]
    dropped, repaired, characters = report["dropped"], report["repaired"], report["characters"]
    assert isinstance(dropped, dict) and isinstance(repaired, dict) and isinstance(characters, dict)
    for reason, entry in dropped.items():
        example = f" (first: {entry['example']})" if entry["example"] else ""
        lines.append(f"dropped   {entry['pairs']:>9} × {reason}{example}")
    lines += [f"repaired  {number:>9} × {reason}" for reason, number in repaired.items()]
    for side, values in characters.items():
        shown = ", ".join(f"{name} {value}" for name, value in values.items())
        lines.append(f"{side} characters: {shown}")
    return "\n".join(lines)
