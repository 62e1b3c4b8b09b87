"""Settings of the data: which pairs are dropped, how text becomes token ids, and noise in training."""

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
    "placeholders": whole(0, 64),
    "copies": real(0, 1),
    "phrases": real(0, 1),
}


DEFAULT_NOISE = {
    "lower": 0.05,
    "title": 0.01,
    "upper": 0.0,  # capitals are taken care of before the model
    "unpunctuated": 0.05,
    "casual": 0.05,
    "typos": 0.04,
    "doubled": 0.01,
    "apostrophes": 0.02,
    "spacing": 0.01,
}
"""All kinds of noise, with the rates of "default". `seq2seq/augmentation/noise.py` makes them."""


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

    noise: str = ""
    """Noise that users make, drawn anew in each epoch: KIND=RATE pairs such as lower=0.05,typos=0.04. RATE is
    the probability that a training sentence gets this noise; a sentence gets at most one. Kinds: lower,
    title, upper, unpunctuated, casual, typos, doubled, apostrophes, spacing. default: all at their usual
    rates. Empty: none."""

    mix: str = ""
    """How much of each --train corpus an epoch has, one number for each with commas between: 1,0.25 is all of
    the first and a quarter of the second, another one in each epoch; 3,1 is the first three times. Empty: all
    of each, once."""
    placeholders: int = 0
    """Number of placeholders in the vocabulary. Each stands for something that is copied: a number, an
    address, a name. 0: none; then a translator cuts sentences at what it must copy."""
    copies: float = 0.1
    """Probability of using a pair a second time, with words replaced by placeholders, so that the model
    learns to place them. Needs --data.placeholders."""
    phrases: float = 0.0
    """Add pairs of words and of short phrases, found by word alignment (Brown et al., 1993): at most this
    many for each pair of the corpus. 0: none."""

    def __post_init__(self) -> None:
        check_fields(self, _RANGES, prefix="data.")
        self._check_ratio("data.")
        noise_rates(self.noise, name="data.noise")
        mix_shares(self.mix, name="data.mix")


def mix_shares(text: str, *, corpora: int | None = None, name: str = "data.mix") -> tuple[float, ...]:
    """The share of each corpus that `text` names, such as (1.0, 0.25) for "1,0.25"; "" is 1 for each.

    `name` is what an error calls the text. Raises UsageError for another number of shares than `corpora`,
    for a share that is no number from 0 to 100, and if all are 0.
    """
    if not text.strip():
        return (1.0,) * (corpora or 0)
    number = f"{corpora} numbers" if corpora is not None else "numbers"
    expected = f'{number} from 0 to 100 with commas between, one for each --train, such as "1,0.25"'
    try:
        shares = tuple(map(float, text.split(",")))
    except ValueError:
        shares = ()
    fits = len(shares) == corpora if corpora is not None else bool(shares)
    fits = fits and all(0 <= share <= 100 for share in shares) and any(shares)
    require(fits, name, text, expected)
    return shares


def noise_rates(text: str, *, name: str = "noise") -> dict[str, float]:
    """The rate of each kind of noise that `text` names: KIND=RATE pairs with commas between them.

    "default" stands for `DEFAULT_NOISE`, "" for none. `name` is what an error calls the text. Raises
    UsageError for an unknown or repeated kind, a rate outside 0 to 1, and rates with a sum above 1.
    """
    if text.strip() in ("", "default"):
        return dict(DEFAULT_NOISE) if text.strip() else {}
    expected = (
        'KIND=RATE pairs such as "lower=0.05,typos=0.04", "default" or "" (each kind once, of '
        f"{', '.join(DEFAULT_NOISE)}; each rate from 0 to 1, together at most 1)"
    )
    rates = dict[str, float]()
    for pair in text.split(","):
        kind, _, number = map(str.strip, pair.partition("="))
        require(kind in DEFAULT_NOISE and kind not in rates, name, text, f"{expected}; wrong: {pair!r}")
        try:
            rates[kind] = float(number)
        except ValueError:
            rates[kind] = -1.0
        require(0 <= rates[kind] <= 1, name, text, f"{expected}; wrong: {pair!r}")
    total = sum(rates.values())
    require(total <= 1 + 1e-9, name, text, f"{expected}; the sum is {total:g}")  # 1e-9: 0.7 + 0.2 + 0.1 > 1
    return rates
