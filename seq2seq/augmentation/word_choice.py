"""Chooses the translations of single words among linked words and phrases."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from seq2seq.augmentation.phrase_places import PhrasePairs, Sides
from seq2seq.augmentation.words import Ints

FORWARD = 0.35
"""Least share of a word's occurrences that a translation and its inflections translate."""
BACKWARD = 0.1
"""Least share of a translation's occurrences that the word and its inflections translate."""
ALONE = 0.25
"""Least share of the links of a word pair that are not part of a larger unit, unless both are spelt alike."""
UNCERTAIN = 0.5
"""Below this forward share, the share alone must be `SURELY_ALONE`."""
SURELY_ALONE = 0.4
LAST_RESORT = (10, 0.2, 0.4, 0.6)
"""Least count, forward and backward share and share alone of the best translation if none is reliable."""
SAME_NEIGHBOUR = 0.8
"""Largest share of a phrase's occurrences with one word beside it: "good to be true" has "too" before it."""
SEVERAL_WORDS = (0.25, 0.4)
"""Least forward and backward share of a translation of several words."""
GAIN = 1.5
"""Its backward share is so many times that of each of its words, if these are also used alone: "mot de passe"
is a translation, "les écoles" is not."""
USED = 0.5
"""It is used in so many of the places where its main word is linked."""
UNIT_NEIGHBOUR = 0.5
"""`SAME_NEIGHBOUR` of a translation that begins with a grammatical word: "aux dents" has "mal" before it."""
_TRIED = 8  # most frequent translations of a word


