"""Loops end: a sequence of tokens may follow itself only so often, and tokens must not be too much alike.

Networks that do not know how to go on tend to repeat themselves until the length limit (Holtzman et al.,
2020). The limits leave room for what people write ("non, non, non !", "1.000.000.000", "aaaah"): of 470,000
reference sentences in de, en, es, fr and zh, cut into pieces, 5 would be affected: lists and numbers in the
documentation of software.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from seq2seq.decoding.choices import NEVER
from seq2seq.text.tokenizer import Tokenizer

LONGEST = 16
"""Tokens of the longest sequence whose repetitions are counted."""
SHORT = 8
"""A repeated sequence may fill so many tokens, whatever the limit."""
FEWEST_DIFFERENT = {32: 11, 64: 23}
"""Tokens in a row -> how many of them must be different. References in prose have these and more."""
SMALL_VOCABULARY = 1000
"""With fewer tokens than this (characters, phonemes, digits), tokens need not be different."""
_FIRST_LOOK = 4  # tokens that are compared first; fewer than SHORT
_FORBIDDEN = 1e3  # what a rule takes from the logit of EOS when it forbids the end, or more


@dataclass(frozen=True)
class LimitRepeats:
    """A sequence of up to `LONGEST` tokens occurs at most `repeats` times in a row.

    A sequence that is shorter than `SHORT` / `repeats` tokens may occur until it fills `SHORT` tokens: with 3
    repeats, one token may occur 8 times in a row, two tokens 4 times, more of them 3 times. The token that
    would complete one repetition too many is forbidden. If it is the likeliest, the hypothesis ends instead,
    because what a network says after a loop is another loop.

    A hypothesis also ends when too few of its last tokens are different (`FEWEST_DIFFERENT`): a loop with
    small variations. It does not end where another rule forbids EOS.
    """

    repeats: int
    eos: int = Tokenizer.eos_id

    def select(self, sentences: Sequence[int]) -> LimitRepeats:
        """The same rule holds for every sentence."""
        return self

    def idle(self, prefixes: np.ndarray) -> bool:
        """Whether no hypothesis can have a repetition too many, or too few different tokens."""
        length = prefixes.shape[-1]
        return length < SHORT or (length < min(FEWEST_DIFFERENT) and not _seen_before(prefixes).any())

    def apply(self, logits: Tensor, prefixes: Tensor, sentences: Tensor, candidates: Tensor | None) -> Tensor:
        """Set to -inf the logits of tokens that would repeat a sequence too often, or of all but EOS."""
        if prefixes.shape[-1] < SHORT:
            return logits
        longest = LONGEST * (max(self.repeats, SHORT) + 1)
        tokens = prefixes[..., -longest:].cpu().numpy()
        for row, k, token in self._excessive(tokens):
            column = _column(token, candidates, row)
            if column is not None:
                if int(logits[row, k].argmax()) == column:
                    self._end(logits[row, k], candidates, row)
                logits[row, k, column] = NEVER
        for window, fewest in FEWEST_DIFFERENT.items():
            if tokens.shape[-1] < window or _vocabulary(logits, candidates) < SMALL_VOCABULARY:
                break
            ordered = np.sort(tokens[..., -window:], axis=-1)
            different = 1 + (ordered[..., 1:] != ordered[..., :-1]).sum(-1)
            for row, k in zip(*(different < fewest).nonzero(), strict=True):
                self._end(logits[row, k], candidates, int(row))
        return logits

    def _excessive(self, tokens: np.ndarray) -> Iterator[tuple[int, int, int]]:
        """Row, hypothesis and token of each repetition that would be too many after `tokens` (B,K,t).

        A sequence of n tokens occurs r times if the last n * (r - 1) tokens equal those n places before. Most
        tokens do not even equal the last few, so these are compared first.
        """
        equal = _seen_before(tokens)
        for row, k, place in zip(*equal.nonzero(), strict=True):
            size, prefix = equal.shape[-1] - int(place), tokens[row, k]
            compared = size * max(self.repeats, -(-SHORT // size)) - 1  # without the new token
            if len(prefix) < compared + size:
                continue
            if np.array_equal(prefix[-compared:], prefix[-compared - size : -size]):
                yield int(row), int(k), int(prefix[-size])

    def _end(self, scores: Tensor, candidates: Tensor | None, row: int) -> None:
        """Forbid all but EOS in `scores` (V,), unless EOS is forbidden."""
        end = _column(self.eos, candidates, row)
        if end is not None and scores[end] > scores.max() - _FORBIDDEN:
            scores[torch.arange(len(scores), device=scores.device) != end] = NEVER


def _seen_before(tokens: np.ndarray) -> np.ndarray:
    """Whether the last few of `tokens` (B,K,t) also stand `P`, `P` - 1, ... or 1 places before: (B,K,P)."""
    places = min(LONGEST, tokens.shape[-1] - _FIRST_LOOK)
    equal = tokens[..., -1 - places : -1] == tokens[..., -1, None]
    for back in range(2, _FIRST_LOOK + 1):
        if not equal.any():
            break
        equal &= tokens[..., -back - places : -back] == tokens[..., -back, None]
    return equal


def _vocabulary(logits: Tensor, candidates: Tensor | None) -> int:
    """The number of tokens; with a shortlist, as far as it shows."""
    return logits.shape[-1] if candidates is None else int(candidates.max()) + 1


def _column(token: int, candidates: Tensor | None, row: int) -> int | None:
    """The column of `token` in row `row`, None if it is not in the shortlist `candidates`."""
    if candidates is None:
        return token
    columns = ((candidates if candidates.dim() == 1 else candidates[row]) == token).nonzero()
    return int(columns[0]) if len(columns) else None
