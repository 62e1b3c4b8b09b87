"""Settings of decoding: how a trained model translates."""

from __future__ import annotations

from dataclasses import dataclass

from seq2seq.config.checks import check_fields, real, require, whole

_RANGES = {
    "beam_size": whole(1, 200),
    "length_penalty": real(0, 10),
    "max_length_factor": real(0.01, 100),
    "max_length_extra": whole(1, 10_000),
    "no_repeat_ngram": whole(0, 100),
    "max_source_length": whole(1, 10_000),
    "batch_size": whole(1, 100_000),
}


@dataclass(frozen=True)
class DecodingConfig:
    """How a trained model translates."""

    beam_size: int = 5
    """Hypotheses kept for each sentence (K). 1 is greedy search."""
    n_best: int = 1
    """Translations returned for each sentence, at most the beam size."""
    length_penalty: float = 1.0
    """Hypotheses are ranked by log probability / length ** this. 0: no penalty; 1: the mean per token."""
    max_length_factor: float = 2.0
    """A translation has at most this many tokens per source token, plus --max-length-extra."""
    max_length_extra: int = 10
    """Tokens that are added to the limit of --max-length-factor."""
    no_repeat_ngram: int = 0
    """No run of this many tokens occurs twice in a translation. 0: no such limit."""
    max_source_length: int = 250
    """A source with more tokens than this is split, translated in parts and joined."""
    batch_size: int = 64
    """Sentences translated at once."""

    def __post_init__(self) -> None:
        check_fields(self, _RANGES)
        most = f"1 to beam_size ({self.beam_size})"
        require(1 <= self.n_best <= self.beam_size, "n_best", self.n_best, most)
