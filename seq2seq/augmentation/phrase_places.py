"""Phrase pairs in a corpus that is aligned by words: where they stand, how often, and beside which words.

Phrase pairs are consistent with the alignment (Koehn, Och and Marcu, 2003). A phrase is known by a hash of
its words. phrases.py and word_choice.py choose among the pairs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seq2seq.augmentation.alignment import AlignmentTable, Bools, Group, best_links
from seq2seq.augmentation.words import Ints, WordArrays, is_unspaced

Positions = NDArray[np.int64]
Hashes = NDArray[np.uint64]
Shares = NDArray[np.float64]
Sides = tuple["PhraseSide", "PhraseSide"]

COMMON = 30
"""Words that are more than so many times as frequent as the average word count as grammatical words, such as
articles. Characters of scripts without spaces never do: they are parts of words."""
_CLAUSE_MARKS = frozenset(".,;:!?…।。，；：！？、")
_FACTOR = np.uint64(0x9E3779B97F4A7C15)  # odd, with bits that look random


@dataclass(frozen=True)
class PhraseStatistics:
    """Of phrases (N,): number of occurrences, share of these at the end of a clause, and the largest share
    with the same word before, or after, the phrase. Beside a single word, grammatical words do not count.
    """

    totals: Positions
    clause_end: Shares
    same_neighbour: Shares


@dataclass(frozen=True)
class PhraseSide:
    """All phrases of one side. Phrase (n, k) has the words k to k + n of the arrays.

    hashes (L+1,W): of each phrase. complete (L+1,W): whether it stands in one text, is made of words alone
    and begins and ends where a written word does. before, after (W,): number of the word before and after
    word k, 0 at the end of a clause. inner (W,): whether a word or comma stands before word k. rare (V+1,):
    whether a word number is not one of the grammatical words.
    """

    words: WordArrays
    hashes: Hashes
    complete: Bools
    before: Ints
    after: Ints
    inner: Bools
    rare: Bools

    def statistics(self, hashes: Hashes) -> PhraseStatistics:
        """Statistics of the phrases with these hashes."""
        wanted, inverse = np.unique(hashes, return_inverse=True)
        totals, clause_end, neighbours = np.zeros((3, len(wanted)), np.int64)
        for length in range(1, len(self.hashes)) if len(wanted) else ():
            starts = np.flatnonzero(self.complete[length])
            found = np.minimum(np.searchsorted(wanted, self.hashes[length, starts]), len(wanted) - 1)
            known = wanted[found] == self.hashes[length, starts]
            found, starts = found[known], starts[known]
            after = self.after[starts + length - 1]
            totals += np.bincount(found, minlength=len(wanted))
            clause_end += np.bincount(found[after == 0], minlength=len(wanted))
            for beside in (self.before[starts], after):
                counted = self.rare[beside] if length == 1 else beside > 0
                most = _most_frequent(found[counted], beside[counted], len(wanted))
                neighbours = np.maximum(neighbours, most)
        numbers = np.maximum(totals, 1)
        columns = (clause_end / numbers, neighbours / numbers)
        return PhraseStatistics(totals[inverse], *(column[inverse] for column in columns))


def phrase_side(words: WordArrays, table: AlignmentTable, *, max_words: int) -> PhraseSide:
    """The phrases of up to `max_words` words of all texts. None begins with `'s` or ends with `l'`."""
    names = ["", *table.vocabulary]
    is_word = np.array([any(map(str.isalnum, name)) for name in names])
    can_begin = np.array([name[:1].isalnum() for name in names])
    can_end = np.array([name[-1:].isalnum() for name in names])
    clause_mark = np.array([name[:1] in _CLAUSE_MARKS for name in names])
    ids, count = words.ids, len(words.ids)
    texts = np.repeat(np.arange(len(words.lengths)), words.lengths)
    codes = np.random.default_rng(0).integers(0, 2**63, len(names), np.uint64)[ids]
    hashes, complete = np.zeros((max_words + 1, count), np.uint64), np.zeros((max_words + 1, count), bool)
    inside = np.ones(count, bool)
    for length in range(1, max_words + 1):
        last = np.minimum(np.arange(count) + length - 1, count - 1)
        hashes[length] = (hashes[length - 1] + codes[last]) * _FACTOR
        inside &= is_word[ids[last]] & (texts[last] == texts) & (np.arange(count) + length <= count)
        complete[length] = inside & can_begin[ids] & can_end[ids[last]]
    before, after = np.zeros((2, count), np.int32)
    same_text = np.diff(texts) == 0
    before[1:] = np.where(same_text & is_word[ids[:-1]], ids[:-1], 0)
    after[:-1] = np.where(same_text & ~clause_mark[ids[1:]], ids[1:], 0)
    numbers = np.bincount(ids, minlength=len(names))
    rare = numbers * np.count_nonzero(numbers) <= COMMON * count
    rare |= np.array([is_unspaced(name) for name in names])
    rare[0] = False
    inner = before > 0
    inner[1:] |= same_text & np.array([name in (",", "，") for name in names])[ids[:-1]]
    return PhraseSide(words, hashes, complete, before, after, inner, rare)


def _most_frequent(phrases: Positions, neighbours: Ints, number: int) -> Positions:
    """How often each of `number` phrases has its most frequent neighbour."""
    keys, counts = np.unique(phrases << 32 | neighbours, return_counts=True)
    most = np.zeros(number, np.int64)
    np.maximum.at(most, keys >> 32, counts)
    return most


@dataclass(frozen=True)
class PhrasePairs:
    """Different phrase pairs.

    places (N,4): a place of each: first word and number of words, of the source and of the target. counts
    (N,): number of places. alone (N,): number of places where no link leads to another word that is not
    grammatical; for words only. source, target: statistics of both sides.
    """

    places: Ints
    counts: Positions
    alone: Positions
    source: PhraseStatistics
    target: PhraseStatistics

    @property
    def forward(self) -> Shares:
        """Share of the source's occurrences that the target translates."""
        return self.counts / self.source.totals

    @property
    def backward(self) -> Shares:
        """Share of the target's occurrences that the source translates."""
        return self.counts / self.target.totals


