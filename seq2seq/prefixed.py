"""Translates a text whose translation has a given beginning.

The beginning is cut into sentences, as the text is. Its first sentences are the whole translation of the
first sentences of the text, and its last one begins the translation of the next. It is kept to the letter,
white space included. The search is free behind it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from seq2seq.decoding.prefix import Beginning
from seq2seq.part_translator import PartTranslator
from seq2seq.preparation.casing import shout, usual_words
from seq2seq.preparation.parts import Part
from seq2seq.preparation.sentences import sentence_spans
from seq2seq.translation import Translation, join, kept, moved, shifted

_SENTENCE_END = re.compile(r"[.!?…。！？][\"'”’»)\]]*\s*$|\n\s*$")


@dataclass(frozen=True)
class Share:
    """What of a prefix belongs to one sentence of the text.

    `text` is the beginning of its translation, "" for none. If it is `closed`, it is all of the translation,
    and `space` follows it; with `whole_word` its last word does not go on.
    """

    text: str = ""
    closed: bool = False
    space: str = ""
    whole_word: bool = False


def sentences(text: str, language: str) -> list[tuple[int, int]]:
    """Start and end of each sentence of a text of several lines."""
    spans, start = list[tuple[int, int]](), 0
    for line in text.split("\n"):
        body = line.strip()
        first = start + len(line) - len(line.lstrip())
        if body:
            spans += [(first + begin, first + end) for begin, end in sentence_spans(body, language)]
        start += len(line) + 1
    return spans


def shares(prefix: str, number: int, language: str) -> list[Share]:
    """What of `prefix` belongs to each of `number` sentences, 1 or more.

    White space in front of the first sentence is part of it. A prefix with more sentences than there are
    belongs to the last one.
    """
    starts = [start for start, _ in sentences(prefix, language)][:number]
    starts = [0, *starts[1:], len(prefix)]
    whole = [prefix[start:end] for start, end in pairwise(starts)]
    made = list[Share]()
    for index, text in enumerate(whole):
        body = text.rstrip()
        last = index == len(whole) - 1
        ended = body not in ("", text) and _SENTENCE_END.search(text) is not None and index < number - 1
        if last and not ended:
            made.append(Share(text))
        else:
            made.append(Share(body, closed=True, space=text[len(body) :]))
    return [*made, *[Share()] * (number - len(made))]


def grouped(parts: Sequence[Part], text: str, language: str, *, split: bool) -> list[list[Part]]:
    """`parts` of `text`, those of one sentence together (without `split`: those of one line). A blank line
    belongs to what stands before it."""
    lines = [match.start() for match in re.finditer(r"\S.*", text)]
    starts = [start for start, _ in sentences(text, language)] if split else lines
    groups: list[list[Part]] = [[] for _ in starts or [0]]
    for part in parts:
        groups[max(bisect_right(starts, part.start) - 1, 0)].append(part)
    return groups


def translate_from(way: PartTranslator, text: str, prefix: str, *, whole_word: bool = False) -> Translation:
    """The translation of `text` that begins with `prefix`; with `whole_word` its last word does not go on."""
    source, target = way.preparation.languages
    groups = grouped(way.parts(text), text, source, split=way.config.sentences)
    made, separators = list[Translation](), list[str]()
    for group, share in zip(groups, shares(prefix, len(groups), target), strict=True):
        if not share.text:
            made += way.translate(group)
            separators += [part.separator for part in group]
        else:
            some = _sentence_from(way, group, replace(share, whole_word=whole_word and not share.closed))
            made += [translation for translation, _ in some]
            separators += [separator for _, separator in some]
            if share.closed:
                separators[-1] = share.space
    return join(made, separators)


def _sentence_from(way: PartTranslator, group: Sequence[Part], share: Share) -> list[tuple[Translation, str]]:
    """Translations of the parts of a sentence, with the separators, that begin with `share`."""
    number = next((n for n, part in enumerate(group) if part.ids), 0)
    made, text = list[tuple[Translation, str]](), share.text
    for part, result in zip(group[:number], way.translate(group[:number]), strict=True):
        whole = result.text + part.separator
        if whole and text.startswith(whole):
            made.append((result, part.separator))
            text = text[len(whole) :]
    first, rest = group[number], group[number + 1 :]
    if text:
        made.append((_part_from(way, first, replace(share, text=text)), first.separator))
    elif not share.closed:
        made += [(way.translate([first])[0], first.separator)]
    if share.closed:
        return made
    for one, part in zip(way.translate(rest), rest, strict=True):
        if part.ids or one.text not in share.text:
            made.append((one, part.separator))
    return [*made[:-1], (made[-1][0], group[-1].separator)]


def _part_from(way: PartTranslator, part: Part, share: Share) -> Translation:
    """The translation of `part` that begins with the text of `share`."""
    text, closed = share.text, share.closed
    begun = text.lstrip()
    lead = text[: len(text) - len(begun)]
    for tried in _forms(way, part) if begun else ():
        wanted = calm(way, begun) if tried.shouted else begun
        found = way.begun(tried, Beginning(wanted, closed=closed, whole_word=share.whole_word))
        if found is not None and found.text == begun.rstrip():
            found = replace(found, text=begun)
        if found is not None and (found.text == begun or (not closed and found.text.startswith(begun))):
            return shifted(moved(found, part.start), lead)
    if closed:
        return moved(kept(part.text, translation=text), part.start)
    free = way.translate([part])[0]
    if free.text.startswith(begun):
        return shifted(free, lead)
    return shifted(free, text if text[-1:].isspace() or not free.text.strip() else text + " ")


def _forms(way: PartTranslator, part: Part) -> list[Part]:
    """Ways to send `part` through the model: as it was prepared, without capitals for all, and as typed."""
    if not part.ids:
        return []
    forms = [] if part.wrappings else [part]
    if part.shouted and not part.wrappings:
        forms.append(replace(part, shouted=False))
    typed = way.preparation.parts(
        part.text, max_pieces=way.config.max_source_length, sentences=False, keep=False
    )
    return [*forms, replace(typed[0], start=0)] if len(typed) == 1 else forms


def calm(way: PartTranslator, text: str) -> str:
    """`text`, which is in capital letters, as the model writes it."""
    usual = usual_words(text, way.words).text
    return usual if shout(usual) == text else text
