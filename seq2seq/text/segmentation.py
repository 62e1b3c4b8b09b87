"""Cuts a text into parts that a model can translate: its lines, and long lines into smaller parts.

What is no language (one letter for pages, random characters, a script that the tokenizer never saw) is found
by the number of its pieces, and gets no token ids: it would cost a model several times as much as text, and
it would answer with invented words.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace
from functools import lru_cache

from seq2seq.text.symbols import FIRST_PIECES
from seq2seq.text.tokenizer import Tokenizer
from seq2seq.text.word_spans import UNSPACED_SCRIPTS

_SENTENCE_END = re.compile(r"[.!?…。！？؟।;；]+[\"'”’»)\]]*\s*")
_FEWEST_PIECES = 32  # fewer do not show whether a text is language


@dataclass(frozen=True)
class Part:
    """A part of a text that is translated at once. White space, and what is no language, has no ids."""

    text: str
    """The part without white space at its ends; a blank line as it is."""
    ids: list[int]
    """Its token ids, without EOS; none for a part that is kept as it is."""
    start: int
    """Position of its first character in the text."""
    separator: str
    """What follows it in the text: white space, "\\n" at the end of a line, "" at the end of the text."""


def split_text(text: str, tokenizer: Tokenizer, *, max_pieces: int) -> list[Part]:
    """Cut `text` into its lines, and lines of more than `max_pieces` pieces at sentence ends, else at spaces.

    The parts and their separators, concatenated, are the text again, apart from white space at the start and
    end of lines. A part may have a few pieces more than `max_pieces`, because it is encoded again. Parts for
    which `is_language` is false have no ids; what is too short to tell follows the rest of its word.
    """
    parts, start = list[Part](), 0
    for line in text.split("\n"):
        body = line.strip()
        if not body:
            parts.append(Part(line, [], start, "\n" if start + len(line) < len(text) else ""))
        else:
            indent = len(line) - len(line.lstrip())
            kept_word = False  # whether the part before is kept, and was cut inside a word
            whole = tokenizer.encode(body)
            fits = len(whole) <= max_pieces
            for first, last in [(0, len(body))] if fits else _spans(body, tokenizer, max_pieces):
                sentence = body[first:last].rstrip()
                separator = body[first + len(sentence) : last]
                ids = whole if fits else tokenizer.encode(sentence)
                language = is_language(sentence, ids, tokenizer)
                if language is None:
                    language = not kept_word
                kept_word = not (language or separator)
                parts.append(Part(sentence, ids if language else [], start + indent + first, separator))
            if start + len(line) < len(text):
                parts[-1] = replace(parts[-1], separator="\n")
        start += len(line) + 1
    return parts


def is_language(text: str, ids: list[int], tokenizer: Tokenizer) -> bool | None:
    """Whether `text`, whose pieces are `ids`, is made of the words of a tokenizer's languages; None if it is
    too short to tell.

    It is none if its pieces have much fewer characters on average than those of language: letters one by one,
    or bytes. Scripts without spaces between words, whose pieces are short anyway, are left out, unless the
    tokenizer writes them as bytes. Capitals count as small letters if those have longer pieces.
    """
    characters, pieces = _spaced(text, ids, tokenizer)
    if pieces < max(_FEWEST_PIECES, len(ids) / 2):
        return None
    least = _least_density(tokenizer)
    if characters < least * pieces and (lower := text.lower()) != text:
        characters, pieces = _spaced(lower, tokenizer.encode(lower), tokenizer)
    return characters >= least * pieces


def _spaced(text: str, ids: list[int], tokenizer: Tokenizer) -> tuple[int, int]:
    """The numbers of characters and of pieces outside scripts without spaces."""
    if len(ids) < _FEWEST_PIECES:
        return len(text), len(ids)
    unspaced = [piece for piece in tokenizer.pieces(ids) if UNSPACED_SCRIPTS.search(piece)]
    return len(text) - sum(map(len, unspaced)), len(ids) - len(unspaced)


@lru_cache(maxsize=16)
def _least_density(tokenizer: Tokenizer) -> float:
    """The fewest characters per piece that language has.

    Piece number r of a vocabulary has about 1/r of the frequency of the first one (Zipf, 1949). From this
    follows the mean length of a piece in language, e. With vocabularies of 600 to 16,000 pieces, sentences of
    their languages have 0.5 e and more, and random letters with spaces 0.31 e to 0.4 e (0.6 e with 1,000
    pieces, where e is 2.2).
    """
    pieces = tokenizer.pieces(range(len(FIRST_PIECES), tokenizer.vocab_size))
    lengths = [len(piece) for piece in pieces if not UNSPACED_SCRIPTS.search(piece)]
    if not lengths:
        return 0.0
    shares = [1 / rank for rank in range(1, len(lengths) + 1)]
    mean = sum(length * share for length, share in zip(lengths, shares, strict=True)) / sum(shares)
    return min(0.6 * mean, max(0.4 * mean, 1.3))


def _spans(line: str, tokenizer: Tokenizer, max_pieces: int) -> list[tuple[int, int]]:
    """Spans of `line`, each of at most `max_pieces` of its pieces."""
    starts = [start for start, _ in tokenizer.spans(line)[1]]
    cuts, first = [0], 0
    while len(starts) - first > max_pieces:
        window = line[starts[first] : starts[first + max_pieces]]
        ends = [match.end() for match in _SENTENCE_END.finditer(window) if match.end() < len(window)]
        end = ends[-1] if ends else window.rstrip().rfind(" ") + 1
        cut = starts[first] + (end or len(window))
        if cut <= cuts[-1]:  # one character has more pieces than the limit
            later = bisect_right(starts, cuts[-1], lo=first + max_pieces)
            cut = starts[later] if later < len(starts) else len(line)
        cuts.append(cut)
        first = bisect_left(starts, cut)
    return [span for span in zip(cuts, [*cuts[1:], len(line)], strict=True) if span[0] < span[1]]
