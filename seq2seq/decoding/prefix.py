"""A constraint: a translation begins with given characters.

The characters may end inside a word. Every sequence of pieces whose characters agree with them is allowed, so
the pieces need not be those of the tokenizer, and the last one may go on behind the prefix. Byte pieces spell
whatever has no piece of its own.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import Tensor

from seq2seq.decoding.constraints import Constraint
from seq2seq.decoding.engine import Array
from seq2seq.preparation.lexicon import MARKS
from seq2seq.text.symbols import FIRST_SURFACES, SPACE, placeholder
from seq2seq.text.tokenizer import Tokenizer
from seq2seq.text.word_spans import UNSPACED_SCRIPTS

_NEVER_IN_UTF8 = b"\xff"  # marks the place of a placeholder among the bytes of a prefix
JOINERS = "'’‐·-"
"""Marks that stand inside a word."""


def goes_on(text: str) -> bool:
    """Whether `text`, right behind a word, makes it longer: it begins with a letter, a digit, or a mark that
    stands inside words or combines with a letter. In scripts without spaces between words nothing does."""
    inside = bool(re.match(rf"[\w{MARKS}{JOINERS}]", text))
    return inside and not UNSPACED_SCRIPTS.match(text)


class Surfaces:
    """The UTF-8 text of each token of a vocabulary, and the tokens that agree with the rest of a prefix.

    `texts[t]` is empty for tokens without text: symbols, tags, placeholders.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        pieces = tokenizer.pieces(range(tokenizer.vocab_size))
        learned = pieces[len(FIRST_SURFACES) :]
        self.texts = [*FIRST_SURFACES, *(piece.replace(SPACE, " ").encode() for piece in learned)]
        self.placeholder_ids = tokenizer.placeholder_ids
        never = (tokenizer.unk_id, *tokenizer.tag_ids.values(), *self.placeholder_ids)
        for token in (*never, *(t for t, text in enumerate(self.texts) if text >= b"\xf8")):
            self.texts[token] = b""
        self.lengths = list(map(len, self.texts))
        self.longest = max(self.lengths)
        self._ordered = sorted((text, token) for token, text in enumerate(self.texts) if text)
        self._tokens: dict[bytes, list[int]] = {}
        self._beyond: dict[bytes, Array] = {}  # after a single byte, a space above all, there are many
        for text, token in self._ordered:
            self._tokens.setdefault(text, []).append(token)

    def within(self, rest: bytes) -> list[int]:
        """The tokens that `rest` begins with."""
        ends = range(1, min(self.longest, len(rest)) + 1)
        return [token for end in ends for token in self._tokens.get(rest[:end], ())]

    def beyond(self, rest: bytes) -> Array:
        """The tokens that begin with `rest` and are longer."""
        if rest not in self._beyond:
            first = bisect_left(self._ordered, (rest + b"\0",))
            last = bisect_right(self._ordered, (rest + _NEVER_IN_UTF8,))
            tokens = np.array([token for _, token in self._ordered[first:last]], np.int64)
            if len(rest) > 1:
                return tokens
            self._beyond[rest] = tokens
        return self._beyond[rest]

    @cached_property
    def sizes(self) -> Array:
        """`lengths` as an array (V,)."""
        return np.array(self.lengths)

    @cached_property
    def between_words(self) -> Array:
        """The tokens that, right behind a word, do not make it longer (see `goes_on`), and EOS."""
        tokens = (t for t, text in enumerate(self.texts) if text and not _extends(text))
        return np.array(sorted({Tokenizer.eos_id, *tokens}), np.int64)


def _extends(text: bytes) -> bool:
    """Whether the bytes `text` make a word longer. A part of a character, which no one knows, does."""
    return goes_on(text.decode(errors="replace").replace("\ufffd", "x"))


_SURFACES: WeakKeyDictionary[Tokenizer, Surfaces] = WeakKeyDictionary()


def surfaces_of(tokenizer: Tokenizer) -> Surfaces:
    """The `Surfaces` of `tokenizer`, computed once."""
    if tokenizer not in _SURFACES:
        _SURFACES[tokenizer] = Surfaces(tokenizer)
    return _SURFACES[tokenizer]


