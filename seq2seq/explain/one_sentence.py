"""A sentence as the network sees it: its pieces and words on both sides. All explanations start from one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from seq2seq.errors import UsageError, UsageTypeError
from seq2seq.nn.model import Seq2Seq
from seq2seq.part_translator import EOS, PartTranslator
from seq2seq.preparation.parts import Part
from seq2seq.text.symbols import PLACEHOLDERS
from seq2seq.text.tokenizer import Tokenizer
from seq2seq.text.word_spans import WordSpan
from seq2seq.translation import Translation, Word
from seq2seq.translator import Translator

END = "(end)"
"""Stands for the end of the sentence, which a network reads and writes like a word."""


@dataclass(frozen=True)
class Unit:
    """A word, a language tag or the end of the sentence, with the `pieces` that the network has for it.

    Attributes:
        text: the word as typed or translated, the name of a tag, or `END`.
        pieces: numbers of its pieces. The units of a side share no piece and leave out none.
        word: number of the word in `Translation.source_words` or `words`; None if it is no word.
    """

    text: str
    pieces: range
    word: int | None = None


@dataclass(frozen=True)
class Sentence:
    """One sentence and its translation. `sentence` makes it.

    Letters in this package: S pieces of the source and T of the translation, both with the end.

    Attributes:
        text: the source.
        translation: what the translator gave for it.
        source_ids: (S,) piece numbers: a tag of the target language if the model has tags, the pieces, EOS.
        target_ids: (T,) piece numbers of the translation, EOS last.
        sources, targets: the words of both sides, each with the end as its last unit.
        mended: whether the translation is not the network's only work (a lost number was put back, say). Then
            `translation` is what the network wrote, and may differ from what `translate` gives.
        translator, way: what translated it.
    """

    text: str
    translation: Translation
    source_ids: tuple[int, ...]
    target_ids: tuple[int, ...]
    sources: tuple[Unit, ...]
    targets: tuple[Unit, ...]
    mended: bool
    translator: Translator = field(repr=False, compare=False)
    way: PartTranslator = field(repr=False, compare=False)

    @property
    def network(self) -> Seq2Seq:
        """The only network of the translator. Raises UsageError for an ensemble."""
        if len(self.translator.models) > 1:
            raise UsageError(f"{self.translator.name} is an ensemble, expected one model")
        return self.translator.model


def _check(translator: object) -> None:
    """Raise UsageTypeError for anything but a translator, such as the name of a model."""
    if not isinstance(translator, Translator):
        kind = type(translator).__name__
        expected = "expected a Translator, such as Translator.from_pretrained(...)"
        raise UsageTypeError(f"translator is a {kind}, {expected}")


def sentences(translator: Translator, text: str, *, target_language: str | None = None) -> list[str]:
    """The sentences of `text` that a network translates, in order. What is kept as typed is left out.

    Raises UsageError as `Translator.translate`.
    """
    _check(translator)
    way = translator.part_translator({}, target_language)
    return [part.text for part in way.parts(text) if part.ids]


def sentence(
    translator: Translator, text: str, *, target_language: str | None = None, **options: Any
) -> Sentence:
    """Translate one sentence, for the functions that explain it.

    Args:
        translator: a model. What it writes is explained, whatever its engine.
        text: a sentence.
        target_language, **options: as for `Translator.translate`.

    Raises:
        UsageError: as `translate`; and if nothing of `text` is translated, or more than one sentence.
    """
    _check(translator)
    way = translator.part_translator(options, target_language)
    parts = [part for part in way.parts(text, try_plain=True) if part.ids]
    if not parts:
        raise UsageError("nothing of the text is translated, expected one sentence")
    if len(parts) != 1:
        raise UsageError(
            f"text has {len(parts)} sentences to translate, expected one; `explain.sentences` lists them"
        )
    translation = translator.translate(text, target_language=target_language, **options)
    mended = _parts_of(translation) != 1
    if mended:
        options = {**options, "verbatim": False, "sentences": False}
        way = translator.part_translator(options, target_language, {})
        translation = translator.translate(text, target_language=target_language, glossary={}, **options)
        parts = [part for part in way.parts(text) if part.ids]
        if _parts_of(translation) != 1:
            raise UsageError(f"text is translated in {_parts_of(translation)} parts, expected a shorter one")
    return _sentence(text, translation, parts[0], mended, translator, way)


def _parts_of(translation: Translation) -> int:
    """In how many runs the network wrote it."""
    return translation.target_tokens.count(EOS)


def _sentence(
    text: str,
    translation: Translation,
    part: Part,
    mended: bool,
    translator: Translator,
    way: PartTranslator,
) -> Sentence:
    source_ids = _ids(way.source, translation.source_tokens)
    target_ids = _ids(way.target, translation.target_tokens)
    skip = len(way.tag)
    read = source_ids[skip:-1]
    used = next((one for one in (part, *part.instead) if one.ids == read), None)
    originals, fillings = (used.originals, used.fillings) if used else ((), ())
    tags = tuple(Unit(name, range(n, n + 1)) for n, name in enumerate(translation.source_tokens[:skip]))
    return Sentence(
        text=text,
        translation=translation,
        source_ids=source_ids,
        target_ids=target_ids,
        sources=tags + _units(translation.source_words, way.source.words(read, originals), skip, source_ids),
        targets=_units(translation.words, way.target.words(target_ids[:-1], fillings), 0, target_ids),
        mended=mended,
        translator=translator,
        way=way,
    )


def _ids(tokenizer: Tokenizer, pieces: Sequence[str]) -> tuple[int, ...]:
    """The numbers of pieces, whose names are different."""
    numbers = {piece: number for number, piece in enumerate(tokenizer.pieces(range(tokenizer.vocab_size)))}
    return tuple(numbers[piece] for piece in pieces)


def _units(
    words: Sequence[Word], spans: Sequence[WordSpan], first: int, ids: Sequence[int]
) -> tuple[Unit, ...]:
    """The units of the pieces from number `first` on. Words that share a piece are one unit."""
    texts = [word.text for word in words]
    if len(words) != len(spans):
        texts = [PLACEHOLDERS.sub("□", span.text) for span in spans]
    units = list[Unit]()
    for number, (text, span) in enumerate(zip(texts, spans, strict=True)):
        start, stop = span.pieces.start + first, span.pieces.stop + first
        if units and start < units[-1].pieces.stop:
            before = units.pop()
            text, start, stop = f"{before.text} {text}", before.pieces.start, max(stop, before.pieces.stop)
            units.append(Unit(text, range(start, stop), before.word))
        else:
            start = units[-1].pieces.stop if units else first
            units.append(Unit(text, range(start, stop), number if len(words) == len(spans) else None))
    last = len(ids) - 1
    if units:  # white space behind the last word
        units[-1] = Unit(units[-1].text, range(units[-1].pieces.start, last), units[-1].word)
    elif last > first:
        units.append(Unit("␣", range(first, last)))
    return (*units, Unit(END, range(last, last + 1)))
