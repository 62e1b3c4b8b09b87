"""Several networks as one engine: the probability of a token is the mean of theirs.

    P(y) = 1/N sum_n P_n(y)

The networks have one vocabulary. Their attention is averaged too, over those that have attention.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from seq2seq.decoding.engine import Array, Engine, SearchState, StepOutput


@dataclass(frozen=True)
class EnsembleState:
    """The state of each engine."""

    states: tuple[SearchState, ...]

    def select(self, sentences: Array, hypotheses: Array) -> EnsembleState:
        """Keep these rows of each."""
        return EnsembleState(tuple(state.select(sentences, hypotheses) for state in self.states))


class EnsembleEngine:
    """Runs `engines`, which are on one device and have one vocabulary, side by side."""

    def __init__(self, engines: Sequence[Engine]) -> None:
        if not engines:
            raise ValueError("engines is empty, expected at least one")
        self.engines = tuple(engines)
        self.device: torch.device = engines[0].device

    def start(self, sources: Sequence[Sequence[int]]) -> EnsembleState:
        """Encode `sources` with each engine."""
        return EnsembleState(tuple(engine.start(sources) for engine in self.engines))

    def step(self, tokens: Array, state: EnsembleState) -> StepOutput:
        """Scores of the token after `tokens` (B,K).

        Logits are log P(y) plus the mean of the normalisers, so that an ensemble of a model with itself has
        its logits: rules that look at them, such as the repetition penalty, act alike.
        """
        outputs = [engine.step(tokens, one) for engine, one in zip(self.engines, state.states, strict=True)]
        _check_candidates([output.candidates for output in outputs])
        normalisers = torch.stack([torch.as_tensor(output.log_normaliser) for output in outputs])
        logits = torch.stack([torch.as_tensor(output.logits) for output in outputs])
        log_probs, normaliser = logits - normalisers.unsqueeze(-1), normalisers.mean(0)
        mean = log_probs.logsumexp(0) - math.log(len(outputs))
        weights = [torch.as_tensor(output.weights) for output in outputs if output.weights is not None]
        return StepOutput(
            logits=mean + normaliser.unsqueeze(-1),
            log_normaliser=normaliser,
            candidates=outputs[0].candidates,
            weights=torch.stack(weights).mean(0) if weights else None,
            state=EnsembleState(tuple(output.state for output in outputs)),
        )


def as_one(engines: Sequence[Engine]) -> Engine:
    """The only engine of `engines`, or an ensemble of them."""
    return engines[0] if len(engines) == 1 else EnsembleEngine(engines)


def _check_candidates(shortlists: Sequence[Any]) -> None:
    """Raise ValueError unless all engines score the same tokens."""
    first = shortlists[0]
    for other in shortlists[1:]:
        if (first is None) != (other is None) or (first is not None and not torch.equal(first, other)):
            raise ValueError("candidates differ between the engines of an ensemble, expected one shortlist")
