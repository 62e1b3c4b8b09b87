"""Text as people type it, cut into parts: those that a model translates, and those that are kept as they are.

Each line is split into sentences. In a sentence

- what is not language (a web address, a number, an emoji) is kept: a placeholder goes through the model, and
  the text takes its place in the translation. Emoji and tags at the ends of a sentence stay outside;
- names that the model never saw are kept in the same way;
- words get their usual capitals.

A sentence that is mostly not in the source language is kept as a whole, with a note that says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from seq2seq.text.casing import is_shouted, usual_case
from seq2seq.text.languages import language_code, language_name
from seq2seq.text.lexicon import WORD, Lexicon
from seq2seq.text.numbers import localize_number
from seq2seq.text.segmentation import split_text
from seq2seq.text.sentences import sentence_spans
from seq2seq.text.symbols import PLACEHOLDERS, placeholder, placeholder_number
from seq2seq.text.tokenizer import Tokenizer
from seq2seq.text.verbatim import Verbatim, find_verbatim

_OUTSIDE = frozenset(("emoji", "tag"))
"""Kinds that do not go through the model at the ends of a sentence."""
_CAPITAL_NOUNS = frozenset(("de", "lb", "nds"))
"""Languages in which every noun has a capital letter."""
_COMPARED = 50  # unknown words of a sentence that are compared with known ones
_FOREIGN = 0.5  # a sentence is foreign if less than this share of its words is known


@dataclass(frozen=True)
class Part:
    """A part of a text. One with ids is translated, any other is kept as it is.

    Attributes:
        text: what was typed, without white space at its ends; a blank line as it is.
        start: position of its first character in the text.
        separator: what follows it: white space, "" at the end of the text.
        ids: token ids, without EOS.
        originals, fillings: what each placeholder stands for in the source, and in the translation.
        shouted: whether it was typed in capital letters.
        note: why it is kept, if there is something to say.
    """

    text: str
    start: int
    separator: str = ""
    ids: tuple[int, ...] = ()
    originals: tuple[str, ...] = ()
    fillings: tuple[str, ...] = ()
    shouted: bool = False
    note: str = ""


class Preparation:
    """Prepares texts for a model.

    Args:
        tokenizer: of the source side.
        lexicon: words of the source side; an empty one knows nothing of names and languages.
        languages: source and target language, "" if unknown.
    """

    def __init__(self, tokenizer: Tokenizer, lexicon: Lexicon, languages: tuple[str, str]) -> None:
        self.tokenizer, self.lexicon, self.languages = tokenizer, lexicon, languages
        self._capital_means_name = language_code(languages[0]) not in _CAPITAL_NOUNS

    @cached_property
    def alphabet(self) -> frozenset[str]:
        """The characters that the model has learned: those of its pieces, letters only if they are
        frequent.
        """
        characters = self.tokenizer.alphabet
        if not self.lexicon:
            return characters
        return frozenset(c for c in characters if not c.isalpha() or c in self.lexicon.letters)

    def parts(self, text: str, *, max_pieces: int, sentences: bool = True, keep: bool = True) -> list[Part]:
        """The parts of `text`. With their separators they are `text` again, apart from white space at the
        start and end of lines.

        Args:
            text: any text.
            max_pieces: sentences with more pieces are translated in several parts.
            sentences: split lines into sentences.
            keep: keep what is not language, and use the word list; else all goes through the model as it is.
        """
        parts, start = list[Part](), 0
        for line in text.split("\n"):
            body = line.strip()
            if not body:
                parts.append(Part(line, start))
            else:
                first = start + len(line) - len(line.lstrip())
                spans = sentence_spans(body, self.languages[0]) if sentences else [(0, len(body))]
                for (begin, end), (following, _) in zip(spans, [*spans[1:], (len(body), 0)], strict=True):
                    made = self._sentence(body[begin:end], first + begin, max_pieces=max_pieces, keep=keep)
                    parts += [*made[:-1], replace(made[-1], separator=body[end:following])]
            parts[-1] = replace(parts[-1], separator="\n")
            start += len(line) + 1
        return [*parts[:-1], replace(parts[-1], separator="")]

    def again(self, part: Part, *, max_pieces: int, around: bool) -> list[Part]:
        """Other parts for `part`, whose translation was bad.

        Args:
            part: one with ids.
            max_pieces: as for `parts`.
            around: translate what stands between kept spans apart from each other, without placeholders;
                else keep all unknown words.
        """
        made = self._sentence(part.text, part.start, max_pieces=max_pieces, around=around, unknown=not around)
        return [*made[:-1], replace(made[-1], separator=part.separator)]

    def _sentence(
        self,
        text: str,
        start: int,
        *,
        max_pieces: int,
        keep: bool = True,
        around: bool = False,
        unknown: bool = False,
    ) -> list[Part]:
        if not keep:
            return self._pieces(text, text, start, [], max_pieces=max_pieces)
        kept = find_verbatim(text, alphabet=self.alphabet)
        if not _has_letters(text, kept):
            return [Part(text, start)]
        if note := self._foreign_note(text, kept):
            return [Part(text, start, note=note)]
        natural = usual_case(text, self.lexicon, keep=[(k.start, k.end) for k in kept])
        kept = sorted([*kept, *self._names(natural, kept, unknown=unknown)], key=lambda k: k.start)
        most = 0 if around else len(self.tokenizer.placeholder_ids)
        if not most and not around:  # a model that knows no placeholders reads numbers itself
            kept = [k for k in kept if k.kind not in ("number", "name")]
        outside = _outside(text, kept, most=most)
        parts, end = list[Part](), 0
        for gap in [*outside, Verbatim(len(text), len(text), "")]:
            inner = text[end : gap.start]
            begin = end + len(inner) - len(inner.lstrip())
            stop = begin + len(inner.strip())
            if begin < stop:
                inside = [
                    Verbatim(k.start - begin, k.end - begin, k.kind)
                    for k in kept
                    if begin <= k.start and k.end <= stop
                ]
                parts += self._pieces(
                    text[begin:stop], natural[begin:stop], start + begin, inside, max_pieces=max_pieces
                )
            if gap.start < gap.end:
                parts.append(Part(text[gap.start : gap.end], start + gap.start))
            end = gap.end
        return _separated(parts, text, start)

    def _pieces(
        self, text: str, natural: str, start: int, kept: Sequence[Verbatim], *, max_pieces: int
    ) -> list[Part]:
        """The parts of a piece of a sentence, which goes through the model with placeholders for `kept`."""
        if kept and not _has_letters(text, kept):
            return [Part(text, start)]
        originals = [text[k.start : k.end] for k in kept]
        marked, end = "", 0
        for number, span in enumerate(kept):
            marked += natural[end : span.start] + placeholder(number)
            end = span.end
        marked += natural[end:]
        fillings = [self._filling(span, original) for span, original in zip(kept, originals, strict=True)]
        parts, place = list[Part](), 0
        for cut in split_text(marked, self.tokenizer, max_pieces=max_pieces):
            length = len(_fill(cut.text, originals))
            parts.append(
                Part(
                    text[place : place + length],
                    start + place,
                    cut.separator,
                    tuple(cut.ids),
                    tuple(originals),
                    tuple(fillings),
                    shouted=is_shouted(text),
                )
            )
            place += length + len(cut.separator)
        return parts

    def _filling(self, span: Verbatim, original: str) -> str:
        return localize_number(original, *self.languages) if span.kind == "number" else original

    def _names(self, text: str, kept: Sequence[Verbatim], *, unknown: bool) -> list[Verbatim]:
        """Words that the model never saw and that are kept: those that look like names, or with `unknown` all
        of them. Neighbours are kept together.
        """
        if not self.lexicon:
            return []
        names = list[Verbatim]()
        for index, (start, end) in enumerate(_words(text, kept)):
            word = text[start:end]
            if word in self.lexicon or len(word) < 2:
                continue
            capital = word[0].isupper() and self._capital_means_name
            if not (unknown or (capital and (index > 0 or not self.lexicon.is_near(word)))):
                continue
            if names and text[names[-1].end : start] in (" ", "-", "'", "’"):
                names[-1] = Verbatim(names[-1].start, end, "name")
            else:
                names.append(Verbatim(start, end, "name"))
        return names

    def _foreign_note(self, text: str, kept: Sequence[Verbatim]) -> str:
        """Why `text` is kept as a whole; "" if enough of its words are known, or nearly."""
        if not self.lexicon:
            return ""
        known, counted, compared = 0.0, 0, 0
        for index, (start, end) in enumerate(_words(text, kept)):
            word = text[start:end]
            if word in self.lexicon:
                known += 1
            elif index > 0 and word[0].isupper() and not word.isupper():
                continue  # perhaps a name
            elif compared < _COMPARED:
                compared += 1
                known += 0.5 * self.lexicon.is_near(word)
            counted += 1
        if known >= _FOREIGN * counted:
            return ""
        if counted == 1 and text[:1].isupper() and self._capital_means_name:
            return ""  # a single name
        language = language_name(self.languages[0])
        return f"this does not look like {language}" if language != "?" else "the model knows none of this"


def _words(text: str, kept: Sequence[Verbatim]) -> list[tuple[int, int]]:
    """Spans of the words of `text` outside `kept`."""
    words, spans = list[tuple[int, int]](), [*kept, Verbatim(len(text), len(text), "")]
    index = 0
    for match in WORD.finditer(text):
        while spans[index].end <= match.start() and index < len(kept):
            index += 1
        if match.end() <= spans[index].start:
            words.append(match.span())
    return words


def _has_letters(text: str, kept: Sequence[Verbatim]) -> bool:
    """Whether there are letters outside `kept`."""
    end = 0
    for span in kept:
        if any(map(str.isalpha, text[end : span.start])):
            return True
        end = span.end
    return any(map(str.isalpha, text[end:]))


def _outside(text: str, kept: Sequence[Verbatim], *, most: int) -> list[Verbatim]:
    """The kept spans that do not go through the model: emoji and tags at the ends of `text`, and one after
    each `most` others.
    """
    first, last = 0, len(kept)
    while first < last and kept[first].kind in _OUTSIDE:
        if text[kept[first - 1].end if first else 0 : kept[first].start].strip():
            break
        first += 1
    while last > first and kept[last - 1].kind in _OUTSIDE:
        if text[kept[last - 1].end : kept[last].start if last < len(kept) else None].strip():
            break
        last -= 1
    inside = kept[first:last]
    return [*kept[:first], *inside[most :: most + 1], *kept[last:]]


def _separated(parts: Sequence[Part], text: str, start: int) -> list[Part]:
    """`parts` with what stands between them in `text`, which begins at `start`, as separators."""
    starts = [*(part.start for part in parts[1:]), start + len(text)]
    return [
        replace(part, separator=text[part.start + len(part.text) - start : following - start])
        for part, following in zip(parts, starts, strict=True)
    ]


def _fill(marked: str, values: Sequence[str]) -> str:
    """`marked` with `values` in place of its placeholders."""
    return PLACEHOLDERS.sub(lambda match: values[placeholder_number(match[0])], marked) if values else marked
