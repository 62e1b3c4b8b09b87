"""The likely words after a prefix, as interactive translation offers them (Knowles and Koehn, 2016).

A small beam search over pieces that ends each hypothesis where its word ends. Pieces that spell the same word
in different ways are added up. The last encoded sources and steps along prefixes are kept (remembered.py), so
a prefix that has grown by a word costs one step of the decoder and the two to four steps of the search.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from seq2seq.decoding.engine import Engine, StepOutput
from seq2seq.decoding.prefix import JOINERS, Beginning, ForcedPrefix
from seq2seq.decoding.remembered import memory_of
from seq2seq.preparation.lexicon import MARKS
from seq2seq.text.tokenizer import Tokenizer

UNIT = re.compile(rf"\s*(?:[\w{MARKS}{JOINERS}]+|[^\w\s])")
"""A word, with hyphens and apostrophes inside it, or one other mark; white space before it is part of it."""
WIDTH = 6
"""Hypotheses that are extended in each step."""
LEAST = 0.003
"""Hypotheses and words with a smaller share of the probability are given up."""
MOST_STEPS = 12
"""Words of more pieces, with those of the prefix's last word, are not found."""
_LONGEST_REST = 24  # bytes of a prefix whose pieces are searched, in scripts without spaces
UNIFORM = 2
"""Times the uniform distribution: tokens below it say nothing about the end of a word."""
_OPEN = re.compile(rf"[\w{MARKS}][{JOINERS}]$")  # "l'": a word goes on


@dataclass(frozen=True)
class Question:
    """What is asked of the model.

    Attributes:
        source: token ids that end in EOS.
        beginning: the prefix.
        forbidden: tokens that are never chosen.
    """

    source: tuple[int, ...]
    beginning: Beginning
    forbidden: tuple[int, ...]


@torch.inference_mode()
def next_words(
    engine: Engine, tokenizer: Tokenizer, prefix: ForcedPrefix, question: Question, *, n: int
) -> list[tuple[str, float]]:
    """The `n` likeliest continuations up to the end of the present or next word, with their probabilities.

    "" is the end of the translation. The probability is that of the continuation given the prefix.

    Args:
        engine: computes the scores.
        tokenizer: of the target side.
        prefix: the rule that hypotheses obey, for the beginning of `question` alone.
        question: source and prefix.
        n: number of words.
    """
    head = _head(tokenizer, prefix, question.beginning)
    output = memory_of(engine).along(engine, question.source, [Tokenizer.bos_id, *head])
    search = _WordSearch(tokenizer, prefix, question, head)
    search.run(engine, output, n)
    total = search.passed or 1.0
    ranked = sorted(search.words.items(), key=lambda item: -item[1])
    return [(text, min(mass / total, 1.0)) for text, mass in ranked[:n] if mass >= LEAST * total]


def _head(tokenizer: Tokenizer, prefix: ForcedPrefix, beginning: Beginning) -> list[int]:
    """The pieces of the prefix before its last word, which are not searched."""
    marked = beginning.marked
    cut = max((match.start() for match in re.finditer(r"\s", marked)), default=0)
    if len(marked[cut:].encode()) > _LONGEST_REST:
        cut = len(marked) - _LONGEST_REST // 4
    ids = tokenizer.encode(marked[:cut])
    return ids if cut and prefix.rest(0, ids) else []


