"""The sentences of a request, and their translations put together again.

Sentences are translated one by one or in batches, so that an edit of one of them costs one translation. The
result is that of `Translator.translate` on the whole text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from seq2seq.preparation.sentences import sentence_spans
from seq2seq.translation import Translation, Word, join


@dataclass(frozen=True)
class Piece:
    """A sentence, or a line of white space, and its place in the text.

    `separator` is what follows it: white space, "\\n" at the end of a line, "" at the end of the text.
    """

    text: str
    start: int
    separator: str

    @property
    def blank(self) -> bool:
        """Whether there is nothing to translate."""
        return not self.text.strip()


def split(text: str, language: str, *, whole_lines: bool = False) -> list[Piece]:
    """The sentences of `text`, line by line, or its lines; `language` is its tag, "" if unknown.

    White space at the start and end of lines is left out, as in `Translator.translate`.
    """
    pieces, start = list[Piece](), 0
    for line in text.split("\n"):
        body = line.strip() or line
        indent = len(line) - len(line.lstrip()) if line.strip() else 0
        one_span = whole_lines or not line.strip()
        spans = [(0, len(body))] if one_span else sentence_spans(body, language)
        ends = [first for first, _ in spans[1:]]
        for (first, last), following in zip(spans, [*ends, None], strict=True):
            separator = "\n" if following is None else body[last:following]
            pieces.append(Piece(body[first:last], start + indent + first, separator))
        start += len(line) + 1
    return [*pieces[:-1], replace(pieces[-1], separator="")]


def joined(pieces: Sequence[Piece], translations: Sequence[Translation]) -> Translation:
    """The translation of a whole text. Source words get their places in it."""
    parts = [
        replace(
            translation,
            source_words=tuple(
                Word(word.text, word.start + piece.start, word.end + piece.start, word.confidence)
                for word in translation.source_words
            ),
        )
        for piece, translation in zip(pieces, translations, strict=True)
    ]
    return join(parts, [piece.separator for piece in pieces])


def joined_text(pieces: Sequence[Piece], translations: Sequence[Translation]) -> str:
    """The text of the first `len(translations)` pieces."""
    return "".join(t.text + piece.separator for piece, t in zip(pieces, translations, strict=False))
