"""Settings of the data: how text becomes training pairs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from seq2seq.config.checks import require


@dataclass(frozen=True)
class DataConfig:
    """How text becomes training pairs."""

    columns: tuple[str, str] | None = None
    """Names of the source and target columns (CSV, JSONL, Parquet, Hugging Face)."""
    split: str = "train"
    """Split of a Hugging Face data set to train on."""
    valid_split: str = "validation"
    """Split of a Hugging Face data set to validate on."""
    drop_empty: bool = True
    """Drop pairs of which one side is blank."""
    max_characters: int = 1000
    """Drop pairs of which one side is longer than this; 0 keeps all."""
    max_ratio: float = 4.0
    """Drop pairs of which one side is this many times longer than the other (short ones excepted); 0 keeps
    all."""
    drop_duplicates: bool = True
    """Drop a pair that was seen before."""
    drop_identical: bool = False
    """Drop pairs whose source equals their target."""
    max_length: int = 100
    """Skip training pairs of more tokens than this on one side."""
    tokenizer: Literal["unigram", "bpe"] = "unigram"
    """Kind of SentencePiece model (Kudo, 2018; Sennrich et al., 2016)."""
    normalization: Literal["identity", "nfc"] = "identity"
    """Unicode form of the text."""
    vocab_size: int = 8000
    """Pieces, those for bytes included; a small corpus may give fewer."""
    joint: bool = True
    """One vocabulary for both languages."""
    tokenizer_sentences: int = 1_000_000
    """At most this many sentences are read to train the tokenizer."""
    sampling: float = 0.0
    """Probability that a sentence is split at random, not best (subword regularisation; Kudo, 2018)."""
    sampling_alpha: float = 0.2
    """Smoothness of that sampling: smaller is wilder (for BPE: dropout)."""

    def __post_init__(self) -> None:
        require(self.vocab_size >= 300, "data.vocab_size", self.vocab_size, "300 or more")
        require(self.max_length >= 1, "data.max_length", self.max_length, "a whole number from 1")
        require(0 <= self.sampling <= 1, "data.sampling", self.sampling, "0 <= p <= 1")
