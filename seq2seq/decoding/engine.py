"""The protocol between search and whatever computes its scores: a network in torch, or another engine.

Search calls `start` once for a batch of sentences and `step` once for each target position. It knows nothing
else of an engine. A new engine is a class with these two methods.

Letters: B sentences, K hypotheses of each, V candidate tokens, S source positions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np
import torch
from torch import Tensor

Array = np.ndarray[Any, Any]


class SearchState(Protocol):
    """What an engine carries from step to step: memory per sentence, recurrent state per hypothesis."""

    def select(self, sentences: Array, hypotheses: Array) -> Self:
        """Keep the rows `sentences` (B',) of the memory, and the rows `hypotheses` (B',K) of the state.

        Hypotheses are numbers into the flat B * K' rows of the previous step; one may be taken several times.
        Sentences are in ascending order: if there are as many as before, the memory can stay as it is.
        """


@dataclass(slots=True)
class StepOutput:
    """Scores of the next token. The search owns `logits` from here on and overwrites some of them.

    An engine that computes without torch gives arrays: on a CPU, the first call of torch after its products
    takes longer than all else that a search of one sentence does with a step.
    """

    logits: Tensor | Array
    """(B,K,V) float32, unnormalised; -inf marks an impossible token."""
    log_normaliser: Tensor | Array
    """(B,K): the log probability of a token is its logit minus this."""
    candidates: Tensor | None
    """(B,V) token ids of the shortlist of each sentence, or (V,) of all; None: candidate v is token v. EOS
    and placeholders have the same column in each sentence. It is the same object in steps with the same
    sentences."""
    weights: Tensor | Array | None
    """(B,K,S) float32 attention weights behind these scores; None without attention."""
    state: Any
    """The `SearchState` after the step."""


StepFunction = Callable[[Array, Any], StepOutput]
"""step(tokens (B,K) int64, state) -> StepOutput. In the first call tokens are BOS and K is 1 (when sampling,
the number of samples)."""


class Engine(Protocol):
    """Computes the scores that search asks for.

    An engine that computes on one thread and lets others compute meanwhile may have an attribute
    `batches_at_once`, the number of threads that search batches side by side. One with a shortlist has a
    method `start_listed`: like `start`, but the steps score only the likely tokens of each sentence.
    """

    @property
    def device(self) -> torch.device:
        """Where its tensors are."""

    def start(self, sources: Sequence[Sequence[int]]) -> SearchState:
        """Encode `sources`, token ids that end in EOS, and return the state before the first target token."""

    def step(self, tokens: Array, state: Any) -> StepOutput:
        """Scores of the token after `tokens` (B,K), and the state after it."""
