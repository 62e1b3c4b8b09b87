"""`seq2seq evaluate`."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated

from seq2seq.bundle.finding import DEFAULT
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


@dataclass(frozen=True)
class Evaluate:
    """Score a model on a test set: BLEU, chrF and TER as one JSON object on stdout.

    The translations are compared with the raw text of the test set. What had to be repaired in it (line ends
    inside a text, control characters) or was skipped is counted on stderr.
    """

    test: tuple[str, ...]
    """Test data: one path, two paths of aligned text, or hf:OWNER/NAME[:CONFIG]. For a model of several
    directions, with that of the data: en-de=test.en,test.de."""
    model: Models = ()
    """A model directory, a run, or a direction that is bundled, such as en-fr, the default. Repeat the option
    for an ensemble."""
    reverse_model: str = ""
    """A model of the opposite direction, which reranks the hypotheses."""
    reverse_weight: ReverseWeight = None
    """Weight of the mean log probability of the source given the translation. Default: 0.5."""
    target_lang: str = ""
    """Language to translate into, for models with several. Default: the model's first."""
    columns: Annotated[tuple[str, str] | None, optional("SOURCE TARGET")] = None
    """Names of the source and target columns (TSV, CSV, JSONL, Parquet, Hugging Face)."""
    split: str = "test"
    """Split of a Hugging Face data set to score."""
    paper_style: bool = False
    """Also score as papers do: BLEU of lower-cased Moses tokens with normalised punctuation (paper_style).
    Needs the extra "paper"."""
    output: Annotated[Path | None, optional("PATH")] = None
    """Also write the translations to this file, one per line."""
    record: str = ""
    """Also store the scores in the model's metrics.json under this name of the test set, and write the
    model's card again."""
    calibrate: bool = False
    """Calibrate the model's confidence on every second pair, measure it on the others, and store it in the
    model's config.json."""
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
        """Evaluate; returns the exit code."""
        from seq2seq.bundle.finding import locate
        from seq2seq.bundle.record import record_confidence, record_scores
        from seq2seq.cli.streams import check_output
        from seq2seq.evaluation.calibration import calibrate
        from seq2seq.evaluation.paper_style import check_paper_style, paper_bleu
        from seq2seq.evaluation.scoring import evaluate
        from seq2seq.evaluation.test_sets import direction_of_test, read_test
        from seq2seq.files import write_text
        from seq2seq.pairs import Counts
        from seq2seq.text.plain_lines import one_line

        check_output()
        for option, given in (("--record", self.record), ("--calibrate", self.calibrate)):
            if given and len(self.model) > 1:
                raise UsageError(f"{option} found with several models, expected one that it is stored in")
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
        translator.direction, test = direction_of_test(translator, self.test, self.target_lang)
        languages = translator.direction
        if self.paper_style:
            check_paper_style(languages[1])
        counts = Counts()
        pairs = read_test(test, languages=languages, columns=self.columns, split=self.split, counts=counts)
        if counts.repaired or counts.dropped:
            places = ", ".join(f"{reason}: {place}" for reason, place in sorted(counts.examples.items()))
            say(f"test data: {counts}; first of each: {places}")
        if self.calibrate:
            translator.bundle = replace(translator.bundle, confidence=None)
        result = evaluate(translator, pairs)
        if self.calibrate and result.judged is not None:
            confidence, errors = calibrate(result.judged)
            record_confidence(locate(*self.model or (DEFAULT,)).directory, confidence)
            result = replace(result, calibration_error=errors)
        if self.paper_style:
            references = [pair.target for pair in pairs]
            score = paper_bleu(result.translations, references, language=languages[1])
            result = replace(result, scores=result.scores | {"paper_style": score})
        for note in result.notes:
            say(note)
        if self.output is not None:
            write_text(self.output, "".join(one_line(text) + "\n" for text in result.translations))
        if self.record:
            directory = locate(*self.model or (DEFAULT,)).directory
            if not record_scores(directory, result.to_dict(), test=self.record, decoding=translator.decoding):
                say(f"{directory / 'README.md'} was not written by a command, and stays as it is")
        print(json.dumps(result.to_dict() | result.details(), ensure_ascii=False, indent=2))
        return 0
