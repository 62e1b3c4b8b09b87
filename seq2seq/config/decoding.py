"""Settings of decoding: how a trained model translates."""

from __future__ import annotations

from dataclasses import dataclass

from seq2seq.config.checks import check_fields, real, require, whole

_RANGES = {
    "beam_size": whole(1, 200),
    "length_penalty": real(0, 10),
    "max_length_factor": real(0.01, 100),
    "max_length_extra": whole(1, 10_000),
    "max_repeats": whole(0, 100),
    "no_repeat_ngram": whole(0, 100),
    "max_source_length": whole(1, 1_000_000),
    "batch_size": whole(1, 100_000),
}


@dataclass(frozen=True)
class DecodingConfig:
    """How a trained model translates."""

    beam_size: int = 5
    """Number of hypotheses kept for each sentence. 1: greedy search. More takes longer."""
    n_best: int = 1
    """Number of translations returned for each sentence, at most the beam size."""
    length_penalty: float = 1.0
    """Exponent p of the ranking log probability / length^p. 0: short translations win more often; 1: the
    mean per token."""
    max_length_factor: float = 2.0
    """Longest translation, in tokens per source token. --max-length-extra is added."""
    max_length_extra: int = 10
    """Tokens added to the limit of --max-length-factor."""
    max_repeats: int = 3
    """How often a sequence of tokens may occur in a row: loops end there. Very short sequences may occur more
    often. 0: no such rule."""
    no_repeat_ngram: int = 0
    """Forbid that a sequence of this many tokens occurs twice in a translation. 0: no such rule."""
    max_source_length: int = 250
    """A source with more tokens than this is translated in several parts."""
    sentences: bool = True
    """Split lines into sentences and translate each by itself."""
    verbatim: bool = True
    """Keep what is not language (addresses, numbers, emoji, tags, code) and unknown names as they are, give
    words their usual capitals, and keep sentences of another language. false: all goes through the model."""
    batch_size: int = 64
    """Number of sentences translated together."""

    def __post_init__(self) -> None:
        check_fields(self, _RANGES)
        most = f"1 to beam_size ({self.beam_size})"
        require(1 <= self.n_best <= self.beam_size, "n_best", self.n_best, most)
