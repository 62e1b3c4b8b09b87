"""Words as a model has seen them, and an answer in the form of its text.

Truecasing (Lita et al., 2003): each word gets the capitals that it usually has in the training data. A word
with one mistake becomes the likeliest known word (Norvig, 2007).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from seq2seq.text.lexicon import WORD, Lexicon
from seq2seq.text.rewriting import Change, Rewritten
from seq2seq.text.word_spans import Span


def is_shouted(text: str, *, keep: Sequence[Span] = ()) -> bool:
    """Whether `text` has two capital letters or more, and no small ones, outside the spans `keep`."""
    letters = _without(text, keep)
    return letters.isupper() and sum(map(str.isupper, letters)) > 1


def _without(text: str, spans: Sequence[Span]) -> str:
    starts, ends = [0, *(end for _, end in spans)], [*(start for start, _ in spans), len(text)]
    return "".join(text[start:end] for start, end in zip(starts, ends, strict=True))


def usual_words(text: str, lexicon: Lexicon, *, keep: Sequence[Span] = ()) -> Rewritten:
    """`text` with its words as they are usually written.

    A form that was seen in training stays. "i", "tom" and "PARIS" become "I", "Tom" and "Paris", "Dog" inside
    a sentence "dog", and "teh" "the". A first word keeps its capital letter, and gets one if no letter of a
    text of several words is large. In a shouted text unknown words look like names.

    Args:
        text: one sentence.
        lexicon: of the language of `text`; with an empty one `text` stays as it is.
        keep: spans that stay as they are, in order.
    """
    changes, kept = list[Change](), [*keep, (len(text), len(text))]
    shouted, letters = is_shouted(text, keep=keep), _without(text, keep)
    calm = letters == letters.lower()
    matches = list[re.Match[str]]()
    for match in WORD.finditer(text) if lexicon else ():
        while kept[0][1] <= match.start() < len(text):
            kept.pop(0)
        if match.end() <= kept[0][0]:
            matches.append(match)
    for index, match in enumerate(matches):
        start, stop = match.span()
        word, first = match[0], index == 0
        form = _usual_form(word, lexicon, shouted=shouted, first=first)
        if first and (shouted or word[0].isupper() or (calm and len(matches) > 1)):
            form = form[:1].upper() + form[1:]
        if form != word:
            changes.append(Change(start, stop, form))
    return Rewritten(text, changes)


def _usual_form(word: str, lexicon: Lexicon, *, shouted: bool, first: bool) -> str:
    if word in lexicon:
        return word if lexicon.knows_form(word) and not shouted else lexicon.usual(word)
    if word.islower() or shouted or (first and word[1:].islower()):
        correct = lexicon.corrected(word)
        if correct != word:
            return correct
    return word.capitalize() if shouted else word


def shout(text: str, *, keep: Sequence[Span] = ()) -> str:
    """`text` in capital letters, of the same length, apart from the spans `keep`."""
    letters = [large if len(large := letter.upper()) == 1 else letter for letter in text]
    for start, end in keep:
        letters[start:end] = text[start:end]
    return "".join(letters)
