"""What becomes of a translation when one source word is removed or replaced."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch.nn.utils.rnn import pad_sequence

from seq2seq.decoding import search
from seq2seq.decoding.search import SearchOptions
from seq2seq.errors import UsageError
from seq2seq.explain.one_sentence import Sentence
from seq2seq.explain.result import Explanation
from seq2seq.explain.words_apart import words_apart
from seq2seq.text.tokenizer import Tokenizer
from seq2seq.translation import Translation, Word

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_CORE = re.compile(r"\w(?:.*\w)?", re.DOTALL)


@dataclass(frozen=True)
class Change:
    """One change of the source, and what follows from it.

    Attributes:
        word: number of the source word, in `Translation.source_words`.
        text: the word, without the marks around it.
        replacement: what takes its place; "" if it is removed.
        source: the changed source.
        translation: that of the changed source.
        differs: numbers of its words that the first translation does not have at this place.
        drop: log P(first translation | source) − log P(first translation | changed source), in nats: how
            much the first translation needs the word. None if the changed source has nothing to translate,
            or several parts.
    """

    word: int
    text: str
    replacement: str
    source: str
    translation: Translation
    differs: tuple[int, ...]
    drop: float | None


@dataclass(frozen=True)
class WordChanges(Explanation):
    """The changes of a sentence, in the order of its words. `translation` is the first one."""

    translation: Translation
    changes: tuple[Change, ...]

    def figure(self) -> Figure:
        """A bar for each change: the drop, with the new translation beside it."""
        from seq2seq.explain.bars import Bar, draw_bars

        bars = [
            Bar(
                f"− {one.text}" if not one.replacement else f"{one.text} → {one.replacement}",
                one.drop or 0.0,
                one.translation.text,
            )
            for one in self.changes
        ]
        title = f"drop of log P({self.translation.text}), in nats"
        return draw_bars(bars, title=title, low=min([0.0, *(bar.value for bar in bars)]))

    def table(self) -> tuple[Sequence[str], Iterable[Sequence[object]]]:
        """A row for each change."""
        header = ("number", "word", "replacement", "drop", "source", "translation", "words_that_differ")
        rows = (
            (
                one.word,
                one.text,
                one.replacement,
                "" if one.drop is None else one.drop,
                one.source,
                one.translation.text,
                len(one.differs),
            )
            for one in self.changes
        )
        return header, rows


def changes(sentence: Sentence, replacements: Mapping[int, Sequence[str]] | None = None) -> WordChanges:
    """Remove each source word of `sentence` in turn, and make the given `replacements`.

    Args:
        sentence: see `explain.sentence`.
        replacements: by the number of a word in `Translation.source_words`, what to try in its place.

    Raises:
        UsageError: there is no such word.
    """
    words = sentence.translation.source_words
    given = dict(replacements or {})
    for number in given:
        if type(number) is not int or not 0 <= number < len(words):
            raise UsageError(f"word is {number!r}, expected 0 to {len(words) - 1}")
    tried = [
        (number, new, *changed_source(sentence.text, word, new))
        for number, word in enumerate(words)
        for new in ("", *given.get(number, ()))
    ]
    sources = [source for _, _, _, source in tried]
    way = sentence.way
    options: dict[str, Any] = {**vars(way.config), "n_best": 1}
    made = sentence.translator.translate(
        sources,
        target_language=way.preparation.languages[1] or None,
        glossary=way.preparation.glossary,
        **options,
    )
    first = sentence.translation
    found = [
        Change(number, text, new, source, translation, words_apart(first, translation)[1], drop)
        for (number, new, text, source), translation, drop in zip(
            tried, made, score_drops(sentence, sources), strict=True
        )
    ]
    return WordChanges(first, tuple(found))


def changed_source(text: str, word: Word, new: str) -> tuple[str, str]:
    """The core of `word`, without marks around it, and `text` with `new` in its place."""
    core = _CORE.search(word.text)
    start, end = (core.start(), core.end()) if core else (0, len(word.text))
    before, after = text[: word.start + start], text[word.start + end :]
    if not new and (before == "" or before[-1].isspace()):
        after = after.lstrip(" ") if after[:1].isspace() else after
        before = before if after[:1].isalnum() else before.rstrip(" ")
    return word.text[start:end], before + new + after


@torch.inference_mode()
def score_drops(sentence: Sentence, sources: Sequence[str]) -> list[float | None]:
    """For each changed source by how much the log probability of the translation is lower than before."""
    way = sentence.way
    encoded = [_encoded(sentence, source) for source in sources]
    known = [ids for ids in encoded if ids is not None]
    rows = [sentence.source_ids, *known]
    target = torch.tensor(sentence.target_ids[:-1], dtype=torch.int64)
    targets = pad_sequence([target] * len(rows), batch_first=True, padding_value=Tokenizer.eos_id)
    options = SearchOptions(bos=Tokenizer.bos_id, eos=Tokenizer.eos_id)
    state = way.engine.start(rows)
    scored = search.force(way.engine.step, state, options, targets.to(way.engine.device))
    before, *after = (one.log_prob for one in scored)
    drops = iter(before - log_prob for log_prob in after)
    return [None if ids is None else next(drops) for ids in encoded]


def _encoded(sentence: Sentence, source: str) -> tuple[int, ...] | None:
    """The ids of a source as the network reads it; None if it is not one part."""
    parts = [part for part in sentence.way.parts(source, try_plain=True) if part.ids]
    if len(parts) != 1:
        return None
    return (*sentence.way.tag, *parts[0].ids, Tokenizer.eos_id)
