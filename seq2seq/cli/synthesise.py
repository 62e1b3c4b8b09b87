"""`seq2seq data synthesise`: training pairs made by models."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from seq2seq.cli.messages import say
from seq2seq.cli.options import DecodingOverrides, EngineName, Models, Overrides, load_translator
from seq2seq.cli.outputs import check_outputs
from seq2seq.config.data import CleaningConfig
from seq2seq.errors import UsageError
from seq2seq.pairs import Counts, SentencePair

if TYPE_CHECKING:
    from seq2seq.synthesis.making import Maker


@dataclass(frozen=True)
class Synthesise:
    """Write pairs of texts and their translations, to train on. What is repeated is written once.

    Text of the source language with --forward, text of the target language with --back (back-translation).
    Parallel data with both, several models of each, and --keep: data diversification. With --forward several
    times and --ensemble: distillation from an ensemble. See docs/how-to/synthetic-data.md.
    """

    files: Annotated[tuple[str, ...], tyro.conf.Positional] = ()
    """A file of lines of one language (.gz too), or parallel data as in `seq2seq data check`."""
    forward: Models = ()
    """Model from the source to the target language: a model directory, a run, or a direction that is bundled.
    Repeat the option for several, which translate one after the other."""
    back: Models = ()
    """Model from the target to the source language, in the same forms."""
    ensemble: bool = False
    """Use the models of --forward, and those of --back, as one ensemble each."""
    keep: bool = False
    """Write the pairs of the parallel data first."""
    out: Path = Path("synthetic.tsv")
    """File to write: .tsv, .csv, .jsonl or .tmx, or one of these with .gz after it."""
    columns: tuple[str, str] | None = None
    """Names, or numbers from 1, of the source and the target column of parallel data."""
    split: str = "train"
    """Split of a Hugging Face data set."""
    buffer: int = 1000
    """Texts that are read before they are translated."""
    device: str = "cpu"
    """Where to compute: cpu, cuda, cuda:N, or auto (a GPU if there is one)."""
    threads: int = 0
    """CPU threads. 0: torch's choice, one per core."""
    engine: EngineName = "auto"
    """What computes: see `seq2seq translate --help`."""
    cleaning: Annotated[CleaningConfig, tyro.conf.arg(name="data")] = field(default_factory=CleaningConfig)
    decoding: Overrides = field(default_factory=DecodingOverrides)

    def run(self) -> int:
        """Synthesise; returns the exit code."""
        from seq2seq.data.cleaning import clean
        from seq2seq.data.writers import write_pairs
        from seq2seq.synthesis.making import languages_of, synthetic_pairs
        from seq2seq.synthesis.texts import Texts

        texts = Texts(self.files, self.columns, split=self.split)
        self._check(monolingual=texts.monolingual)
        makers = self._makers()
        languages, counts, lost = languages_of(makers), Counts(), Counts()
        made = synthetic_pairs(makers, texts, counts, keep=self.keep, buffer=self.buffer)
        pairs = clean(_shown(made), self.cleaning, counts)
        written = write_pairs(pairs, (self.out,), languages=languages, counts=lost)
        say(f"{self.out}: {written} pairs written; {counts}")
        return 0

    def _check(self, *, monolingual: bool) -> None:
        """Raise UsageError for options that contradict each other or the data."""
        check_outputs((self.out,), self.files)
        if self.buffer < 1:
            raise UsageError(f"--buffer is {self.buffer}, expected 1 or more")
        if not (self.forward or self.back):
            raise UsageError("no model given, expected --forward MODEL or --back MODEL")
        if monolingual and self.keep:
            raise UsageError("--keep found with text of one language, expected parallel data")
        if monolingual and self.forward and self.back:
            raise UsageError("--forward and --back found with text of one language, expected one of them")

    def _makers(self) -> list[Maker]:
        """The models, loaded: each for itself, or those of one direction together."""
        from seq2seq.synthesis.making import Maker

        makers = []
        for names, back in ((self.forward, False), (self.back, True)):
            groups = [names] if self.ensemble and names else [(name,) for name in names]
            for group in groups:
                translator = load_translator(
                    group, self.decoding, device=self.device, threads=self.threads, engine=self.engine
                )
                makers.append(Maker(translator, back))
        return makers


def _shown(pairs: Iterator[SentencePair]) -> Iterator[SentencePair]:
    """Yield `pairs`, with a counter on a terminal."""
    from tqdm import tqdm

    yield from tqdm(pairs, unit=" pairs", disable=None, leave=False)
