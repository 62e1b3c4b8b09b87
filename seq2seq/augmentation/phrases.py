"""Pairs of words and of short phrases, from the word alignment of a corpus of sentences.

A corpus of sentences leaves single words untrained: the model has never seen a text of one word. The
translations of words are chosen among those that are each other's best link (word_choice.py). Phrase pairs
that are consistent with the alignment (phrase_places.py) are kept if they are frequent and each side is
mostly translated by the other.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from seq2seq.augmentation.alignment import AlignmentTable, groups_of, sample_rows
from seq2seq.augmentation.phrase_places import PhrasePairs, PhraseSide, find_places, phrase_pairs, phrase_side
from seq2seq.augmentation.word_choice import SAME_NEIGHBOUR, choose_words
from seq2seq.augmentation.words import Ints, index_words
from seq2seq.pairs import SentencePair

LIMIT = 0.15
"""At most so many phrase pairs for each pair of the corpus."""
SHARE = 0.4
"""Least share of a phrase's occurrences that its translation translates, and the reverse."""
CLAUSE_END = 0.05
"""Least share of a phrase's occurrences at the end of a clause: "in the" and "think that" are cut off."""
TARGETS = 2
"""Most translations of one phrase."""
USUAL = 0.2
"""Share of the occurrences of a word inside sentences from which its casing there is kept."""

_FINAL_MARKS = re.compile(r"[\s.!?…。！？]+$")
_SHOWN = 50  # occurrences of a word that choose its casing


def extract_phrases(
    pairs: Sequence[SentencePair],
    *,
    table: AlignmentTable,
    max_words: int = 4,
    min_count: int = 3,
    limit: float = LIMIT,
    seed: int = 1,
    check: Callable[[], None] = lambda: None,
) -> Iterator[SentencePair]:
    """Yield pairs of words, then of phrases of up to `max_words` words, the most frequent ones first.

    A pair occurs `min_count` times at least. A phrase begins and ends with a word, has no punctuation inside,
    and sometimes ends a clause. At most `limit` pairs are yielded for each of `pairs`. Sentences of `pairs`
    are not repeated without their final mark. Casing is the most frequent one inside sentences. Of a large
    corpus a random sample is read; `seed` chooses it. `check` is called again and again; what it raises ends
    the work.
    """
    source = index_words((pair.source for pair in pairs), table.vocabulary, grow=False)
    target = index_words((pair.target for pair in pairs), table.vocabulary, grow=False)
    sides = (
        phrase_side(source, table, max_words=max_words),
        phrase_side(target, table, max_words=max_words),
    )
    rows = sample_rows(source, target, seed=seed)
    word_places, places = find_places(groups_of(source, target, rows), table, sides, check)
    words = phrase_pairs(word_places, sides, min_count=1)
    phrases = phrase_pairs(places, sides, min_count=min_count)
    names = ["", *table.vocabulary]
    check()
    chosen = np.concatenate(
        [choose_words(words, phrases, sides, names, min_count=min_count), _choose_phrases(phrases, sides[0])]
    )
    writers = (
        _Writer([pair.source for pair in pairs], sides[0], chosen[:, :2]),
        _Writer([pair.target for pair in pairs], sides[1], chosen[:, 2:]),
    )
    known = {(_bare(pair.source), _bare(pair.target)) for pair in pairs}
    left = int(limit * len(pairs))
    for number in range(len(chosen)):
        phrase, translation = (writer.text(number) for writer in writers)
        new = (_bare(phrase), _bare(translation)) not in known
        if left and new and any(map(str.isalpha, phrase)):
            left -= 1
            yield SentencePair(phrase, translation)


def _bare(text: str) -> str:
    return _FINAL_MARKS.sub("", text).lower()


def _choose_phrases(phrases: PhrasePairs, side: PhraseSide) -> Ints:
    """Places (N,4) of the pairs whose source has several words, by count."""
    good = (phrases.places[:, 1] > 1) & (np.minimum(phrases.forward, phrases.backward) >= SHARE)
    for statistics in (phrases.source, phrases.target):
        good &= (statistics.clause_end >= CLAUSE_END) & (statistics.same_neighbour <= SAME_NEIGHBOUR)
    numbers = np.flatnonzero(good)
    score = (phrases.counts * phrases.forward * phrases.backward)[numbers]
    sources = side.hashes[phrases.places[numbers, 1], phrases.places[numbers, 0]]
    order = np.lexsort((-score, sources))
    numbers, sources = numbers[order], sources[order]
    first = np.searchsorted(sources, sources)  # of the pairs with the same source
    numbers = numbers[np.arange(len(numbers)) - first < TARGETS]
    return phrases.places[numbers[np.lexsort((phrases.places[numbers, 0], -phrases.counts[numbers]))]]


class _Writer:
    """Writes phrases as they stand in a sentence. A word at its start, or with a casing that it rarely has,
    gets the casing that it mostly has inside sentences.

    `places` (N,2) has the first word and the number of words of each phrase.
    """

    def __init__(self, texts: Sequence[str], side: PhraseSide, places: Ints) -> None:
        self.texts, self.words, self.places, self.inner = texts, side.words, places, side.inner
        needed = np.zeros(int(side.words.ids.max(initial=0)) + 1, bool)
        for step in range(len(side.hashes) - 1):
            needed[side.words.ids[places[places[:, 1] > step, 0] + step]] = True
        positions = np.flatnonzero(self.inner & needed[side.words.ids])
        positions = positions[np.argsort(side.words.ids[positions], kind="stable")]
        seen: dict[int, Counter[str]] = defaultdict(Counter)
        for position, number in zip(positions.tolist(), side.words.ids[positions].tolist(), strict=True):
            if seen[number].total() < _SHOWN:
                seen[number][self._surface(position)] += 1
        self.casings = dict(seen)

    def _text_of(self, position: int) -> int:
        return int(np.searchsorted(self.words.offsets, position, side="right")) - 1

    def _surface(self, position: int) -> str:
        return self.texts[self._text_of(position)][self.words.starts[position] : self.words.ends[position]]

    def text(self, number: int) -> str:
        """The phrase with this number."""
        first, length = self.places[number].tolist()
        result, end = "", int(self.words.starts[first])
        sentence = self.texts[self._text_of(first)]
        for position in range(first, first + length):
            word = self._cased(position)
            result += sentence[end : self.words.starts[position]] + word
            end = int(self.words.ends[position])
        return result

    def _cased(self, position: int) -> str:
        word, casings = (
            self._surface(position),
            self.casings.get(int(self.words.ids[position]), Counter[str]()),
        )
        if self.inner[position] and casings[word] >= USUAL * casings.total():
            return word
        return next(
            (cased for cased, _ in casings.most_common() if cased.lower() == word.lower()), word.lower()
        )
