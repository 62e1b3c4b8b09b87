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

from seq2seq.decoding.choices import NEVER, as_array, top
from seq2seq.decoding.engine import Array, Engine, StepOutput
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
        self.between, self.forbidden = prefix.surfaces.between_words, np.array(question.forbidden, np.int64)
        self.allowed: dict[bytes, Array] = {}  # tokens that may follow where so much of the prefix is left
        self.lengths = prefix.surfaces.sizes.copy()
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

    def extend(self, log_probs: Array) -> list[int]:
        """Replace the live hypotheses by their best continuations; returns which one each extends.

        log_probs: (K,V) of the next token of each.
        """
        log_probs[:, self.forbidden] = NEVER
        used = {token for tokens, _ in self.live for token in tokens}
        placeholders = [t for t in self.prefix.surfaces.placeholder_ids if self._barred(t, used)]
        log_probs[:, placeholders] = NEVER
        for scores, (tokens, total) in zip(log_probs, self.live, strict=True):
            self._end_word(scores, tokens, total)
        base = np.array([[total for _, total in self.live]])
        values, rows, best = (part[0].tolist() for part in top(base, log_probs[None], WIDTH))
        live, parents = list[tuple[list[int], float]](), list[int]()
        least = math.log(LEAST) + max(math.log(self.passed or 1e-300), values[0])
        for value, row, token in zip(values, rows, best, strict=True):
            if value < least or value == NEVER or self._finishes([*self.live[row][0], token], value):
                continue
            live.append(([*self.live[row][0], token], value))
            parents.append(row)
        self.live = live
        return parents

    def _barred(self, token: int, used: set[int]) -> bool:
        """Whether the placeholder `token` is not left in the source."""
        return token not in self.question.source or token in used

    def _end_word(self, scores: Array, tokens: list[int], total: float) -> None:
        """Restrict `scores` (V,) to what continues a hypothesis, and count the probability that it ends."""
        rest = self.prefix.rest(0, tokens)
        if rest is not None:
            if rest not in self.allowed:
                self.allowed[rest] = self.prefix.allowed(0, rest)
            allowed = self.allowed[rest]
            kept = scores[allowed]
            if rest:
                passing = self.lengths[allowed] >= len(rest)
                self.passed += float(np.exp(kept[passing]).sum()) * math.exp(total)
            scores.fill(NEVER)
            scores[allowed] = kept
        elif text := self.text(tokens).strip():
            mass = self._ending(scores)
            if mass and not _OPEN.search(text):
                self.finish(self.text(tokens), total + math.log(mass))
            scores[self.between] = NEVER

    def _ending(self, scores: Array) -> float:
        """The probability that a word ends here: of all tokens that do not make it longer.

        Label smoothing gives each of the many tokens a little, so those near the uniform distribution do not
        count.
        """
        chances = np.exp(scores[self.between])
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
        if total > NEVER and "\ufffd" not in text:
            self.words[text] = self.words.get(text, 0.0) + math.exp(total)


def _log_probs(output: StepOutput, vocabulary: int) -> Array:
    """Log probabilities (K,V) of the tokens; -inf for those that a shortlist lacks."""
    values = (as_array(output.logits) - as_array(output.log_normaliser)[..., None])[0]
    if output.candidates is None:
        return values
    full = np.full((len(values), vocabulary), NEVER, np.float32)
    full[:, as_array(output.candidates)] = values
    return full
