"""Whether the difference between the scores of two systems is more than chance, by sacreBLEU."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from seq2seq.errors import DataError, UsageError
from seq2seq.evaluation.metrics import build_metric, check_texts, why_no_ter


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
    """Paired bootstrap resampling (Koehn, 2004): is the difference between two systems more than chance?

    Args:
        system_a, system_b: the translations of two systems.
        references: the reference translations.
        language: the target language, which decides how BLEU splits text (see `metrics.tokenizer_for`).
        metric: "bleu", "chrf" or "ter".
        samples: number of resamples, 2 or more.
        seed: of the resampling, 1 or more.

    Raises UsageError for a wrong argument, DataError for texts of different number, or too long for TER.
    """
    check_texts(system_a, references)
    check_texts(system_b, references)
    if metric == "ter":
        for system in (system_a, system_b):
            if reason := why_no_ter(system, references, language=language):
                raise DataError(reason)
    if samples < 2:
        raise UsageError(f"samples is {samples}, expected 2 or more")
    if seed < 1:
        raise UsageError(f"seed is {seed}, expected 1 or more (sacreBLEU takes 0 for no seed)")
    from sacrebleu.significance import PairedTest

    named = [("a", system_a), ("b", system_b)]
    with _sacrebleu_seed(seed):
        test = PairedTest(named, {metric: build_metric(metric, language)}, [references], "bs", samples)
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
