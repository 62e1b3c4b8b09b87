"""Settings of the data: which pairs are dropped, and how text becomes token ids."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from seq2seq.config.checks import Range, check_fields, real, require, whole

_CLEANING_RANGES: dict[str, Range] = {"max_characters": whole(0), "max_ratio": real(0)}
_RANGES = {
    **_CLEANING_RANGES,
    "max_length": whole(1),
    "vocab_size": whole(300, 1_000_000),
    "tokenizer_sentences": whole(1),
    "sampling": Range(0, 1, "0 <= p <= 1"),
    "sampling_alpha": real(0, 1),
}


@dataclass(frozen=True)
class CleaningConfig:
    """Which pairs are dropped. The defaults suit training; everything that is dropped is counted."""

    drop_empty: bool = True
    """Drop pairs with a blank side."""
    max_characters: int = 1000
    """Drop pairs with a side longer than this. 0: keep all."""
    max_ratio: float = 4.0
    """Drop pairs with one side this many times longer than the other, unless both have at most 20 characters.
    0: keep all."""
    drop_duplicates: bool = True
    """Drop a pair that was seen before."""
    drop_identical: bool = False
    """Drop pairs whose source equals their target, apart from spaces around them."""

    def __post_init__(self) -> None:
        check_fields(self, _CLEANING_RANGES)
        self._check_ratio("")

    def _check_ratio(self, prefix: str) -> None:
        allowed = self.max_ratio == 0 or self.max_ratio >= 1
        require(allowed, f"{prefix}max_ratio", self.max_ratio, "0 (no limit), or 1 or more")


@dataclass(frozen=True)
class DataConfig(CleaningConfig):
    """How text becomes training pairs, the cleaning included."""

    columns: tuple[str, str] | None = None
    """Names of the source and target columns (TSV, CSV, JSONL, Parquet, Hugging Face)."""
    split: str = "train"
    """Split of a Hugging Face data set to train on."""
    valid_split: str = "validation"
    """Split of a Hugging Face data set to validate on."""
    max_length: int = 100
    """Training leaves out pairs with more tokens than this on one side, and says how many."""
    tokenizer: Literal["unigram", "bpe"] = "unigram"
    """Kind of SentencePiece model (Kudo, 2018; Sennrich et al., 2016)."""
    normalization: Literal["identity", "nfc"] = "identity"
    """Unicode form of the text: as it is, or NFC."""
    vocab_size: int = 8000
    """Pieces of the vocabulary, 256 for single bytes included. A small corpus gives fewer, and a text with
    many different characters more."""
    joint: bool = True
    """One vocabulary for both languages."""
    tokenizer_sentences: int = 1_000_000
    """The tokenizer is trained on at most this many sentences."""
    sampling: float = 0.0
    """Probability that a sentence is split into pieces at random (subword regularisation; Kudo, 2018)."""
    sampling_alpha: float = 0.2
    """Smoothness of that sampling: smaller gives more varied splits. For BPE: the share of merges left
    out."""

    def __post_init__(self) -> None:
        check_fields(self, _RANGES, prefix="data.")
        self._check_ratio("data.")
        columns = self.columns
        pair = columns is None or (len(columns) == 2 and all(isinstance(name, str) for name in columns))
        require(pair, "data.columns", columns, "two names")