def similar(one: str, other: str) -> bool:
    """Whether two words look like inflections of one: the first half, and three letters, are the same."""
    shared = max(3, (max(len(one), len(other)) + 1) // 2)
    return one[:shared] == other[:shared]


def choose_words(
    words: PhrasePairs, phrases: PhrasePairs, sides: Sides, names: Sequence[str], *, min_count: int
) -> Ints:
    """Places (N,4) of the chosen pairs, the most frequent ones first.

    `names` has the word with each number. Inflections of one word count together: "careful" is "prudent",
    because "prudente", "prudents" and "prudentes" are its translations as well. So a word has at most one
    translation of each kind, two at all.
    """
    choice = _Choice(words, phrases, sides, names, min_count)
    places = [place for source in choice.by_source for place in choice.translations(source)]
    places.sort(key=lambda counted: (-counted[0], counted[1]))
    return np.array([place for _, place in places], np.int32).reshape(-1, 4)


class _Choice:
    """The candidates by word number, and the tests that they must pass."""

    def __init__(
        self, words: PhrasePairs, phrases: PhrasePairs, sides: Sides, names: Sequence[str], min_count: int
    ) -> None:
        self.words, self.phrases, self.names, self.min_count = words, phrases, names, min_count
        self.target_ids, self.rare_target = sides[1].words.ids, sides[1].rare
        self.sources = sides[0].words.ids[words.places[:, 0]].tolist()
        self.targets = sides[1].words.ids[words.places[:, 2]].tolist()
        self.counts = words.counts.tolist()
        self.by_source: dict[int, list[int]] = defaultdict(list)
        self.by_target: dict[int, list[int]] = defaultdict(list)
        for number, (source, target) in enumerate(zip(self.sources, self.targets, strict=True)):
            self.by_source[source].append(number)
            self.by_target[target].append(number)
        self.several: dict[int, list[int]] = defaultdict(list)
        for number in np.flatnonzero((phrases.places[:, 1] == 1) & (phrases.places[:, 3] > 1)).tolist():
            self.several[int(sides[0].words.ids[phrases.places[number, 0]])].append(number)

    def translations(self, source: int) -> list[tuple[int, list[int]]]:
        """Counts and places of the translations of a word, two at most."""
        chosen, excluded = list[tuple[int, list[int]]](), set[int]()
        units = [phrase for phrase in self.several[source] if self._is_unit(phrase, source)]
        best = max(units, key=self._score, default=None)
        if best is not None:
            chosen.append((int(self.phrases.counts[best]), self.phrases.places[best].tolist()))
            excluded = set(self._words_inside(best))
        accepted: list[int] = []
        numbers = sorted(self.by_source[source], key=lambda number: (-self.counts[number], number))
        for number in numbers[:_TRIED]:
            same = any(self._similar_targets(number, other) for other in accepted)
            if self.targets[number] not in excluded and not same and self._is_reliable(number, numbers):
                accepted.append(number)
        if not (accepted or chosen or not self._is_last_resort(numbers[0], numbers)):
            accepted.append(numbers[0])
        chosen += [(self.counts[number], self.words.places[number].tolist()) for number in accepted]
        return chosen[:2]

    def _similar_targets(self, one: int, other: int) -> bool:
        return similar(self.names[self.targets[one]], self.names[self.targets[other]])

    def _together(self, number: int, numbers: list[int]) -> int:
        """Count of a pair of words, and of those of `numbers` whose targets are inflections of its target."""
        return sum(self.counts[other] for other in numbers if self._similar_targets(number, other))

    def _is_reliable(self, number: int, numbers: list[int]) -> bool:
        """Whether a pair of words passes the tests; `numbers` are all with the same source."""
        count, together = self.counts[number], self._together(number, numbers)
        forward = together / int(self.words.source.totals[number])
        source, target = self.names[self.sources[number]], self.names[self.targets[number]]
        back = sum(
            self.counts[other]
            for other in self.by_target[self.targets[number]]
            if similar(source, self.names[self.sources[other]])
        )
        alone = 0.0 if similar(source, target) else SURELY_ALONE if forward < UNCERTAIN else ALONE
        return bool(
            count > 1
            and together >= self.min_count
            and forward >= FORWARD
            and back >= BACKWARD * int(self.words.target.totals[number])
            and self.words.alone[number] >= alone * count
            and self._neighbour(number) <= SAME_NEIGHBOUR
        )

    def _is_last_resort(self, number: int, numbers: list[int]) -> bool:
        count, forward, backward, alone = LAST_RESORT
        return bool(
            self.counts[number] >= count
            and self._together(number, numbers) >= forward * int(self.words.source.totals[number])
            and self.words.backward[number] >= backward
            and self.words.alone[number] >= alone * self.counts[number]
            and self._neighbour(number) <= SAME_NEIGHBOUR
        )

    def _neighbour(self, number: int) -> float:
        return max(self.words.source.same_neighbour[number], self.words.target.same_neighbour[number])

    def _words_inside(self, phrase: int) -> list[int]:
        start, length = self.phrases.places[phrase, 2:].tolist()
        return self.target_ids[start : start + length].tolist()

    def _score(self, phrase: int) -> float:
        pairs = self.phrases
        return float(pairs.counts[phrase] * pairs.forward[phrase] * pairs.backward[phrase])

    def _is_unit(self, phrase: int, source: int) -> bool:
        """Whether several words together translate a word, and none of them does without the others."""
        pairs, inside = self.phrases, self._words_inside(phrase)
        parts = [number for number in self.by_source[source] if self.targets[number] in inside]
        main = max(parts, key=lambda number: self.counts[number], default=None)
        needed = 0.0
        if main is not None:
            if pairs.counts[phrase] < USED * self.counts[main]:
                return False
            alone = self.words.alone[main] >= ALONE * self.counts[main]
            if alone and self._neighbour(main) <= SAME_NEIGHBOUR:
                needed = GAIN * max(float(self.words.backward[number]) for number in parts)
        open_start = not self.rare_target[inside[0]] and pairs.target.same_neighbour[phrase] > UNIT_NEIGHBOUR
        return bool(
            pairs.forward[phrase] >= SEVERAL_WORDS[0]
            and pairs.backward[phrase] >= max(SEVERAL_WORDS[1], needed)
            and pairs.source.same_neighbour[phrase] <= SAME_NEIGHBOUR
            and self.rare_target[inside[-1]]
            and not open_start
        )