@dataclass(frozen=True)
class Beginning:
    """What a translation begins with.

    Attributes:
        text: any characters; none allow everything.
        fillings: what the placeholders of the source stand for in the translation. Where `text` has one of
            them as a word of its own, the placeholder is taken.
        closed: the translation also ends there.
        whole_word: the word at the end of `text` does not go on.
    """

    text: str
    fillings: tuple[str, ...] = ()
    closed: bool = False
    whole_word: bool = False

    @cached_property
    def places(self) -> tuple[tuple[int, int, int], ...]:
        """Start, end and number of each filling in `text`, in order. Long fillings choose first."""
        found = list[tuple[int, int, int]]()
        for number, filling in sorted(enumerate(self.fillings), key=lambda item: -len(item[1])):
            for match in re.finditer(rf"(?<!\w){re.escape(filling)}(?!\w)", self.text) if filling else ():
                if all(match.end() <= start or end <= match.start() for start, end, _ in found):
                    found.append((*match.span(), number))
                    break
        return tuple(sorted(found))

    @cached_property
    def marked(self) -> str:
        """`text` with placeholders for what they stand for, as a tokenizer encodes it."""
        text, end = "", 0
        for start, stop, number in self.places:
            text, end = text + self.text[end:start] + placeholder(number), stop
        return text + self.text[end:]

    @cached_property
    def signs(self) -> tuple[bytes, ...]:
        """Bytes that stand for each placeholder. A filling that the text ends in is shorter than them."""
        return tuple(
            _NEVER_IN_UTF8 + bytes([number]) + _NEVER_IN_UTF8 * len(filling.encode())
            for number, filling in enumerate(self.fillings)
        )

    @cached_property
    def wanted(self) -> bytes:
        """The bytes that a hypothesis spells. Each begins with a space, as the tokenizer writes it."""
        spelled, end = b" " if self.text else b"", 0
        for start, stop, number in self.places:
            spelled, end = spelled + self.text[end:start].encode() + self.signs[number], stop
        return spelled + self.text[end:].encode()

    def fitting(self, rest: bytes) -> list[int]:
        """The placeholders that come next, or whose filling begins with `rest`, the end of the text."""
        return [
            number
            for number, (filling, sign) in enumerate(zip(self.fillings, self.signs, strict=True))
            if rest.startswith(sign)
            or (not self.closed and sign not in self.wanted and filling.encode().startswith(rest))
        ]


@dataclass(frozen=True)
class ForcedPrefix:
    """Each hypothesis begins with the characters given for its source.

    It is possible if the length limit leaves a token for each of their bytes. Byte pieces make sure that each
    beginning can be continued; with a shortlist that lacks them some cannot.

    Attributes:
        surfaces: the vocabulary.
        beginnings: one for each source.
        rules: constraints that hold behind the prefix only. What a user has typed breaks no rule.
        eos: the token that ends a hypothesis.
    """

    surfaces: Surfaces
    beginnings: tuple[Beginning, ...]
    rules: tuple[Constraint, ...] = ()
    eos: int = Tokenizer.eos_id

    def select(self, sentences: Sequence[int]) -> ForcedPrefix:
        """The constraint for a batch of these sentences."""
        beginnings = tuple(self.beginnings[sentence] for sentence in sentences)
        return replace(self, beginnings=beginnings, rules=tuple(r.select(sentences) for r in self.rules))

    def apply(self, logits: Tensor, prefixes: Tensor, sentences: Tensor, candidates: Tensor | None) -> Tensor:
        """Forbid what does not agree with the prefix; behind it the other rules hold."""
        limits = [
            (row, k, number, rest)
            for row, number in enumerate(sentences.tolist())
            for k, tokens in enumerate(prefixes[row].tolist() if self.beginnings[number].text else ())
            if (rest := self.rest(number, tokens)) is not None
        ]
        before = logits.clone() if limits else logits
        for rule in self.rules:
            logits = rule.apply(logits, prefixes, sentences, candidates)
        for row, k, number, rest in limits:
            inside = rest or self.beginnings[number].closed
            scores = before[row, k] if inside else logits[row, k].clone()
            columns = _columns(self.allowed(number, rest), candidates, logits.device)
            logits[row, k] = -math.inf
            logits[row, k, columns] = scores[columns]
        return logits

    def rest(self, number: int, tokens: Sequence[int]) -> bytes | None:
        """What of the prefix of source `number` is left after `tokens`; None if every token may follow."""
        beginning, ids = self.beginnings[number], self.surfaces.placeholder_ids
        spelled = sum(map(self.surfaces.lengths.__getitem__, tokens))
        if beginning.signs:
            spelled += sum(
                tokens.count(token) * len(s) for token, s in zip(ids, beginning.signs, strict=False)
            )
        if spelled < len(beginning.wanted):
            return beginning.wanted[spelled:]
        ends = spelled == len(beginning.wanted) and beginning.whole_word
        return b"" if ends or beginning.closed else None

    def allowed(self, number: int, rest: bytes) -> Array:
        """The tokens that may follow in a translation of source `number` where `rest` is left."""
        beginning = self.beginnings[number]
        if not rest:
            return np.array([self.eos]) if beginning.closed else self.surfaces.between_words
        ids = self.surfaces.placeholder_ids
        allowed = self.surfaces.within(rest) + [ids[number] for number in beginning.fitting(rest)]
        if beginning.closed:
            return np.array(allowed, np.int64)
        longer = self.surfaces.beyond(rest)
        if beginning.whole_word:
            texts = ((t, self.surfaces.texts[t][len(rest) :]) for t in longer.tolist())
            longer = np.array([t for t, text in texts if not _extends(text)], np.int64)
        return np.concatenate([np.array(allowed, np.int64), longer])


def _columns(tokens: Array, candidates: Tensor | None, device: torch.device) -> Tensor:
    """The columns of those of `tokens` that have one."""
    wanted = torch.from_numpy(tokens).to(device)
    return wanted if candidates is None else torch.isin(candidates, wanted).nonzero().squeeze(1)
