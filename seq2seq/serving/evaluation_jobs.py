"""Scoring one or two models on a test file that a user sent, by `seq2seq.evaluation`."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from seq2seq import files
from seq2seq.errors import DataError
from seq2seq.evaluation.details import differences, invented_in
from seq2seq.evaluation.invented_words import known_words
from seq2seq.evaluation.metrics import METRICS
from seq2seq.evaluation.scoring import evaluate
from seq2seq.evaluation.significance import Comparison, paired_significance
from seq2seq.evaluation.test_sets import read_test
from seq2seq.pairs import SentencePair
from seq2seq.serving.evaluation_report import Scored, System, html_report
from seq2seq.serving.file_jobs import in_turns
from seq2seq.serving.jobs import Job
from seq2seq.serving.request import InvalidRequest, Request
from seq2seq.serving.service import TranslationService
from seq2seq.serving.uploads import Upload, for_page
from seq2seq.translation import Translation

SUFFIXES = (".tsv", ".csv", ".jsonl", ".tmx")
MAX_BYTES = 2 << 20  # of a test file
MAX_PAIRS = 2_000
SAMPLES = 1_000  # resamples of the test
MAX_TER_PAIRS = 300  # for which TER is tested: they take seconds, in which the job cannot be cancelled
NO_TER = f"TER is not tested for more than {MAX_TER_PAIRS} pairs."


class Turned:
    """A translator that translates in turns with the other users, and counts for a job.

    Everything else is that of the translator.
    """

    def __init__(self, service: TranslationService, request: Request, job: Job) -> None:
        direction = service.directions[request.model]
        self.translator = copy.copy(direction.translator)
        self.target_language, self.name = direction.target_language, request.model
        self.decoding = replace(direction.translator.decoding, beam_size=request.beam_size)
        self.service, self.request, self.job = service, request, job

    def translate(self, texts: Sequence[str]) -> list[Translation]:
        """The translations of texts. Raises Cancelled."""
        made = []
        for translation in in_turns(self.service, texts, self.request, self.job):
            self.job.step()
            made.append(translation)
        return made

    def __getattr__(self, name: str) -> Any:
        return getattr(self.translator, name)


def checked_models(service: TranslationService, first: object, second: object) -> list[Request]:
    """A request for each model. Raises InvalidRequest unless they translate the same way."""
    names = [first] if second in (None, "", first) else [first, second]
    requests = [service.check("file", None, 1, name) for name in names]
    ways = {
        (service.directions[one.model].source_language, service.directions[one.model].target_language)
        for one in requests
    }
    if len(ways) > 1:
        raise InvalidRequest("second", "Both models must translate between the same languages.")
    return requests


def score_upload(
    service: TranslationService, upload: Upload, requests: Sequence[Request], job: Job
) -> Scored:
    """Score the models of `requests` on a test file. Raises DataError and Cancelled."""
    direction = service.directions[requests[0].model]
    languages = (direction.source_language, direction.target_language)
    pairs = _pairs(upload, languages)
    job.expect(len(pairs) * len(requests))
    systems = [_system(service, request, pairs, job) for request in requests]
    sources, references = [pair.source for pair in pairs], [pair.target for pair in pairs]
    made = [system.evaluation.translations for system in systems]
    comparisons = []
    if len(systems) == 2:
        comparisons = compared(systems, references, languages[1], job)
    path = upload.path.with_suffix(".html")
    result = Scored(
        upload.name,
        len(pairs),
        systems,
        comparisons,
        differences(sources, references, made),
        path,
        untested=NO_TER if len(pairs) > MAX_TER_PAIRS else "",
    )
    files.write_text(path, html_report(result))
    return result


def compared(
    systems: Sequence[System], references: Sequence[str], language: str, job: Job
) -> list[Comparison]:
    """Whether two systems differ, by each score that both have; TER of few pairs only. Raises Cancelled."""
    made, found = [system.evaluation.translations for system in systems], []
    for metric in METRICS:
        job.check()
        tested = metric != "ter" or len(references) <= MAX_TER_PAIRS
        if tested and all(metric in system.evaluation.scores for system in systems):
            options: dict[str, Any] = {"language": language, "metric": metric, "samples": SAMPLES}
            found.append(paired_significance(made[0], made[1], references, **options))
    return found


def _pairs(upload: Upload, languages: tuple[str, str]) -> list[SentencePair]:
    try:
        pairs = read_test((str(upload.path),), languages=languages)
    except DataError as error:
        raise DataError(for_page(str(error), upload.path, upload.name)) from None
    if len(pairs) > MAX_PAIRS:
        raise DataError(f"The file has {len(pairs):,} sentence pairs; at most {MAX_PAIRS:,} are scored")
    return pairs


def _system(service: TranslationService, request: Request, pairs: Sequence[SentencePair], job: Job) -> System:
    translator: Any = Turned(service, request, job)
    evaluation = evaluate(translator, pairs)
    sources = [pair.source for pair in pairs]
    made, listed = evaluation.translations, translator.bundle.target_words
    invented = invented_in(sources, made, known=known_words(listed.counts)) if listed else []
    return System(request.model, evaluation, invented)
