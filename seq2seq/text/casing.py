"""Capitals: a text in the form in which a model has seen its words, and an answer in the form of its text.

Truecasing (Lita et al., 2003): each word gets the capitals that it usually has in the training data.
"""

from __future__ import annotations

from collections.abc import Sequence

from seq2seq.text.lexicon import WORD, Lexicon
from seq2seq.text.word_spans import Span


def is_shouted(text: str) -> bool:
    """Whether `text` has two capital letters or more, and no small ones."""
    return text.isupper() and sum(map(str.isupper, text)) > 1


def usual_case(text: str, lexicon: Lexicon, *, keep: Sequence[Span] = ()) -> str:
    """`text`, of the same length, with the capitals that its words usually have.

    A form that was seen in training stays. "i", "tom" and "PARIS" become "I", "Tom" and "Paris", and "Dog"
    inside a sentence "dog". A first word keeps its capital letter, and gets one if no letter of a text of
    several words is large. In a shouted text unknown words look like names.

    Args:
        text: one sentence.
        lexicon: of the language of `text`; with an empty one `text` stays as it is.
        keep: spans that stay as they are, in order.
    """
    if not lexicon:
        return text
    shouted, calm = is_shouted(text), text == text.lower()
    pieces, end, kept = list[str](), 0, [*keep, (len(text), len(text))]
    matches = list(WORD.finditer(text))
    for index, match in enumerate(matches):
        start, stop = match.span()
        while kept[0][1] <= start < len(text):
            kept.pop(0)
        if kept[0][0] < stop:
            continue
        word, first = match[0], index == 0
        if shouted:
            form = lexicon.usual(word) if word in lexicon else word.capitalize()
        elif not lexicon.knows_form(word) and word in lexicon:
            form = lexicon.usual(word)
        else:
            form = word
        if first and (shouted or word[0].isupper() or (calm and len(matches) > 1)):
            form = form[:1].upper() + form[1:]
        if len(form) == len(word):
            pieces += [text[end:start], form]
            end = stop
    return "".join([*pieces, text[end:]])


def shout(text: str, *, keep: Sequence[Span] = ()) -> str:
    """`text` in capital letters, of the same length, apart from the spans `keep`."""
    letters = [large if len(large := letter.upper()) == 1 else letter for letter in text]
    for start, end in keep:
        letters[start:end] = text[start:end]
    return "".join(letters)
