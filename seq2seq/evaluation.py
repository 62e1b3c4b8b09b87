"""Score a model on a test set, through the same `Translator` as users have."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from seq2seq.batching import Batch
from seq2seq.config import DataError
from seq2seq.losses import cross_entropy
from seq2seq.metrics import Score, bleu, score_all
from seq2seq.pairs import SentencePair
from seq2seq.translator import Translator


@dataclass(frozen=True)
class Evaluation:
    """`scores` by name, each with the signature that reproduces it; `seconds` for translating alone."""

    scores: dict[str, Score]
    translations: list[str]
    seconds: float
    model: str

    def to_dict(self) -> dict[str, Any]:
        """What `evaluate` prints."""
        return {
            **{name: {"score": s.score, "signature": s.signature} for name, s in self.scores.items()},
            "sentences": len(self.translations),
            "seconds": round(self.seconds, 3),
            "model": self.model,
        }


def evaluate(translator: Translator, pairs: Sequence[SentencePair], *, all_scores: bool = True) -> Evaluation:
    """Translate the sources and compare with the targets, as raw text: BLEU, chrF and TER, or BLEU alone."""
    if not pairs:
        raise DataError("the test set is empty, expected at least one pair")
    start = time.perf_counter()
    translations = [t.text for t in translator.translate([pair.source for pair in pairs])]
    seconds = time.perf_counter() - start
    references = [pair.target for pair in pairs]
    language = translator.target_language
    if all_scores:
        scores = score_all(translations, references, language=language)
    else:
        scores = {"bleu": bleu(translations, references, language=language)}
    return Evaluation(scores, translations, seconds, translator.name)


@torch.no_grad()
def mean_loss(model: nn.Module, batches: Iterable[Batch], device: torch.device) -> float:
    """Cross entropy in nats a target token, without label smoothing; `exp` of it is the perplexity."""
    model.eval()
    loss, tokens = 0.0, 0
    for batch in batches:
        moved = batch.to(device)
        logits = model(moved.source, moved.lengths, moved.target, moved.real)
        loss += float(cross_entropy(logits, moved.labels[moved.real]))
        tokens += batch.tokens
    return loss / tokens if tokens else math.nan
