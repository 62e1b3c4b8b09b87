"""`seq2seq data`: check, clean, split and convert parallel text before training, and make more of it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import tyro

from seq2seq.cli.messages import say
from seq2seq.cli.outputs import check_outputs
from seq2seq.cli.synthesise import Synthesise
from seq2seq.config.data import CleaningConfig, DataConfig
from seq2seq.data.cleaning import clean
from seq2seq.data.readers import group_paths, read_pairs
from seq2seq.data.splitting import part_of
from seq2seq.data.writers import WRITERS, writable_suffix, write_pairs
from seq2seq.errors import UsageError
from seq2seq.pairs import Counts, SentencePair

Files = Annotated[tuple[str, ...], tyro.conf.Positional]
Cleaning = Annotated[CleaningConfig, tyro.conf.arg(name="data")]


@dataclass(frozen=True)
class Source:
    """How the data is read."""

    source_lang: str = ""
    """Language of the source, such as en."""
    target_lang: str = ""
    """Language of the target."""
    columns: tuple[str, str] | None = None
    """Names, or numbers from 1, of the source and the target column."""
    split: str = "train"
    """Split of a Hugging Face data set."""

    @property
    def languages(self) -> tuple[str, str]:
        """Source and target language, "" for one that is not given."""
        return self.source_lang, self.target_lang

    def read(self, files: Sequence[str], counts: Counts) -> Iterator[SentencePair]:
        """The pairs of the data on the command line, one corpus after the other."""
        if not files:
            raise UsageError("no data given, expected one file, two files of aligned text, or hf:OWNER/NAME")
        languages = self.languages if all(self.languages) else None
        corpora = [
            read_pairs(paths, columns=self.columns, languages=languages, split=self.split, counts=counts)
            for paths in group_paths(files)
        ]
        return chain.from_iterable(corpora)


@dataclass(frozen=True)
class Check(Source):
    """Report what training would keep, repair and drop, and why. Nothing is written."""

    files: Files = ()
    """Files (TSV, CSV, JSONL, TMX, Parquet; .gz too), pairs of files of aligned text, or
    hf:OWNER/NAME[:CONFIG]."""
    cleaning: Cleaning = field(default_factory=CleaningConfig)
    tokens: bool = False
    """Also train a tokenizer as training does by default, and count the pairs that are too long for training
    (data.max_length). Takes longer."""
    json: bool = False
    """Print one JSON object instead of text."""

    def run(self) -> int:
        """Check; returns the exit code."""
        counts, lengths = Counts(), _Lengths()
        pairs = lengths.measure(clean(self.read(self.files, counts), self.cleaning, counts))
        if self.tokens:
            _drop_long(pairs, DataConfig(**asdict(self.cleaning)), counts)
        else:
            for _ in pairs:
                pass
        report = _report(counts, lengths)
        print(json.dumps(report, ensure_ascii=False, indent=2) if self.json else _as_text(report))
        return 0


@dataclass(frozen=True)
class Clean(Source):
    """Write the pairs that training would keep to a file. The report goes to stderr."""

    out: Path = Path("clean.tsv")
    """File to write: .tsv, .csv, .jsonl or .tmx, or one of these with .gz after it."""
    files: Files = ()
    """Data as in `seq2seq data check`."""
    cleaning: Cleaning = field(default_factory=CleaningConfig)

    def run(self) -> int:
        """Clean; returns the exit code."""
        check_outputs((self.out,), self.files)
        counts = Counts()
        pairs = clean(self.read(self.files, counts), self.cleaning, counts)
        write_pairs(pairs, (self.out,), languages=self.languages, counts=counts)
        say(f"{self.out}: {counts}")
        return 0


@dataclass(frozen=True)
class Split(Source):
    """Split pairs into training, validation and test data. No source sentence is in two parts."""

    out: Path = Path("data")
    """Folder for train.tsv, valid.tsv and test.tsv."""
    files: Files = ()
    """Data as in `seq2seq data check`. It is not cleaned."""
    valid: float = 0.02
    """Share of the source sentences for validation."""
    test: float = 0.02
    """Share of the source sentences for testing."""
    seed: int = 1
    """Another seed chooses other sentences."""

    def run(self) -> int:
        """Split; returns the exit code."""
        shares = (self.valid, self.test)
        if not (min(shares) >= 0 and sum(shares) < 1):
            raise UsageError(
                f"--valid is {self.valid:g} and --test {self.test:g}, expected shares that sum to below 1"
            )
        outputs = [self.out / f"{name}.tsv" for name in ("train", "valid", "test")]
        check_outputs(outputs, self.files)
        for number, path in enumerate(outputs):  # three passes, because the parts may not fit into memory
            counts, replaced = Counts(), Counts()
            pairs = (
                pair
                for pair in self.read(self.files, counts)
                if part_of(pair.source, shares=shares, seed=self.seed) == number
            )
            written = write_pairs(pairs, (path,), languages=("", ""), counts=replaced)
            repairs = "".join(f"; {times} × {reason}" for reason, times in replaced.repaired.items())
            say(f"{path}: {written} pairs{repairs}")
        return 0


@dataclass(frozen=True)
class Convert(Source):
    """Convert parallel text to another format: the last file is written, the others are read."""

    files: Files = ()
    """The data, then the file to write (.tsv, .csv, .jsonl, .tmx; .gz too), or two files for aligned text."""
    overwrite: bool = False
    """Replace a file that exists."""

    def run(self) -> int:
        """Convert; returns the exit code."""
        if len(self.files) < 2:
            raise UsageError("expected the data and the file to write, such as corpus.tsv memory.tmx")
        aligned = len(self.files) > 2 and not any(_is_writable(path) for path in self.files[-2:])
        number = 2 if aligned else 1
        sources, outputs = self.files[:-number], [Path(path) for path in self.files[-number:]]
        check_outputs(outputs, sources)
        for path in outputs:
            if path.is_file() and not self.overwrite:
                raise UsageError(f"{path} exists and would be written: add --overwrite to replace it")
        counts = Counts()
        pairs = self.read(sources, counts)
        write_pairs(pairs, outputs, languages=self.languages, counts=counts)
        say(f"{' and '.join(map(str, outputs))}: {counts}")
        return 0


@dataclass(frozen=True)
class Phrases(Source):
    """Write pairs of words and short phrases that the sentences of a corpus contain."""

    out: Path = Path("phrases.tsv")
    """File to write: .tsv, .csv, .jsonl or .tmx, or one of these with .gz after it."""
    files: Files = ()
    """Data as in `seq2seq data check`. It is not cleaned."""
    max_words: int = 4
    """Most words of a phrase, from 1."""
    min_count: int = 3
    """Least number of times that a pair occurs."""
    limit: float = 0.15
    """At most so many pairs for each pair of the data."""
    seed: int = 1
    """Chooses the sample of data that is too large."""

    def run(self) -> int:
        """Extract; returns the exit code."""
        from seq2seq.augmentation.alignment import train_alignment
        from seq2seq.augmentation.phrases import extract_phrases

        if self.max_words < 1 or self.min_count < 1 or self.limit < 0:
            raise UsageError(
                f"--max-words is {self.max_words}, --min-count {self.min_count} and --limit {self.limit:g}, "
                "expected 1 or more for the first two and 0 or more for the third"
            )
        check_outputs((self.out,), self.files)
        counts, replaced = Counts(), Counts()
        pairs = list(self.read(self.files, counts))
        phrases = extract_phrases(
            pairs,
            table=train_alignment(pairs, seed=self.seed),
            max_words=self.max_words,
            min_count=self.min_count,
            limit=self.limit,
            seed=self.seed,
        )
        written = write_pairs(phrases, (self.out,), languages=self.languages, counts=replaced)
        say(f"{self.out}: {written} pairs of words and phrases from {counts}")
        return 0


@dataclass(frozen=True)
class Data:
    """Check, clean, split and convert parallel text before training, extract phrases, and translate text
    for training."""

    action: tyro.conf.OmitSubcommandPrefixes[
        Annotated[Check, tyro.conf.subcommand("check")]
        | Annotated[Clean, tyro.conf.subcommand("clean")]
        | Annotated[Split, tyro.conf.subcommand("split")]
        | Annotated[Convert, tyro.conf.subcommand("convert")]
        | Annotated[Phrases, tyro.conf.subcommand("phrases")]
        | Annotated[Synthesise, tyro.conf.subcommand("synthesise")]
    ]

    def run(self) -> int:
        """Run the action; returns the exit code."""
        return self.action.run()


def _is_writable(path: str) -> bool:
    return writable_suffix(Path(path)) in WRITERS


def _drop_long(pairs: Iterator[SentencePair], config: DataConfig, counts: Counts) -> None:
    """Prepare the pairs as training does, in a temporary folder; `counts` takes those that are too long."""
    from seq2seq.training_data.prepared import prepare

    first = next(pairs, None)
    if first is None:
        return
    with TemporaryDirectory() as folder:
        prepare(chain([first], pairs), Path(folder), config, counts=counts, seed=0, say=lambda _: None)


class _Lengths:
    """Lengths of sentences in characters: how many sentences have each length."""

    def __init__(self) -> None:
        self.sides: dict[str, Counter[int]] = {"source": Counter(), "target": Counter()}

    def measure(self, pairs: Iterator[SentencePair]) -> Iterator[SentencePair]:
        """Yield the pairs, and count their lengths."""
        source, target = self.sides.values()
        for pair in pairs:
            source[len(pair.source)] += 1
            target[len(pair.target)] += 1
            yield pair

    def summary(self) -> dict[str, dict[str, int]]:
        """Median, 95th percentile and maximum of each side; empty without pairs."""
        return {
            side: {
                "median": _quantile(lengths, 0.5),
                "95 %": _quantile(lengths, 0.95),
                "longest": max(lengths),
            }
            for side, lengths in self.sides.items()
            if lengths
        }


def _quantile(lengths: Counter[int], share: float) -> int:
    """The length at the position `share` (0 to 1) of all sentences in order of length."""
    position = int(share * lengths.total())
    for length in sorted(lengths):
        position -= lengths[length]
        if position < 0:
            break
    return length


def _report(counts: Counts, lengths: _Lengths) -> dict[str, Any]:
    def by_reason(numbers: dict[str, int], unit: str) -> dict[str, dict[str, Any]]:
        return {
            reason: {unit: number, "example": counts.examples.get(reason, "")}
            for reason, number in sorted(numbers.items())
        }

    return {
        "read": counts.read,
        "kept": counts.kept,
        "dropped": by_reason(counts.dropped, "pairs"),
        "repaired": by_reason(counts.repaired, "times"),
        "characters": lengths.summary(),
    }


def _as_text(report: dict[str, Any]) -> str:
    """The report as lines of text."""
    lines = [f"{report['read']} pairs read, {report['kept']} kept"]
    for kind, unit in (("dropped", "pairs"), ("repaired", "times")):
        for reason, entry in report[kind].items():
            first = f" (first: {entry['example']})" if entry["example"] else ""
            lines.append(f"{kind:<9} {entry[unit]:>9} × {reason}{first}")
    for side, values in report["characters"].items():
        lines.append(f"{side} characters: " + ", ".join(f"{name} {value}" for name, value in values.items()))
    return "\n".join(lines)
