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
    "sampling": real(0, 1),
    "sampling_alpha": real(0, 1),
}


@dataclass(frozen=True)
class CleaningConfig:
    """Which pairs are dropped. The defaults suit training; everything that is dropped is counted."""

    drop_empty: bool = True
    """Drop pairs with a blank side."""
    max_characters: int = 1000
    """Drop pairs with more characters than this on one side. 0: no limit."""
    max_ratio: float = 4.0
    """Drop pairs with one side more than this many times as long as the other, unless both have at most 20
    characters. 0: no limit."""
    drop_duplicates: bool = True
    """Drop repetitions of a pair."""
    drop_identical: bool = False
    """Drop pairs whose source equals their target, ignoring spaces at both ends."""

    def __post_init__(self) -> None:
        check_fields(self, _CLEANING_RANGES)
        self._check_ratio("")

    def _check_ratio(self, prefix: str) -> None:
        allowed = self.max_ratio == 0 or self.max_ratio >= 1
        require(allowed, f"{prefix}max_ratio", self.max_ratio, "0 (no limit), or 1 or more")


@dataclass(frozen=True)
class DataConfig(CleaningConfig):
    """How text becomes training pairs, including cleaning."""

    columns: tuple[str, str] | None = None
    """Names of the source and the target column, for data with named columns (TSV, CSV, JSONL, Parquet,
    Hugging Face). By default the columns are found by the languages."""
    split: str = "train"
    """Split of a Hugging Face data set that is used for training."""
    valid_split: str = "validation"
    """Split of a Hugging Face data set that is used for validation."""
    max_length: int = 100
    """Training leaves out pairs with more tokens than this on one side, and says how many."""
    tokenizer: Literal["unigram", "bpe"] = "unigram"
    """How SentencePiece splits text into pieces: unigram (Kudo, 2018) or bpe (Sennrich et al., 2016)."""
    normalization: Literal["identity", "nfc"] = "identity"
    """Unicode form of the text. identity: unchanged; nfc: NFC."""
    vocab_size: int = 8000
    """Number of pieces in a vocabulary, including 256 for single bytes. A small corpus gives fewer, and a
    text with many different characters more."""
    joint: bool = True
    """Use one vocabulary for both languages."""
    tokenizer_sentences: int = 1_000_000
    """Train the tokenizer on at most this many sentences."""
    sampling: float = 0.0
    """Probability of splitting a training sentence into pieces at random (subword regularisation; Kudo,
    2018). 0: always the best split."""
    sampling_alpha: float = 0.2
    """Smoothness of --data.sampling: a smaller number gives more varied splits. For bpe: the share of merges
    that is skipped."""

    def __post_init__(self) -> None:
        check_fields(self, _RANGES, prefix="data.")
        self._check_ratio("data.")
