"""Settings of decoding: how a trained model translates."""

from __future__ import annotations

from dataclasses import dataclass

from seq2seq.config.checks import require


@dataclass(frozen=True)
class DecodingConfig:
    """How a trained model translates."""

    beam_size: int = 5
    """K, hypotheses kept a sentence; 1 is greedy."""
    n_best: int = 1
    """Translations returned a sentence, at most the beam size."""
    length_penalty: float = 1.0
    """Score = log probability / length ** this; 0 is none, 1 the mean."""
    max_length_factor: float = 2.0
    """A translation has at most factor × source tokens + extra tokens."""
    max_length_extra: int = 10
    """The other part of that limit."""
    max_source_length: int = 250
    """A longer source (in tokens) is split, translated in parts and joined."""
    batch_size: int = 64
    """Sentences translated at once."""

    def __post_init__(self) -> None:
        require(1 <= self.beam_size <= 200, "beam_size", self.beam_size, "1 to 200")
        require(
            1 <= self.n_best <= self.beam_size, "n_best", self.n_best, f"1 to beam_size ({self.beam_size})"
        )
        require(0 <= self.length_penalty <= 10, "length_penalty", self.length_penalty, "0 to 10")
        require(self.max_length_factor > 0, "max_length_factor", self.max_length_factor, "above 0")
        require(
            self.max_length_extra >= 1, "max_length_extra", self.max_length_extra, "a whole number from 1"
        )
        require(self.max_source_length >= 1, "max_source_length", self.max_source_length, "1 or more")
        require(self.batch_size >= 1, "batch_size", self.batch_size, "a whole number from 1")