def phrase_pairs(places: Ints, sides: Sides, *, min_count: int) -> PhrasePairs:
    """The different pairs at `places` (N,5), whose last column says whether the pair is alone, that occur
    `min_count` times at least. The place of each is inside a sentence, if there is one.
    """
    inner = sides[0].inner[places[:, 0]] & sides[1].inner[places[:, 2]]
    places = places[np.argsort(~inner, kind="stable")]  # np.unique takes the first place of each pair
    hashes = [side.hashes[places[:, 2 * n + 1], places[:, 2 * n]] for n, side in enumerate(sides)]
    _, first, inverse, counts = np.unique(
        hashes[0] * _FACTOR + hashes[1], return_index=True, return_inverse=True, return_counts=True
    )
    alone = np.bincount(inverse, places[:, 4], minlength=len(first)).astype(np.int64)
    enough = counts >= min_count
    first = first[enough]
    statistics = [side.statistics(values[first]) for side, values in zip(sides, hashes, strict=True)]
    return PhrasePairs(places[first, :4], counts[enough], alone[enough], *statistics)


def find_places(
    groups: Iterable[Group], table: AlignmentTable, sides: Sides, check: Callable[[], None] = lambda: None
) -> tuple[Ints, Ints]:
    """Places (N,5) of mutually linked words and of phrase pairs, for `phrase_pairs`. `check` is called before
    each group."""
    words, phrases = [np.zeros((0, 5), np.int32)], [np.zeros((0, 5), np.int32)]
    for group in groups:
        check()
        forward, backward = best_links(*table.scores(group.source, group.target))
        mutual = forward & backward
        rows, first, start = np.nonzero(mutual)
        alone = _alone(forward, backward, sides[0].rare[group.source], sides[1].rare[group.target])
        words.append(_complete(group, sides, rows, (first, 1, start, 1), alone[mutual]))
        links = symmetric_links(forward, backward)
        for rows, *place in consistent_phrases(links, max_words=len(sides[0].hashes) - 1):
            phrases.append(_complete(group, sides, rows, place, False))
    return np.concatenate(words), np.concatenate(phrases)


