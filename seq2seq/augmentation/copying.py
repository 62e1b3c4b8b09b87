"""Placeholders in training pairs, so that a model learns to carry them to their place in the translation.

What is the same on both sides (a number, a web address) becomes a placeholder on both. There are few of these
in most corpora, and names and unknown words are copied too. So some pairs are used a second time, with a word
and its translation replaced by a placeholder, put between two as between tags, followed by one, or put in
quotation marks or brackets (as the inline tags of OpusTrainer; Bogoychev et al., 2023).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import starmap

import numpy as np

from seq2seq.augmentation.alignment import AlignmentTable, linked_words
from seq2seq.pairs import SentencePair
from seq2seq.preparation.marks import localize_quotes
from seq2seq.preparation.numbers import same_value
from seq2seq.preparation.verbatim import Verbatim, find_verbatim
from seq2seq.text.symbols import placeholder
from seq2seq.text.word_spans import Span

Copies = list[tuple[Span, Span]]
"""Spans of the source and the target that are the same thing."""

_CHUNK = 20_000  # pairs whose links are held in memory
_CONTENT = 4  # a word of fewer letters is replaced only if it is a name
_WAYS = ("replace", "replace", "replace", "between", "followed", "quotes", "brackets")
"""What is done to a word, each with the same probability."""
_SECOND = 0.3  # probability of replacing a second word of a pair as well


def copied_spans(pair: SentencePair, languages: tuple[str, str]) -> Copies:
    """What is not language and stands on both sides of `pair`, in order of the source."""
    found, free = Copies(), find_verbatim(pair.target)
    if not free:
        return found
    for span in find_verbatim(pair.source):
        same = next((other for other in free if _is_copy(span, other, pair, languages)), None)
        if same is not None:
            free.remove(same)
            found.append(((span.start, span.end), (same.start, same.end)))
    return found


def _is_copy(span: Verbatim, other: Verbatim, pair: SentencePair, languages: tuple[str, str]) -> bool:
    text, translation = pair.source[span.start : span.end], pair.target[other.start : other.end]
    if span.kind == other.kind == "number":
        return same_value(text, languages[0], translation, languages[1])
    return text == translation


@dataclass(frozen=True)
class Edit:
    """Something is put in the place of a span, on both sides. In `new`, "@" stands for a placeholder."""

    source: Span
    target: Span
    new_source: str = "@"
    new_target: str = "@"


def edited(
    pair: SentencePair, edits: Sequence[Edit], random: np.random.Generator, *, most: int
) -> SentencePair:
    """`pair` with `edits`, as many as `most` placeholders allow.

    The numbers of the placeholders rise from left to right in the source, and are drawn from all `most`, so
    that the model meets each as often.
    """
    done, needed = list[Edit](), 0
    for edit in sorted(edits, key=lambda edit: edit.source):
        if needed + edit.new_source.count("@") <= most:
            done.append(edit)
            needed += edit.new_source.count("@")
    numbers = iter(np.sort(random.choice(most, needed, replace=False)).tolist())
    source, target = list[tuple[Span, str]](), list[tuple[Span, str]]()
    for edit in done:
        marks = [placeholder(next(numbers)) for _ in range(edit.new_source.count("@"))]
        source.append((edit.source, _with_marks(edit.new_source, marks)))
        target.append((edit.target, _with_marks(edit.new_target, marks)))
    return SentencePair(_replaced(pair.source, source), _replaced(pair.target, sorted(target)), pair.location)


def _with_marks(text: str, marks: Sequence[str]) -> str:
    for mark in marks:
        text = text.replace("@", mark, 1)
    return text


def _replaced(text: str, spans: Sequence[tuple[Span, str]]) -> str:
    pieces, end = list[str](), 0
    for (start, stop), new in spans:
        pieces += [text[end:start], new]
        end = stop
    return "".join([*pieces, text[end:]])


def with_placeholders(
    pairs: Sequence[SentencePair],
    *,
    table: AlignmentTable | None,
    languages: tuple[str, str],
    most: int,
    share: float,
    seed: int,
) -> Iterator[SentencePair]:
    """Yield each pair with placeholders for what stands on both sides, and some pairs a second time.

    Args:
        pairs: cleaned pairs.
        table: word alignment of the pairs; None: no pair is used a second time.
        languages: of source and target, "" if unknown; they decide how numbers are read.
        most: number of placeholders of the vocabulary.
        share: probability that a pair is used a second time, with one or two words replaced.
        seed: the same seed gives the same pairs.
    """
    random = np.random.default_rng((seed, 1))
    for start in range(0, len(pairs), _CHUNK):
        chunk = pairs[start : start + _CHUNK]
        drawn = random.random(len(chunk)) < share
        chosen = (
            [pair for pair, again in zip(chunk, drawn, strict=True) if again] if table is not None else []
        )
        links = linked_words(chosen, table) if table is not None and chosen else None
        for pair in chunk:
            copies = copied_spans(pair, languages)
            yield edited(pair, list(starmap(Edit, copies)), random, most=most) if copies else pair
        for number, pair in enumerate(chosen):
            copies = copied_spans(pair, languages)
            words = [
                link for link in (links.of(number) if links else []) if _is_word_to_copy(pair, link, copies)
            ]
            if words:
                size = min(len(words), 1 + int(random.random() < _SECOND))
                picked = random.choice(len(words), size, replace=False).tolist()
                way = _WAYS[int(random.integers(len(_WAYS)))]
                edits = [_edit(pair, words[picked[0]], way, languages)]
                edits += [Edit(*words[index]) for index in picked[1:]]
                yield edited(pair, [*starmap(Edit, copies), *edits], random, most=most)


def _edit(pair: SentencePair, link: tuple[Span, Span], way: str, languages: tuple[str, str]) -> Edit:
    """What the `way` does to two linked words. A word in quotation marks or brackets may be a placeholder."""
    (start, end), (first, last) = link
    words = [word.replace("@", "") for word in (pair.source[start:end], pair.target[first:last])]
    if way == "replace":
        return Edit(*link)
    if way == "between":
        return Edit(*link, *(f"@{word}@" for word in words))
    if way == "followed":
        return Edit(*link, *(f"{word} @" for word in words))
    if way == "brackets":
        return Edit(*link, *(f"({word})" for word in words))
    return Edit(
        *link,
        *(
            localize_quotes("“", language) + word + localize_quotes("”", language, closing=True)
            for word, language in zip(words, languages, strict=True)
        ),
    )


def _is_word_to_copy(pair: SentencePair, link: tuple[Span, Span], copies: Copies) -> bool:
    """Whether the linked words may be replaced: long words or names, apart from `copies`."""
    (start, end), _ = link
    word = pair.source[start:end]
    if len(word) < _CONTENT and not (len(word) > 1 and word[0].isupper()):
        return False
    return not any(_overlap(mine, other) for copy in copies for mine, other in zip(link, copy, strict=True))


def _overlap(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]
