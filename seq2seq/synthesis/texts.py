"""The texts that synthetic pairs are made from: lines of one language, or one side of parallel data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

from seq2seq.data.lines import read_lines
from seq2seq.data.readers import READERS, group_paths, read_pairs
from seq2seq.data.writers import writable_suffix
from seq2seq.errors import UsageError
from seq2seq.pairs import Counts, SentencePair

Side = Literal["source", "target"]


class Text(NamedTuple):
    """A text, and where it comes from (`file:line`)."""

    text: str
    location: str


@dataclass(frozen=True)
class Texts:
    """Data in one language or two, which can be read any number of times, in constant memory.

    `files` are paths as on the command line of `seq2seq data`: corpora of pairs, two files of aligned text in
    a row, or one file of lines of one language. The other fields are arguments of `read_pairs`.
    """

    files: Sequence[str]
    columns: tuple[str, str] | None = None
    languages: tuple[str, str] | None = None
    split: str = "train"
    _groups: list[tuple[str, ...]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_groups", group_paths(self.files))

    @property
    def monolingual(self) -> bool:
        """Whether the data is one file of lines of one language.

        Raises UsageError for no data, and for such a file together with others.
        """
        if not self._groups:
            raise UsageError("no data given, expected a file of text, or parallel data")
        lone = [paths[0] for paths in self._groups if len(paths) == 1 and not _holds_pairs(paths[0])]
        if lone and len(self._groups) > 1:
            raise UsageError(f"{lone[0]}: one language found, expected no other data beside it")
        return bool(lone)

    def pairs(self, counts: Counts) -> Iterator[SentencePair]:
        """The pairs of parallel data, counted."""
        for paths in self._groups:
            yield from read_pairs(
                paths, columns=self.columns, languages=self.languages, split=self.split, counts=counts
            )

    def side(self, side: Side, counts: Counts) -> Iterator[Text]:
        """The texts of a side of parallel data, or all lines of one language, counted, without blank ones."""
        if self.monolingual:
            texts = self._lines(counts)
        else:
            texts = (Text(getattr(pair, side), pair.location) for pair in self.pairs(counts))
        for text in texts:
            if text.text.strip():
                yield text
            else:
                counts.drop("blank", where=text.location)

    def _lines(self, counts: Counts) -> Iterator[Text]:
        (path,) = self.files
        for number, line in read_lines(path, counts):
            counts.read += 1
            yield Text(line, f"{path}:{number}")


def _holds_pairs(path: str) -> bool:
    return path.startswith("hf:") or writable_suffix(Path(path)) in READERS
