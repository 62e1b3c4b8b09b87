"""Text as people type it, cut into parts: those that a model translates, and those that are kept as they are.

Each line is split into sentences. In a sentence

- what is not language (a web address, a number, an emoji) is kept: a placeholder goes through the model, and
  the text takes its place in the translation. Emoji, tags, list markers, quotation marks and brackets at the
  ends of a sentence stay outside;
- names that the model never saw, and words unlike any that it saw, are kept in the same way;
- words get their usual capitals, and words with a mistake are corrected;
- for the terms of a glossary a placeholder goes through the model, too: it becomes the term's target form.
  A translation that has the form without it is better, so that is tried first.

A sentence that is mostly not in the source language is kept as a whole, with a note that says so.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import replace
from functools import cached_property

from seq2seq.preparation.casing import is_shouted, usual_words
from seq2seq.preparation.glossary import KIND as TERM
from seq2seq.preparation.glossary import Glossary, apart_from_terms, joined_at_terms, lost_note
from seq2seq.preparation.kept_spans import (
    has_letters,
    marks_of,
    outside_spans,
    quotation_marks,
    repetition_note,
    replaced,
    whole_pairs,
    with_marks,
    with_names,
    without_marks,
    words_outside,
)
from seq2seq.preparation.lexicon import Lexicon
from seq2seq.preparation.marks import localize_quotes
from seq2seq.preparation.names import Names
from seq2seq.preparation.numbers import localize_number
from seq2seq.preparation.part import Part, separated, with_separator
from seq2seq.preparation.rewriting import Rewritten
from seq2seq.preparation.sentences import line_spans
from seq2seq.preparation.verbatim import Verbatim, find_verbatim
from seq2seq.preparation.wrapping import Wrapping, find_pairs, is_quoted_sentence, wrapping
from seq2seq.text.languages import language_name
from seq2seq.text.segmentation import is_language, split_text
from seq2seq.text.symbols import PLACEHOLDERS, placeholder, placeholder_number
from seq2seq.text.tokenizer import Tokenizer
from seq2seq.text.word_spans import Span

_COMPARED = 50  # unknown words of a sentence that are compared with known ones
_FOREIGN = 0.5  # a sentence is foreign if less than this share of its words is known


class Preparation:
    """Prepares texts for a model.

    Args:
        tokenizer: of the source side.
        lexicon: words of the source side; an empty one knows nothing of names and languages.
        target_words: words of the target side: names that both sides write alike are kept.
        languages: source and target language, "" if unknown.
        pairs: whether the model aligns words, so that tags and quotation marks can be put around them.
        glossary: terms with their target forms.
    """

    def __init__(
        self,
        tokenizer: Tokenizer,
        lexicon: Lexicon,
        target_words: Lexicon,
        languages: tuple[str, str],
        *,
        pairs: bool = True,
        glossary: Glossary | None = None,
    ) -> None:
        self.tokenizer, self.lexicon, self.target_words = tokenizer, lexicon, target_words
        self.languages, self.pairs, self.glossary = languages, pairs, glossary or Glossary()
        self.names = Names(lexicon, target_words, languages[0])

    def with_glossary(self, glossary: Glossary) -> Preparation:
        """The same with another glossary."""
        other = copy(self)
        other.glossary = glossary
        return other

    @cached_property
    def alphabet(self) -> frozenset[str]:
        """The characters that the model has learned: those of its pieces, small and large letters, and of
        those only frequent ones.
        """
        characters = self.tokenizer.alphabet
        if not self.lexicon:
            return characters | {c.swapcase() for c in characters}
        return self.lexicon.letters | {c for c in characters if not c.isalpha()}

    def parts(
        self,
        text: str,
        *,
        max_pieces: int,
        sentences: bool = True,
        keep: bool = True,
        try_plain: bool = False,
    ) -> list[Part]:
        """The parts of `text`. With their separators they are `text` again. White space at the start of a
        line is the separator of an empty part, and tabs end a sentence.

        Args:
            text: any text.
            max_pieces: sentences with more pieces are translated in several parts.
            sentences: split lines into sentences.
            keep: keep what is not language, and use the word list; else all but the glossary's terms goes
                through the model as it is.
            try_plain: let a sentence with terms go through the model without placeholders for them, because
                the model often knows the required form; such parts have `instead`.
        """
        parts, start = list[Part](), 0
        for line in text.split("\n"):
            end = "\n" if start + len(line) < len(text) else ""
            body = line.strip()
            if not body:
                parts.append(Part(line, start))
            else:
                first = start + len(line) - len(line.lstrip())
                if first > start:
                    parts.append(Part("", start, separator=line[: first - start]))
                spans = line_spans(body, self.languages[0]) if sentences else [(0, len(body))]
                spans = joined_at_terms(spans, self.glossary.find(body))
                for (begin, stop), (following, _) in zip(spans, [*spans[1:], (len(body), 0)], strict=True):
                    made = self._sentence(
                        body[begin:stop],
                        first + begin,
                        max_pieces=max_pieces,
                        keep=keep,
                        try_plain=try_plain,
                    )
                    parts += [*made[:-1], with_separator(made[-1], body[stop:following])]
            after = line[len(line.rstrip()) :] if body else ""
            parts[-1] = with_separator(parts[-1], after + end)
            start += len(line) + 1
        return parts

    def again(self, part: Part, *, max_pieces: int, around: bool, keep: bool = True) -> list[Part]:
        """Other parts for `part`, whose translation was bad.

        Args:
            part: one with ids.
            max_pieces, keep: as for `parts`.
            around: translate what stands between kept spans apart from each other, without placeholders;
                else keep all unknown and seldom words.
        """
        made = self._sentence(
            part.text, part.start, max_pieces=max_pieces, keep=keep, around=around, unknown=not around
        )
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
        try_plain: bool = False,
    ) -> list[Part]:
        terms, most = self.glossary.find(text), 0 if around else len(self.tokenizer.placeholder_ids)
        if terms and try_plain:
            return self._plain(text, start, terms, max_pieces=max_pieces, keep=keep)
        if not keep:
            whole, gaps = Rewritten(text, ()), outside_spans(text, terms, most=most)
            return self._between(whole, terms, [], gaps, start, max_pieces=max_pieces, shouted=False)
        marked = with_marks(text, find_verbatim(text, alphabet=self.alphabet))
        kept, lost = apart_from_terms(marked, terms)
        if not has_letters(text, kept):
            note = lost_note(text, lost) or self._script_note(text, kept)
            return [Part(text, start, fixed=self._fixed(text, kept), note=note)]
        note = self._foreign_note(text, kept) or repetition_note(text)
        if note or self._is_no_language(text):
            fixed = self._fixed(text, terms) if terms else None
            return [
                Part(text, start, fixed=fixed, note="; ".join(filter(None, (note, lost_note(text, lost)))))
            ]
        usual = usual_words(text, self.lexicon, keep=[(k.start, k.end) for k in kept])
        shouted = is_shouted(text, keep=[(k.start, k.end) for k in kept]) and usual.text != text
        pairs = find_pairs(text, kept) if self.pairs and not around else []
        sentences = [pair for pair in pairs if is_quoted_sentence(text, pair)]
        pairs = [pair for pair in pairs if pair not in sentences]
        kept = with_names(kept, quotation_marks(sentences))
        kept = with_names(kept, self.names.find(usual, [*kept, *marks_of(pairs)], unknown=unknown))
        if not most and not around:  # a model that knows no placeholders reads numbers itself
            kept = [k for k in kept if k.kind not in ("number", "name")]
        pairs, kept, gaps = whole_pairs(text, pairs, kept, most=most)
        usual = without_marks(usual, pairs)
        wrapped = [wrapping(text, pair, self.languages[1]) for pair in pairs]
        parts = self._between(usual, kept, wrapped, gaps, start, max_pieces=max_pieces, shouted=shouted)
        return [replace(parts[0], note=lost_note(text, lost)), *parts[1:]] if lost else parts

    def _plain(
        self, text: str, start: int, terms: Sequence[Verbatim], *, max_pieces: int, keep: bool
    ) -> list[Part]:
        """One part without placeholders for the terms, with the others instead of it. Only these, if there is
        no such part, or marks go around its words, which could be inside a form."""
        plain = self.with_glossary(Glossary())._sentence(text, start, max_pieces=max_pieces, keep=keep)
        if len(plain) > 1 or not plain[0].ids or plain[0].wrappings:
            return self._sentence(text, start, max_pieces=max_pieces, keep=keep)
        held = self._sentence(text, 0, max_pieces=max_pieces, keep=keep)
        forms = tuple(self.glossary.target(text[term.start : term.end]) for term in terms)
        return [replace(plain[0], required=forms, instead=tuple(held))]

    def _between(
        self,
        usual: Rewritten,
        kept: Sequence[Verbatim],
        wrapped: Sequence[Wrapping],
        gaps: Sequence[Verbatim],
        start: int,
        *,
        max_pieces: int,
        shouted: bool,
    ) -> list[Part]:
        """The parts of a sentence: `gaps` do not go through the model, what stands between them does."""
        parts, end, starts, text = list[Part](), 0, [k.start for k in kept], usual.original
        for gap in [*gaps, Verbatim(len(text), len(text), "end")]:
            inner = text[end : gap.start]
            begin = end + len(inner) - len(inner.lstrip())
            stop = begin + len(inner.strip())
            if begin < stop:
                inside = kept[bisect_left(starts, begin) : bisect_left(starts, stop)]
                around_words = [one for one in wrapped if begin <= one.start < stop] if wrapped else []
                parts += self._pieces(
                    usual, (begin, stop), start, inside, around_words, max_pieces=max_pieces, shouted=shouted
                )
            if gap.start < gap.end:
                original = text[gap.start : gap.end]
                parts.append(Part(original, start + gap.start, fixed=self._filling(gap, original)))
            end = gap.end
        return separated(parts, text, start)

    def _pieces(
        self,
        usual: Rewritten,
        span: Span,
        start: int,
        kept: Sequence[Verbatim],
        wrapped: Sequence[Wrapping],
        *,
        max_pieces: int,
        shouted: bool,
    ) -> list[Part]:
        """The parts of a span of a sentence, which goes through the model with placeholders for `kept`."""
        text, (begin, stop) = usual.original, span
        inside = [Verbatim(k.start - begin, k.end - begin, k.kind) for k in kept]
        if not has_letters(text[begin:stop], inside):
            fixed = self._fixed(text[begin:stop], inside)
            return [Part(text[begin:stop], start + begin, fixed=fixed)]
        originals = tuple(text[k.start : k.end] for k in kept)
        fillings = tuple(self._filling(k, o) for k, o in zip(kept, originals, strict=True))
        first = usual.place(begin)
        inside = [Verbatim(usual.place(k.start) - first, usual.place(k.end) - first, k.kind) for k in kept]
        marked = replaced(
            usual.text[first : usual.place(stop)], inside, list(map(placeholder, range(len(kept))))
        )
        parts, place = list[Part](), first + len(marked) - len(marked.lstrip())
        for cut in split_text(marked, self.tokenizer, max_pieces=max_pieces):
            length = len(_fill(cut.text, originals))
            where = usual.origin_of_end(place) if parts else begin
            end = min(usual.origin(place + length), stop)
            parts.append(
                Part(
                    text[where:end],
                    start + where,
                    cut.separator,
                    tuple(cut.ids),
                    originals,
                    fillings,
                    places=_origins(usual.origin, usual, place, length, where),
                    ends=_origins(usual.origin_of_end, usual, place, length, where),
                    wrappings=tuple(
                        replace(one, start=max(one.start, where) - where, end=min(one.end, end) - where)
                        for one in wrapped
                        if where <= one.start < end
                    ),
                    shouted=shouted,
                )
            )
            place += length + len(cut.separator)
        return parts

    def _fixed(self, text: str, kept: Sequence[Verbatim]) -> str:
        """`text` with what stands in the translation for each of `kept`."""
        return replaced(text, kept, [self._filling(k, text[k.start : k.end]) for k in kept])

    def _filling(self, span: Verbatim, original: str) -> str:
        """What stands in the translation for something that is kept."""
        if span.kind == TERM:
            return self.glossary.target(original)
        if span.kind == "number":
            return localize_number(original, *self.languages)
        if span.kind in ("opening", "closing"):
            return localize_quotes(original, self.languages[1], closing=span.kind == "closing")
        return original

    def _is_no_language(self, text: str) -> bool:
        """Whether the pieces of `text` are not those of language, if there is no word list to tell."""
        return not self.lexicon and is_language(text, self.tokenizer.encode(text), self.tokenizer) is False

    def _foreign_note(self, text: str, kept: Sequence[Verbatim]) -> str:
        """Why `text` is kept as a whole; "" if enough of its words are known, or nearly."""
        if not self.lexicon:
            return ""
        known, compared, first = 0.0, 0, ""
        counted = sum(k.kind == "script" and text[k.start].isascii() for k in kept)  # "caffè"
        for index, (start, end) in enumerate(words_outside(text, kept)):
            word = text[start:end]
            first = first or word[0]
            if word in self.lexicon:
                known += 1.0 if self.lexicon.is_frequent(word) else 0.5
            elif index > 0 and word[0].isupper() and not word.isupper():
                continue  # perhaps a name
            elif compared < _COMPARED:
                compared += 1
                known += 0.5 * self.lexicon.is_near(word)
            counted += 1
        if known >= _FOREIGN * counted:
            return ""
        if counted == 1 and first.isupper() and self.names.by_capital:
            return ""  # a single name
        return self._unknown_note()

    def _script_note(self, text: str, kept: Sequence[Verbatim]) -> str:
        """Why a text of `kept` spans alone is kept, if one is a word in a script that the model lacks."""
        words = (text[one.start : one.end] for one in kept if one.kind == "script")
        foreign = any(char.isalpha() and not word[0].isascii() for word in words for char in word)
        return self._unknown_note() if foreign else ""

    def _unknown_note(self) -> str:
        language = language_name(self.languages[0])
        return f"this does not look like {language}" if language != "?" else "the model knows none of this"


def _origins(
    origin: Callable[[int], int], usual: Rewritten, place: int, length: int, where: int
) -> tuple[int, ...]:
    """`origin` of the `length` + 1 positions from `place` on, counted from `where`; () if all stay."""
    if usual.same_places:
        return ()
    return tuple(origin(place + offset) - where for offset in range(length + 1))


def _fill(marked: str, values: Sequence[str]) -> str:
    """`marked` with `values` in place of its placeholders."""
    return PLACEHOLDERS.sub(lambda match: values[placeholder_number(match[0])], marked) if values else marked