class _WordSearch:
    """A running search. `words` has the probability of each finished continuation, `passed` the sum of all
    that have gone beyond the prefix."""

    def __init__(
        self, tokenizer: Tokenizer, prefix: ForcedPrefix, question: Question, head: Sequence[int]
    ) -> None:
        self.tokenizer, self.prefix, self.question = tokenizer, prefix, question
        self.words: dict[str, float] = {}
        rest = prefix.rest(0, head)
        self.passed = 0.0 if rest else 1.0
        self.live: list[tuple[list[int], float]] = [(list(head), 0.0)]
        self.between = prefix.surfaces.between_ids
        self.allowed: dict[bytes, Tensor] = {}  # tokens that may follow where so much of the prefix is left
        self.lengths = prefix.surfaces.sizes.clone()
        for token, sign in zip(prefix.surfaces.placeholder_ids, question.beginning.signs, strict=False):
            self.lengths[token] = len(sign)

    def run(self, engine: Engine, output: StepOutput, n: int) -> None:
        """Extend hypotheses until no other word can be one of the `n` best."""
        for _ in range(MOST_STEPS):
            parents = self.extend(_log_probs(output, len(self.lengths)))
            best = sorted(self.words.values(), reverse=True)[:n]
            left = sum(math.exp(total) for _, total in self.live)
            if not self.live or (len(best) == n and left < best[-1]):
                return
            state = output.state.select(np.zeros(1, np.int64), np.array([parents]))
            output = engine.step(np.array([[tokens[-1] for tokens, _ in self.live]]), state)

    def extend(self, log_probs: Tensor) -> list[int]:
        """Replace the live hypotheses by their best continuations; returns which one each extends.

        log_probs: (K,V) of the next token of each.
        """
        log_probs[:, list(self.question.forbidden)] = -math.inf
        used = {token for tokens, _ in self.live for token in tokens}
        placeholders = [t for t in self.prefix.surfaces.placeholder_ids if self._barred(t, used)]
        log_probs[:, placeholders] = -math.inf
        for row, (tokens, total) in enumerate(self.live):
            self._end_word(log_probs[row], tokens, total)
            log_probs[row] += total
        size = min(WIDTH, log_probs.numel())
        best = log_probs.flatten().topk(size)
        live, parents = list[tuple[list[int], float]](), list[int]()
        least = math.log(LEAST) + max(math.log(self.passed or 1e-300), float(best.values[0]))
        for value, place in zip(best.values.tolist(), best.indices.tolist(), strict=True):
            row, token = divmod(place, log_probs.shape[1])
            if value < least or value == -math.inf or self._finishes([*self.live[row][0], token], value):
                continue
            live.append(([*self.live[row][0], token], value))
            parents.append(row)
        self.live = live
        return parents

    def _barred(self, token: int, used: set[int]) -> bool:
        """Whether the placeholder `token` is not left in the source."""
        return token not in self.question.source or token in used

    def _end_word(self, scores: Tensor, tokens: list[int], total: float) -> None:
        """Restrict `scores` (V,) to what continues a hypothesis, and count the probability that it ends."""
        rest = self.prefix.rest(0, tokens)
        if rest is not None:
            if rest not in self.allowed:
                self.allowed[rest] = torch.tensor(self.prefix.allowed(0, rest))
            allowed = self.allowed[rest]
            kept = scores[allowed]
            if rest:
                passing = self.lengths[allowed] >= len(rest)
                self.passed += float(kept[passing].exp().sum()) * math.exp(total)
            scores.fill_(-math.inf)[allowed] = kept
        elif text := self.text(tokens).strip():
            mass = self._ending(scores)
            if mass and not _OPEN.search(text):
                self.finish(self.text(tokens), total + math.log(mass))
            scores[self.between] = -math.inf

    def _ending(self, scores: Tensor) -> float:
        """The probability that a word ends here: of all tokens that do not make it longer.

        Label smoothing gives each of the many tokens a little, so those near the uniform distribution do not
        count.
        """
        chances = scores[self.between].exp()
        return float(chances[chances > UNIFORM / len(scores)].sum())

    def _finishes(self, tokens: list[int], total: float) -> bool:
        """Whether a hypothesis has ended with its last token; if so it is counted."""
        if tokens[-1] == Tokenizer.eos_id:
            self.finish("", total)
            return True
        if self.prefix.rest(0, tokens):
            return False
        text = self.text(tokens)
        unit = UNIT.match(text)
        if unit is None or text.endswith("\ufffd"):
            return False
        if unit.end() == len(text) and re.search(rf"[\w{MARKS}{JOINERS}]$", text):
            return False
        self.finish(unit[0], total)
        return True

    def text(self, tokens: Sequence[int]) -> str:
        """What `tokens` say behind the prefix."""
        beginning = self.question.beginning
        return self.tokenizer.decode(tokens, beginning.fillings)[len(beginning.text) :]

    def finish(self, text: str, total: float) -> None:
        """Add the probability of a finished word."""
        if total > -math.inf and "\ufffd" not in text:
            self.words[text] = self.words.get(text, 0.0) + math.exp(total)


def _log_probs(output: StepOutput, vocabulary: int) -> Tensor:
    """Log probabilities (K,V) of the tokens; -inf for those that a shortlist lacks."""
    logits, normaliser = torch.as_tensor(output.logits), torch.as_tensor(output.log_normaliser)
    values = (logits - normaliser.unsqueeze(-1))[0].float().cpu()
    if output.candidates is None:
        return values
    full = torch.full((len(values), vocabulary), -math.inf)
    full[:, output.candidates.cpu()] = values
    return full
