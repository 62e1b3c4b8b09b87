"""Scores a model on a test set, through the same `Translator` that users have."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from seq2seq.config import DecodingConfig
from seq2seq.errors import DataError
from seq2seq.evaluation.calibration import Judged, calibration_errors, judge
from seq2seq.evaluation.details import LengthBand, by_length
from seq2seq.evaluation.invented_words import invented_rate, known_words
from seq2seq.evaluation.metrics import Score, bleu, score_all, why_no_ter
from seq2seq.evaluation.word_frequency import FrequencyBand, by_frequency, word_counts
from seq2seq.pairs import SentencePair
from seq2seq.translator import Translator


@dataclass(frozen=True)
class Evaluation:
    """The result of `evaluate`.

    Attributes:
        scores: by name, "bleu", "chrf" and "ter".
        translations: of the sources, in order.
        seconds: time that translating took.
        model: name of the model.
        decoding: the settings it translated with.
        notes: why a score is missing.
        invented_words: in 1,000 words of the translations, and of the references, those that the training
            data did not have (see `invented_words`); None if the model has no word list.
        judged: what became of each translation, for `calibration.calibrate`.
        calibration_error: how far confidence is from the truth, of words and sentences.
        lengths: the scores of the sentences of each length.
        frequencies: how well the words of each frequency are translated.
        counted_in: what these frequencies come from: "training data", as the model's word list counts it
            (see `Lexicon.count`: not at the start of sentences), or "references" if it has no list.
    """

    scores: dict[str, Score]
    translations: list[str]
    seconds: float
    model: str
    decoding: DecodingConfig = field(default_factory=DecodingConfig)
    notes: tuple[str, ...] = ()
    invented_words: tuple[float, float] | None = None
    judged: Judged | None = field(default=None, repr=False, compare=False)
    calibration_error: Mapping[str, Any] | None = None
    lengths: Sequence[LengthBand] = ()
    frequencies: Sequence[FrequencyBand] = ()
    counted_in: str = ""

    def to_dict(self) -> dict[str, Any]:
        """What `seq2seq evaluate` prints."""
        return {
            **{name: {"score": s.score, "signature": s.signature} for name, s in self.scores.items()},
            "sentences": len(self.translations),
            "seconds": round(self.seconds, 3),
            "model": self.model,
            **({"invented_words": self._invented()} if self.invented_words else {}),
            **({"calibration_error": dict(self.calibration_error)} if self.calibration_error else {}),
            **({"notes": list(self.notes)} if self.notes else {}),
        }

    def details(self) -> dict[str, Any]:
        """Where it is strong and weak, as plain values: what `seq2seq evaluate` prints besides."""
        lengths = [
            {
                "words": str(one),
                "sentences": one.sentences,
                "bleu": round(one.bleu, 2),
                "chrf": round(one.chrf, 2),
            }
            for one in self.lengths
        ]
        frequencies = [
            {"times": str(one), "words": one.words, "f1": round(one.f1, 2)} for one in self.frequencies
        ]
        return {
            "by_length": lengths,
            "by_word_frequency": {"counted_in": self.counted_in, "bands": frequencies},
        }

    def _invented(self) -> dict[str, float]:
        rates = self.invented_words or (0.0, 0.0)
        return dict(zip(("per_1000", "references_per_1000"), (round(rate, 2) for rate in rates), strict=True))


def evaluate(translator: Translator, pairs: Sequence[SentencePair], *, all_scores: bool = True) -> Evaluation:
    """Translate the sources of `pairs` and compare the translations with the targets, as raw text.

    Scores are BLEU, chrF and TER, or without `all_scores` BLEU alone. TER is left out, with a note, for lines
    of more than `metrics.MOST_WORDS` words. Raises DataError if there is no pair.
    """
    if not pairs:
        raise DataError("the test set is empty, expected at least one pair")
    start = time.perf_counter()
    made = translator.translate([pair.source for pair in pairs])
    seconds = time.perf_counter() - start
    translations, references = [one.text for one in made], [pair.target for pair in pairs]
    language = translator.target_language
    notes: tuple[str, ...] = ()
    invented, judged = None, None
    weak: dict[str, Any] = {}
    if all_scores:
        weak = _weak_places(translator, pairs, translations)
        judged = judge(made, references)
        invented = _invented_rates(translator, pairs, translations)
        reason = why_no_ter(translations, references, language=language)
        notes = (f"ter is left out: {reason}",) if reason else ()
        scores = score_all(translations, references, language=language)
    else:
        scores = {"bleu": bleu(translations, references, language=language)}
    return Evaluation(
        scores,
        translations,
        seconds,
        translator.name,
        translator.decoding,
        notes,
        invented,
        judged=judged,
        calibration_error=calibration_errors(judged) if judged else None,
        **weak,
    )


def _weak_places(
    translator: Translator, pairs: Sequence[SentencePair], translations: Sequence[str]
) -> dict[str, Any]:
    """The fields `lengths`, `frequencies` and `counted_in` of an `Evaluation`."""
    sources, references = [pair.source for pair in pairs], [pair.target for pair in pairs]
    listed = translator.bundle.target_words
    counts = word_counts(listed.counts if listed else references)
    return {
        "lengths": by_length(sources, translations, references, language=translator.target_language),
        "frequencies": by_frequency(translations, references, counts=counts),
        "counted_in": "training data" if listed else "references",
    }


def _invented_rates(
    translator: Translator, pairs: Sequence[SentencePair], translations: Sequence[str]
) -> tuple[float, float] | None:
    """Invented words in 1,000 words of the translations, and of the references."""
    if not translator.bundle.target_words:
        return None
    known, sources = known_words(translator.bundle.target_words.counts), [pair.source for pair in pairs]
    references = [pair.target for pair in pairs]
    return (
        invented_rate(translations, known=known, sources=sources),
        invented_rate(references, known=known, sources=sources),
    )
