"""Settings of decoding: how a trained model translates."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

from seq2seq.config.checks import LARGEST_SEED, above, check_fields, real, require, whole
from seq2seq.errors import UsageError

LengthNormalisation = Literal["none", "average", "wu"]
LOWEST_TEMPERATURE = 0.01  # below it, logits divided by the temperature leave the range of numbers

_RANGES = {
    "beam_size": whole(1, 200),
    "length_penalty": real(0, 10),
    "coverage_penalty": real(0, 100),
    "temperature": real(0, 100),
    "top_k": whole(0),
    "top_p": above(0, 1),
    "sampling_seed": whole(0, LARGEST_SEED),
    "mbr": whole(0, 1_000),
    "max_length_factor": real(0.01, 100),
    "max_length_extra": whole(1, 10_000),
    "min_length_factor": real(0, 100),
    "min_length": whole(0, 10_000),
    "max_repeats": whole(0, 100),
    "no_repeat_ngram": whole(0, 100),
    "repetition_penalty": real(1, 10),
    "max_source_length": whole(1, 1_000_000),
    "batch_size": whole(1, 100_000),
}


@dataclass(frozen=True)
class DecodingConfig:
    """How a trained model translates."""

    beam_size: int = 5
    """Number of hypotheses kept for each sentence. 1: greedy search. More takes longer."""
    n_best: int = 1
    """Number of translations returned for each sentence, at most the beam size. Fewer if some have the same
    text. When sampling, the number of samples."""
    length_normalisation: LengthNormalisation = "average"
    """What translations are ranked by, for a length penalty p: average (log probability / length^p), wu
    (log probability / ((5 + length) / 6)^p; Wu et al., 2016) or none (the log probability)."""
    length_penalty: float = 1.0
    """Exponent p of the length normalisation. 0: short translations win more often; 1: the mean per token."""
    coverage_penalty: float = 0.0
    """Weight of the coverage penalty in the ranking: source tokens with little attention cost something (Wu
    et al., 2016). For models with attention. 0: no such rule."""
    temperature: float = 0.0
    """0: search for the likeliest translation. Above 0: draw translations at random; below 1 likely tokens
    are preferred more than the model says, above 1 less."""
    top_k: int = 0
    """Sampling: draw only from so many likeliest tokens. 0: from all."""
    top_p: float = 1.0
    """Sampling: draw only from the likeliest tokens that together have this probability."""
    sampling_seed: int = 0
    """Sampling: the same seed gives the same translation of a sentence, whatever stands around it."""
    mbr: int = 0
    """Minimum Bayes risk: of so many hypotheses or samples, take the one most like all of them by chrF. 0: no
    such rule."""
    max_length_factor: float = 2.0
    """Longest translation, in tokens per source token. --max-length-extra is added."""
    max_length_extra: int = 10
    """Tokens added to the limit of --max-length-factor."""
    min_length_factor: float = 0.0
    """Shortest translation, in tokens per source token."""
    min_length: int = 0
    """Shortest translation, in tokens."""
    max_repeats: int = 3
    """How often a sequence of tokens may occur in a row: loops end there. Very short sequences may occur more
    often. 0: no such rule."""
    no_repeat_ngram: int = 0
    """Forbid that a sequence of this many tokens occurs twice in a translation. 0: no such rule."""
    repetition_penalty: float = 1.0
    """Divide the logits of tokens that a translation already has by this (Keskar et al., 2019). 1: no such
    rule."""
    max_source_length: int = 250
    """A source with more tokens than this is translated in several parts. A training lowers it, to 40 at
    least, to the length of all but the longest of its sentences, because a model knows no longer ones."""
    sentences: bool = True
    """Split lines into sentences and translate each by itself."""
    verbatim: bool = True
    """Keep what is not language (addresses, numbers, emoji, tags, code) and unknown names as they are, give
    words their usual capitals, and keep sentences of another language. false: all goes through the model."""
    shortlist: bool = True
    """Choose among the likely pieces of each sentence, if the model has a table of them and ONNX Runtime
    computes: faster, and one translation in thirty differs. false: among all pieces."""
    batch_size: int = 64
    """Number of sentences translated together."""

    def __post_init__(self) -> None:
        check_fields(self, _RANGES)
        self._check_candidates()
        self._check_lengths()

    @property
    def sampling(self) -> bool:
        """Whether translations are drawn at random."""
        return self.temperature > 0

    def greedy(self) -> DecodingConfig:
        """These settings with greedy search: one hypothesis, nothing drawn at random."""
        searched = replace(self, n_best=1, mbr=0, temperature=0.0, top_k=0, top_p=1.0, sampling_seed=0)
        return replace(searched, beam_size=1)

    def _check_candidates(self) -> None:
        """Raise UsageError for settings of sampling without it, and for more results than candidates."""
        if self.sampling:
            lowest = f"0 (search) or at least {LOWEST_TEMPERATURE}"
            require(self.temperature >= LOWEST_TEMPERATURE, "temperature", self.temperature, lowest)
            most, limit = (self.mbr, "mbr") if self.mbr else (1_000, "the most samples")
        else:
            for name, unused in (("top_k", 0), ("top_p", 1.0), ("sampling_seed", 0)):
                value = getattr(self, name)
                require(value == unused, name, value, f"{unused} without sampling; set temperature above 0")
            beam = f"at most beam_size ({self.beam_size}), or a temperature above 0"
            require(self.mbr <= self.beam_size, "mbr", self.mbr, beam)
            most, limit = (self.mbr, "mbr") if self.mbr else (self.beam_size, "beam_size")
        require(1 <= self.n_best <= most, "n_best", self.n_best, f"1 to {limit} ({most})")
        if self.mbr:
            needless = "0 with mbr, which ranks by chrF alone"
            require(not self.coverage_penalty, "coverage_penalty", self.coverage_penalty, needless)

    def _check_lengths(self) -> None:
        """Raise UsageError for length settings that contradict each other."""
        longest = f"at most max_length_factor ({self.max_length_factor})"
        shorter = self.min_length_factor <= self.max_length_factor
        require(shorter, "min_length_factor", self.min_length_factor, longest)
        below = f"below max_length_extra ({self.max_length_extra}), the limit of the shortest sources"
        require(self.min_length < self.max_length_extra, "min_length", self.min_length, below)


def check_given(given: Mapping[str, Any]) -> None:
    """Raise UsageError for settings of a user that do not exist, or of which one makes another useless.

    The defaults of a model may hold such pairs: what is useless has no effect.
    """
    known = [field.name for field in fields(DecodingConfig)]
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"expected one of {', '.join(known)}"
            raise UsageError(f"unknown option {name!r}; {hint}")
    if given.get("length_normalisation") == "none" and "length_penalty" in given:
        raise UsageError(
            f"length_penalty is {given['length_penalty']!r} and length_normalisation 'none', expected one of "
            "them: without normalisation there is no exponent"
        )
    if given.get("temperature") and "beam_size" in given:
        raise UsageError(
            f"beam_size is {given['beam_size']!r} and temperature {given['temperature']!r}, expected one of "
            "them: samples have no beam, and n_best says how many are drawn"
        )
