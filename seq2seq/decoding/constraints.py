"""Constraints: rules that change the scores of a step before search chooses the next tokens.

A new kind is a class with the two methods of `Constraint`. If a field of `DecodingConfig` switches it on, it
also needs a line in `configured_constraints`; others are passed to `decode`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
from torch import Tensor

from seq2seq.config import DecodingConfig
from seq2seq.decoding.min_length import MinLength
from seq2seq.decoding.repetition import LimitRepeats
from seq2seq.decoding.repetition_penalty import RepetitionPenalty


class Constraint(Protocol):
    """A rule about the next token of each hypothesis.

    It must treat every hypothesis by itself, so that the other sentences of a batch change no result. It has
    no state: search passes everything it may depend on. A constraint changes logits but not their normaliser,
    so that the log probabilities of tokens that it leaves alone remain those of the model.

    A rule that seldom acts may have a method `idle`: see `is_idle`.
    """

    def select(self, sentences: Sequence[int]) -> Self:
        """The constraint for a batch: sentence b of the batch is `sentences[b]` of the `decode` call."""

    def apply(self, logits: Tensor, prefixes: Tensor, sentences: Tensor, candidates: Tensor | None) -> Tensor:
        """The changed logits (B,K,V). The given tensor may be overwritten and returned.

        Args:
            logits: (B,K,V) float32, unnormalised. -inf forbids a token, EOS included.
            prefixes: (B,K,t) int64, the tokens of each hypothesis so far, without BOS. Hypotheses that are
                already impossible have arbitrary tokens.
            sentences: (B,) int64, the number of each sentence in the batch. Sentences that are done leave, so
                these are not always 0 to B - 1.
            candidates: (V,) int64, the token of each column, if a shortlist is used; None if column v is
                token v.
        """


def is_idle(rule: Constraint, prefixes: np.ndarray) -> bool:
    """Whether `rule` says that it would change nothing after `prefixes` (B,K,t); most rules do not say it."""
    idle = getattr(rule, "idle", None)
    return idle is not None and idle(prefixes)


@dataclass(frozen=True)
class NoRepeatNgrams:
    """No sequence of `size` tokens occurs twice in a hypothesis (Paulus et al., 2018)."""

    size: int

    def select(self, sentences: Sequence[int]) -> NoRepeatNgrams:
        """The same rule holds for every sentence."""
        return self

    def apply(self, logits: Tensor, prefixes: Tensor, sentences: Tensor, candidates: Tensor | None) -> Tensor:
        """Set the logits of tokens that would repeat a sequence to -inf."""
        if prefixes.shape[-1] < self.size:
            return logits
        columns = None if candidates is None else {int(t): c for c, t in enumerate(candidates.tolist())}
        blocked = [
            (row, k, column)
            for row, hypotheses in enumerate(prefixes.tolist())
            for k, tokens in enumerate(hypotheses)
            for token in self._repeated(tokens)
            if (column := token if columns is None else columns.get(token)) is not None
        ]
        if blocked:
            rows, hypotheses, tokens = zip(*blocked, strict=True)
            logits[list(rows), list(hypotheses), list(tokens)] = -math.inf
        return logits

    def _repeated(self, tokens: list[int]) -> set[int]:
        """Tokens that followed the last `size` - 1 tokens earlier in the hypothesis."""
        last = len(tokens) - self.size + 1
        context = tokens[last:]
        starts = (start for start in range(last) if tokens[start : start + self.size - 1] == context)
        return {tokens[start + self.size - 1] for start in starts}


def configured_constraints(
    config: DecodingConfig, sources: Sequence[Sequence[int]] = ()
) -> tuple[Constraint, ...]:
    """The constraints that `config` switches on, in the order in which they are applied.

    `sources` are the token ids of each source, without EOS; the least length depends on them.
    """
    rules: list[Constraint] = []
    if config.repetition_penalty != 1:
        rules.append(RepetitionPenalty(config.repetition_penalty))
    if config.min_length or config.min_length_factor:
        least = (int(config.min_length_factor * len(source)) for source in sources)
        rules.append(MinLength(tuple(max(config.min_length, length) for length in least)))
    if config.max_repeats:
        rules.append(LimitRepeats(config.max_repeats))
    if config.no_repeat_ngram:
        rules.append(NoRepeatNgrams(config.no_repeat_ngram))
    return tuple(rules)
