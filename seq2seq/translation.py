"""What a translator returns: text, scores, words, attention and word alignment."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from seq2seq.confidence import Confidence, Evidence

MOST_WEIGHTS = 2**21
"""Attention of a text in several parts has at most so many weights (8 MiB; about 5,000 characters, as many
as the page takes). Longer texts have none: it grows with the square of their length."""

SURE = 0.7
"""A word with this probability or more has no alternative worth showing. Of 550 words of the bundled en-fr
model 23 % are below it, and 87 % of those where another word has at least 0.1."""


@dataclass(frozen=True)
class Word:
    """A word and its place in a text, in characters: `text == whole[start:end]`.

    `confidence` is 0 to 1 on the target side, and None on the source side. `has_alternatives` says on the
    target side whether another word is likely at this place (see `may_differ`).
    """

    text: str
    start: int
    end: int
    confidence: float | None = None
    has_alternatives: bool = False


@dataclass(frozen=True)
class Translation:
    """One translation. It prints as its text. Two are equal if everything but attention is.

    Attributes:
        text: the translation.
        log_prob: natural logarithm of its probability, summed over tokens, EOS included.
        score: what hypotheses are ranked by: the log probability after the length penalty.
        confidence: 0 to 1, an estimate of chrF / 100 if the model is calibrated, and that of a word the
            chance that it is right; else the geometric mean of the token probabilities.
        source_tokens, target_tokens: pieces, the last one "</s>".
        source_words, words: the words of the source and of `text`, with their places.
        attention: float32 (T,S), one row per target token: its weights over the source tokens. They sum to 1
            (to at most 1 for `local` attention). None for models without attention, and for texts of more
            than about 5,000 characters (see `MOST_WEIGHTS`).
        alignment: pairs (source word, target word): each target word with the source word of most attention.
        alternatives: the other hypotheses of an n-best search, best first.
        unstable: of a partial translation, so many characters at the end may still change.
        note: why something was kept as it was typed, such as "this does not look like English"; else "".
        reasons: why the translation may be bad, such as "words that the model does not know: …"; also
            characters that it does not know, a repetition that was cut off, source words without attention,
            an unusual length.
        evidence: what the confidence was computed from; None for a text in several parts.
    """

    text: str
    log_prob: float = 0.0
    score: float = 0.0
    confidence: float = 1.0
    source_tokens: list[str] = field(default_factory=list)
    target_tokens: list[str] = field(default_factory=list)
    source_words: tuple[Word, ...] = ()
    words: tuple[Word, ...] = ()
    attention: np.ndarray | None = field(default=None, compare=False)
    alignment: list[tuple[int, int]] = field(default_factory=list)
    alternatives: list[Translation] = field(default_factory=list)
    note: str = ""
    unstable: int = 0
    reasons: tuple[str, ...] = ()
    evidence: Evidence | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        return self.text

    @property
    def stable(self) -> int:
        """So many characters of `text` stay as they are; all, unless it is partial."""
        return len(self.text) - self.unstable

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON: what the command `translate --json` and the endpoint `/translate` give.

        Attention, by far the largest part, is left out. Of the alternatives there are text and scores.
        """
        return {
            "text": self.text,
            "score": self.score,
            "log_prob": self.log_prob,
            "confidence": self.confidence,
            "source_tokens": self.source_tokens,
            "target_tokens": self.target_tokens,
            "source_words": [
                {name: value for name, value in asdict(word).items() if name != "has_alternatives"}
                for word in self.source_words
            ],
            "words": [asdict(word) for word in self.words],
            "alignment": [list(pair) for pair in self.alignment],
            "alternatives": [
                {"text": other.text, "score": other.score, "log_prob": other.log_prob}
                for other in self.alternatives
            ],
            "note": self.note,
            "reasons": list(self.reasons),
        }


def align(
    weights: np.ndarray, source_words: Sequence[range], target_words: Sequence[range]
) -> list[tuple[int, int]]:
    """Word alignment from attention `weights` (T,S): pairs (source word, target word), one per target word.

    `source_words` and `target_words` give the pieces of each word. The weights of a word's pieces are summed,
    over source and target; EOS is left out. Each target word gets the source word with the largest sum.
    """
    if not source_words or not target_words:
        return []
    by_source = np.stack([weights[:, word.start : word.stop].sum(1) for word in source_words], 1)
    pairs = []
    for index, word in enumerate(target_words):
        mass = by_source[word.start : word.stop].sum(0)
        pairs.append((int(mass.argmax()), index))
    return pairs


