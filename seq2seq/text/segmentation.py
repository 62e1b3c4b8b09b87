"""Cuts a text into the parts that a model translates at once: its lines, and long lines into smaller
parts."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from seq2seq.text.tokenizer import Tokenizer

_SENTENCE_END = re.compile(r"[.!?…。！？؟।;；]+[\"'”’»)\]]*\s*")


@dataclass(frozen=True)
class Part:
    """A part of a text: its ids, its start in the text, and the separator that follows it.

    A blank line is a part without ids.
    """

    text: str
    ids: list[int]
    start: int
    separator: str


def split_text(text: str, tokenizer: Tokenizer, *, max_pieces: int) -> list[Part]:
    """Split `text` into its lines, and lines of more than `max_pieces` pieces at sentence ends, else at
    spaces.

    The parts and their separators, concatenated, are the text again, apart from spaces at the start and end
    of lines."""
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
    """Spans of `line` of at most `max_pieces` of its pieces. Encoded again, a part may have a few more."""
    ids, spans = tokenizer.spans(line)
    cuts, first = [0], 0
    while len(ids) - first > max_pieces:
        window = line[spans[first][0] : spans[first + max_pieces][0]]
        ends = [match.end() for match in _SENTENCE_END.finditer(window) if match.end() < len(window)]
        end = ends[-1] if ends else window.rstrip().rfind(" ") + 1
        cut = spans[first][0] + (end or len(window))
        if cut <= cuts[-1]:  # a single character that has more pieces than the limit
            later = (start for start, _ in spans[first + max_pieces :] if start > cuts[-1])
            cut = next(later, len(line))
        cuts.append(cut)
        first = next((index for index, (start, _) in enumerate(spans) if start >= cut), len(ids))
    return [span for span in zip(cuts, [*cuts[1:], len(line)], strict=True) if span[0] < span[1]]
