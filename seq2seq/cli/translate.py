"""`seq2seq translate`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from seq2seq.bundle.finding import DEFAULT
from seq2seq.cli.bulk import is_shared, translate_share
from seq2seq.cli.messages import say
from seq2seq.cli.options import (
    DecodingOverrides,
    EngineName,
    Models,
    Overrides,
    ReverseWeight,
    load_translator,
    optional,
)
from seq2seq.errors import UsageError

if TYPE_CHECKING:
    from seq2seq.cli.output_forms import Form
    from seq2seq.documents import translating as documents
    from seq2seq.documents.pieces import Request
    from seq2seq.translation import Translation

MOST_NOTES = 10
"""So many lines that were kept as they are get a message each."""


@dataclass(frozen=True)
class Translate:
    """Translate stdin to stdout, one line out for each line in, or a file by its format.

    A file is translated by its suffix: lines of text, a column of .tsv and .csv, a field of .jsonl, subtitles
    (.srt) and translation memories (.tmx), each also with .gz.

    With --n-best above 1, the output is line number (from 0) ⇥ score ⇥ text, one line for each translation.
    """

    model: Models = ()
    """A model directory, a run, or a direction that is bundled, such as en-fr, the default. Repeat the option
    for an ensemble."""
    reverse_model: str = ""
    """A model of the opposite direction, which reranks the hypotheses."""
    reverse_weight: ReverseWeight = None
    """Weight of the mean log probability of the source given the translation. Default: 0.5."""
    target_lang: str = ""
    """Language to translate into, for models with several. Default: the model's first."""
    source: Annotated[str, tyro.conf.arg(name="in")] = ""
    """File to translate. Default: stdin, lines of text."""
    out: str = ""
    """File to write, whole or not at all. Default: stdout."""
    column: Annotated[str, tyro.conf.arg(aliases=["--field"])] = ""
    """Column of a .tsv or .csv file (a name, or a number from 1) or field of a .jsonl file with the texts.
    Default: source, src, text or the source language."""
    into: str = "translation"
    """Column or field that gets the translations: a new one, or one that is replaced."""
    shards: int = 0
    """Cut the file into so many parts, which any number of processes share: see docs/how-to/bulk.md. 0: one
    part, or with several processes of torchrun at least one for each."""
    scores: bool = False
    """Print score ⇥ text instead of text."""
    alignment: bool = False
    """Print text ⇥ word alignment, such as 0-0 1-2: source word and target word, counted from 0."""
    json: bool = False
    """Print one JSON object per line: text, scores, confidence, tokens, words, alignment, alternatives."""
    buffer: int = 1000
    """Lines that are read before they are translated. 1: for interactive use."""
    device: str = "cpu"
    """Where to compute: cpu, cuda, cuda:N, or auto (a GPU if there is one)."""
    threads: int = 0
    """CPU threads. 0: torch's choice, one per core."""
    engine: EngineName = "auto"
    """What computes. onnx: ONNX Runtime with int8 products, two to four times as fast on a CPU; onnx-float32:
    with float32 products, which give the answers of torch. auto: the fastest one that is possible."""
    glossary: Annotated[Path | None, optional("FILE.tsv")] = None
    """Terms and their target forms, one pair a line, with a tab between. A term without a form is kept."""
    decoding: Overrides = field(default_factory=DecodingOverrides)

    def run(self) -> int:
        """Translate; returns the exit code."""
        from seq2seq.documents.pieces import Request

        self._check()
        if not self.source:
            sys.stdin.buffer  # noqa: B018 - raises the error of a closed stdin before the model is read
        if not self.out:
            sys.stdout.buffer  # noqa: B018
        translator = load_translator(
            self.model or (DEFAULT,),
            self.decoding,
            device=self.device,
            threads=self.threads,
            engine=self.engine,
            glossary=self.glossary,
            reverse_model=self.reverse_model,
            reverse_weight=self.reverse_weight,
        )
        request = Request(
            self.source or "stdin",
            self.column,
            self.into,
            translator.direction_to(self.target_lang or None),
            self._shape(),
        )
        translate = partial(
            translator.translate_lines, buffer=self.buffer, target_language=self.target_lang or None
        )
        if not self.source and sys.stdin.isatty():
            say("reading lines from the terminal; end with Ctrl-D")
        with Notes() as notes:
            if is_shared(self.shards):
                source, target, form = Path(self.source), Path(self.out), self._form()
                translate_share(
                    source,
                    target,
                    translator,
                    translate,
                    request,
                    form=form,
                    shards=self.shards,
                    buffer=self.buffer,
                    watch=notes,
                )
            else:
                self._translate(translate, request, notes)
        return 0

    def _translate(self, translate: documents.Translate, request: Request, notes: Notes) -> None:
        from seq2seq.documents import translating

        with ExitStack() as stack:
            source = output = None
            if self.source:
                source = stack.enter_context(translating.reading(Path(self.source)))
            if self.out:
                output = stack.enter_context(translating.writing(Path(self.out)))
            pieces = translating.read_pieces(
                source or sys.stdin.buffer, translating.suffix(Path(self.source)), request
            )
            translating.write_pieces(
                pieces, output or sys.stdout.buffer, translate, buffer=self.buffer, watch=notes
            )

    def _check(self) -> None:
        """Raise UsageError for options that contradict each other."""
        from seq2seq.documents.translating import check_formats, is_plain

        if self.buffer < 1:
            raise UsageError(f"--buffer is {self.buffer}, expected 1 or more")
        if self.alignment and (self.scores or self.json or self._form() == "n-best"):
            raise UsageError("--alignment found with --scores, --json or --n-best, expected one of them")
        if self.shards < 0:
            raise UsageError(f"--shards is {self.shards}, expected 0 or more")
        gzipped = any(name.lower().endswith(".gz") for name in (self.source, self.out))
        plain = bool(self.source) and is_plain(Path(self.source)) and not gzipped
        if is_shared(self.shards) and not (plain and self.out):
            raise UsageError(
                "several processes and --shards need --in with plain text, not gzipped, and --out"
            )
        if not self.source:
            return
        if self.out:
            check_formats(Path(self.source), Path(self.out))
        if self._form() != "text" and not is_plain(Path(self.source)):
            raise UsageError(
                f"{self.source}: no plain text, expected that with --scores, --alignment, --json or --n-best"
            )

    def _form(self) -> Form:
        """The form of the output. More lines than in the input only if --n-best is given."""
        if self.json:
            return "json"
        if self.decoding.n_best is not None and self.decoding.n_best > 1:
            return "n-best"
        if self.alignment:
            return "alignment"
        return "scores" if self.scores else "text"

    def _shape(self) -> Callable[[int, str, Translation], str] | None:
        """How to print a line; None for the text of a file, which keeps the ends of its lines."""
        from seq2seq.cli.output_forms import format_translation

        form = self._form()
        return None if self.source and form == "text" else partial(format_translation, form=form)


class Notes:
    """Says on stderr why lines were kept as they are, for the first `MOST_NOTES` of them."""

    def __init__(self) -> None:
        self.number = 0

    def __enter__(self) -> Notes:
        return self

    def __call__(self, line: int, translation: Translation) -> None:
        """Take the translation of the text at `line`."""
        if translation.note:
            self.number += 1
            if self.number <= MOST_NOTES:
                say(f"line {line}: kept as it is, because {translation.note}")

    def __exit__(self, *_: object) -> None:
        """Say how many were not named."""
        if self.number > MOST_NOTES:
            say(f"{self.number - MOST_NOTES} more lines were kept as they are")