def mean_probability(log_probs: Sequence[float]) -> float:
    """Geometric mean of probabilities, given as natural logarithms; 1 for none."""
    return math.exp(sum(log_probs) / len(log_probs)) if log_probs else 1.0


def may_differ(log_probs: Sequence[float]) -> bool:
    """Whether a word with these log probabilities of its pieces leaves room for another one: whether its
    probability, the product, is below `SURE`."""
    return bool(log_probs) and math.exp(sum(log_probs)) < SURE


def kept(text: str, *, translation: str | None = None, note: str = "") -> Translation:
    """What is not translated: `text`, or what stands for it in the translation. Words are linked in order."""
    result = text if translation is None else translation
    source_words, words = (
        tuple(Word(m[0], m.start(), m.end()) for m in re.finditer(r"\S+", side)) for side in (text, result)
    )
    links = min(len(source_words), len(words))
    return Translation(
        result,
        source_words=source_words,
        words=tuple(replace(word, confidence=1.0) for word in words),
        alignment=[(number, number) for number in range(links)],
        note=note,
    )


def join(parts: Sequence[Translation], separators: Sequence[str]) -> Translation:
    """Join the translations of the parts of a text; `separators[i]` follows part i.

    Scores and log probabilities are summed, attention becomes block diagonal.
    """
    if len(parts) == 1 and not separators[0]:
        return parts[0]
    best = [part for part in parts if part.target_tokens]
    text, words, source_words, alignment = "", list[Word](), list[Word](), list[tuple[int, int]]()
    for part, separator in zip(parts, separators, strict=True):
        alignment += [(s + len(source_words), t + len(words)) for s, t in part.alignment]
        words += [replace(w, start=w.start + len(text), end=w.end + len(text)) for w in part.words]
        source_words += part.source_words
        text += part.text + separator
    lengths = [len(part.target_tokens) for part in parts]
    total = sum(lengths) or 1
    return Translation(
        text=text,
        log_prob=sum(part.log_prob for part in parts),
        score=sum(part.score for part in parts),
        confidence=math.exp(
            sum(math.log(max(p.confidence, 1e-30)) * n for p, n in zip(parts, lengths, strict=True)) / total
        ),
        source_tokens=[token for part in parts for token in part.source_tokens],
        target_tokens=[token for part in parts for token in part.target_tokens],
        source_words=tuple(source_words),
        words=tuple(words),
        attention=_block_diagonal([part.attention for part in parts if part.attention is not None]),
        alignment=alignment,
        note="; ".join(dict.fromkeys(part.note for part in parts if part.note)),
        reasons=tuple(dict.fromkeys(reason for part in parts for reason in part.reasons)),
        alternatives=[
            join([other if part is best[0] else part for part in parts], separators)
            for other in best[0].alternatives
        ]
        if len(best) == 1
        else [],
    )


def calibrated(translation: Translation, confidence: Confidence) -> Translation:
    """`translation` with calibrated confidence, if it has evidence."""
    seen = translation.evidence
    if seen is None:
        return translation
    pairs = zip(translation.words, confidence.of_words(seen), strict=True)
    return replace(
        translation,
        confidence=confidence.of_sentence(seen),
        words=tuple(replace(word, confidence=sure) for word, sure in pairs),
    )


def moved(translation: Translation, start: int) -> Translation:
    """`translation` with its source words `start` characters further on."""
    if not start:
        return translation
    return replace(
        translation,
        source_words=tuple(Word(w.text, w.start + start, w.end + start) for w in translation.source_words),
        alternatives=[moved(other, start) for other in translation.alternatives],
    )


def shifted(translation: Translation, lead: str) -> Translation:
    """`translation` with `lead` in front of its text."""
    if not lead:
        return translation
    return replace(
        translation,
        text=lead + translation.text,
        words=tuple(replace(w, start=w.start + len(lead), end=w.end + len(lead)) for w in translation.words),
        alternatives=[shifted(other, lead) for other in translation.alternatives],
    )


def _block_diagonal(blocks: Sequence[np.ndarray]) -> np.ndarray | None:
    """The blocks on the diagonal of one matrix; None if it would have more than `MOST_WEIGHTS` numbers."""
    size = sum(len(block) for block in blocks), sum(block.shape[1] for block in blocks)
    if not blocks or size[0] * size[1] > MOST_WEIGHTS:
        return None
    whole = np.zeros(size, np.float32)
    row = column = 0
    for block in blocks:
        whole[row : row + block.shape[0], column : column + block.shape[1]] = block
        row, column = row + block.shape[0], column + block.shape[1]
    return whole
