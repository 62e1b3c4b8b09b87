"""A toy Markov model of second order, whose probabilities plain Python can compute."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import torch
from torch import Tensor

from seq2seq.decoding.engine import Array, StepOutput
from seq2seq.decoding.hypotheses import Hypothesis
from seq2seq.decoding.search import SearchOptions

BOS, EOS = 0, 1
OPTIONS = SearchOptions(bos=BOS, eos=EOS, forbidden=(BOS,), beam_size=3)


@dataclass(frozen=True)
class ToyState:
    """Memory: the table of each sentence. Recurrent state: the tokens fed to each hypothesis so far."""

    tables: Tensor  # (B,) numbers of tables
    paths: Tensor  # (B * K, t)

    def select(self, sentences: Array, hypotheses: Array) -> ToyState:
        assert sentences.tolist() == sorted(set(sentences.tolist()))
        old = len(self.paths) // len(self.tables)
        assert (hypotheses // old == sentences[:, None]).all(), "of another sentence"
        return ToyState(self.tables[sentences], self.paths[hypotheses.flatten()])


@dataclass
class Toy:
    """Logits of the next token given the last two: (tables, V, V, V). Records the shapes of its calls."""

    logits: Tensor
    shortlist: Tensor | None = None
    shapes: list[tuple[int, int]] = field(default_factory=list)

    @staticmethod
    def random(seed: int, *, tables: int = 3, vocabulary: int = 5, spread: float = 2.0) -> Toy:
        generator = torch.Generator().manual_seed(seed)
        return Toy(torch.randn(tables, vocabulary, vocabulary, vocabulary, generator=generator) * spread)

    def start(self, *tables: int) -> ToyState:
        chosen = torch.tensor(tables or range(len(self.logits)), dtype=torch.int64)
        return ToyState(chosen, torch.full((len(chosen), 1), BOS))

    def step(self, newest: Array, state: ToyState) -> StepOutput:
        assert newest.dtype == np.int64
        tokens = torch.from_numpy(newest)
        self.shapes.append((tokens.shape[0], tokens.shape[1]))
        assert len(state.tables) == len(tokens)
        paths = torch.cat([state.paths, tokens.reshape(-1, 1)], 1)
        before = paths[:, -2].view(tokens.shape)
        logits = self.logits[state.tables[:, None], before, tokens]  # (B, K, V)
        normaliser = logits.logsumexp(-1)
        if self.shortlist is not None:
            logits = logits[..., self.shortlist]
        weights = torch.zeros(*tokens.shape, 16)  # the path itself, so that a row shows whose it is
        weights[..., : paths.shape[1] - 1] = paths[:, 1:].view(*tokens.shape, -1).float()
        return StepOutput(logits, normaliser, self.shortlist, weights, ToyState(state.tables, paths))

    def log_probs(self, table: int, tokens: Sequence[int]) -> list[float]:
        """Log probability of each token and of EOS, in plain Python."""
        path, values = [BOS, BOS], []
        for token in [*tokens, EOS]:
            row = self.row(table, path[-2], path[-1])
            values.append(row[token])
            path.append(token)
        return values

    @cache  # noqa: B019 (a toy lives as long as its test)
    def row(self, table: int, before: int, token: int) -> list[float]:
        """Log probabilities of the next token, in plain Python."""
        logits = [float(x) for x in self.logits[table, before, token]]
        top = max(logits)
        normaliser = top + math.log(sum(math.exp(x - top) for x in logits))
        return [x - normaliser for x in logits]

    __hash__ = object.__hash__

    def score(self, table: int, tokens: Sequence[int], alpha: float) -> float:
        return sum(self.log_probs(table, tokens)) / (len(tokens) + 1) ** alpha

    def space(self, longest: int) -> list[tuple[int, ...]]:
        """All token sequences with at most `longest` tokens, EOS included."""
        words = range(2, self.logits.shape[-1])
        return [s for length in range(longest) for s in itertools.product(words, repeat=length)]


def limits(*lengths: int) -> Tensor:
    return torch.tensor(lengths, dtype=torch.int64)


def tokens_of(hypotheses: list[list[Hypothesis]]) -> list[list[tuple[int, ...]]]:
    return [[hypothesis.tokens for hypothesis in of_sentence] for of_sentence in hypotheses]