def _alone(forward: Bools, backward: Bools, rare_source: Bools, rare_target: Bools) -> Bools:
    """Cells (B,S,T) whose source and target word are linked to no other word that is rare."""
    rare_links = forward & rare_target[:, None]
    other_targets = rare_links.sum(2, keepdims=True) - rare_links
    rare_links = backward & rare_source[:, :, None]
    other_sources = rare_links.sum(1, keepdims=True) - rare_links
    return (other_targets == 0) & (other_sources == 0)


def _complete(group: Group, sides: Sides, rows: Positions, place: Iterable, alone: Bools | bool) -> Ints:
    """Places (M,5) of those phrase pairs of a group that are complete on both sides."""
    places = np.empty((len(rows), 5), np.int32)
    for column, values in enumerate((*place, alone)):
        places[:, column] = values
    places[:, 0] += group.source_words[rows, 0]
    places[:, 2] += group.target_words[rows, 0]
    good = sides[0].complete[places[:, 1], places[:, 0]] & sides[1].complete[places[:, 3], places[:, 2]]
    return places[good]


def symmetric_links(forward: Bools, backward: Bools) -> Bools:
    """Links (B,S,T) of both directions, combined by grow-diag-final-and (Koehn, Och and Marcu, 2003)."""
    links, union = forward & backward, forward | backward
    while True:
        free = ~links.any(2, keepdims=True) | ~links.any(1, keepdims=True)
        more = union & ~links & free & _beside(links)
        if not more.any():
            break
        links = links | more
    return links | (union & ~links.any(2, keepdims=True) & ~links.any(1, keepdims=True))


def _beside(links: Bools) -> Bools:
    """Cells with a link among their eight neighbours."""
    padded = np.pad(links, ((0, 0), (1, 1), (1, 1)))
    rows = padded[:, :-2] | padded[:, 1:-1] | padded[:, 2:]
    return rows[:, :, :-2] | rows[:, :, 1:-1] | rows[:, :, 2:]


def consistent_phrases(
    links: Bools, *, max_words: int
) -> Iterator[tuple[Positions, int, int, Positions, Positions]]:
    """Phrase pairs of up to `max_words` words a side, in sentence pairs with the links (B,S,T).

    All words that a word of one side is linked to belong to the other side, and at least one link is inside.
    Words without links may stand at the edges, on the target side one at each. Yields the rows of the group
    (M,), the first source word, the number of source words, the first target words (M,) and their numbers
    (M,).
    """
    width, height = links.shape[1:]
    degrees = links.sum(1)  # (B,T)
    for first in range(width):
        for length in range(1, min(max_words, width - first) + 1):
            inside = links[:, first : first + length].sum(1)
            rows = np.flatnonzero(inside.any(1))
            start = (inside[rows] > 0).argmax(1)
            end = height - (inside[rows, ::-1] > 0).argmax(1)
            outside = np.pad(np.cumsum(degrees[rows] > inside[rows], axis=1), ((0, 0), (1, 0)))
            here = np.arange(len(rows))
            good = (outside[here, end] == outside[here, start]) & (end - start <= max_words)
            rows, start, end = rows[good], start[good], end[good]
            before = (start > 0) & (degrees[rows, start - 1] == 0)
            after = (end < height) & (degrees[rows, np.minimum(end, height - 1)] == 0)
            for left, right in ((0, 0), (1, 0), (0, 1), (1, 1)):
                number = end - start + left + right
                possible = (before | (not left)) & (after | (not right)) & (number <= max_words)
                yield rows[possible], first, length, start[possible] - left, number[possible]
