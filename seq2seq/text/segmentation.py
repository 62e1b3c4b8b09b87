"""Cuts a text into parts that a model can translate: its lines, and long lines into smaller parts."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from seq2seq.text.tokenizer import Tokenizer

_SENTENCE_END = re.compile(r"[.!?…。！？؟।;；]+[\"'”’»)\]]*\s*")


@dataclass(frozen=True)
class Part:
    """A part of a text that is translated at once. Blank lines and other white space have no ids."""

    text: str
    """The part without white space at its ends; a blank line as it is."""
    ids: list[int]
    """Its token ids, without EOS."""
    start: int
    """Position of its first character in the text."""
    separator: str
    """What follows it in the text: white space, "\\n" at the end of a line, "" at the end of the text."""


def split_text(text: str, tokenizer: Tokenizer, *, max_pieces: int) -> list[Part]:
    """Cut `text` into its lines, and lines of more than `max_pieces` pieces at sentence ends, else at spaces.

    The parts and their separators, concatenated, are the text again, apart from white space at the start and
    end of lines. A part may have a few pieces more than `max_pieces`, because it is encoded again.
    """
    parts, start = list[Part](), 0
    for line in text.split("\n"):
        body = line.strip()
        if not body:
            parts.append(Part(line, [], start, "\n"))
        else:
            indent = len(line) - len(line.lstrip())
            for first, last in _spans(body, tokenizer, max_pieces):
                sentence = body[first:last].rstrip()
                separator = body[first + len(sentence) : last]
                parts.append(Part(sentence, tokenizer.encode(sentence), start + indent + first, separator))
            parts[-1] = replace(parts[-1], separator="\n")
        start += len(line) + 1
    parts[-1] = replace(parts[-1], separator="")
    return parts


def _spans(line: str, tokenizer: Tokenizer, max_pieces: int) -> list[tuple[int, int]]:
    """Spans of `line`, each of at most `max_pieces` of its pieces."""
    ids, spans = tokenizer.spans(line)
    cuts, first = [0], 0
    while len(ids) - first > max_pieces:
        window = line[spans[first][0] : spans[first + max_pieces][0]]
        ends = [match.end() for match in _SENTENCE_END.finditer(window) if match.end() < len(window)]
        end = ends[-1] if ends else window.rstrip().rfind(" ") + 1
        cut = spans[first][0] + (end or len(window))
        if cut <= cuts[-1]:  # one character has more pieces than the limit
            later = (start for start, _ in spans[first + max_pieces :] if start > cuts[-1])
            cut = next(later, len(line))
        cuts.append(cut)
        first = next((index for index, (start, _) in enumerate(spans) if start >= cut), len(ids))
    return [span for span in zip(cuts, [*cuts[1:], len(line)], strict=True) if span[0] < span[1]]
