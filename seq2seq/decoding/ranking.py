"""Which hypotheses of a sentence are wanted, and in which order their texts are given."""

from __future__ import annotations

from collections.abc import Sequence

from seq2seq.config import DecodingConfig
from seq2seq.decoding.hypotheses import Hypothesis
from seq2seq.decoding.risk import by_risk


def candidates(config: DecodingConfig, *, choose: bool) -> int:
    """Number of hypotheses of a sentence that its translations are taken from.

    With `choose`, or with more translations than one, these are all of a search, because some are passed
    over. Samples are not chosen from: the first ones would no longer be samples of the model.
    """
    if config.mbr or config.sampling:
        return config.mbr or config.n_best
    return config.beam_size if choose or config.n_best > 1 else config.n_best


def rank(hypotheses: Sequence[Hypothesis], texts: Sequence[str], config: DecodingConfig) -> list[Hypothesis]:
    """The hypotheses of different `texts`, best first: the first of each text, by score or by risk."""
    if config.mbr:
        return by_risk(hypotheses, texts, sampled=config.sampling)
    first = dict[str, Hypothesis]()
    for one, text in zip(hypotheses, texts, strict=True):
        first.setdefault(text, one)
    return list(first.values())
