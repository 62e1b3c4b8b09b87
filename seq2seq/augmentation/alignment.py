"""Word alignment: how probable each word is as the translation of each word, and which words of a pair belong
together.

The model is IBM model 1 (Brown et al., 1993) with the preference for the diagonal of fast_align (Dyer et al.,
2013), whose tension is fixed here, and its sparse prior. It is trained in both directions. Words are those of
words.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from seq2seq.augmentation.words import Ints, Vocabulary, WordArrays, index_words, word_key
from seq2seq.pairs import SentencePair
from seq2seq.text.word_spans import Span

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]

TENSION = 4.0
"""How strongly words at the same relative position are preferred; 0 is IBM model 1."""
NO_WORD = 0.08
"""Probability that a word translates no word of the other side."""
PRIOR = 0.01
"""Of the Dirichlet distribution over translations: below 1, few translations with high probability."""
LONGEST = 100
"""Sentences with more words on a side are neither trained on nor linked."""
MAX_CELLS = 25_000_000
"""Training takes at most so many pairs of a source and a target word, about 1 GB of memory."""
_GROUP_CELLS = 500_000
_KEPT = 1e-4  # a table keeps pairs of words that are as probable as this in one direction


@dataclass(frozen=True)
class AlignmentTable:
    """Translation probabilities in both directions.

    vocabulary: number of each word of either language, from 1 on. Number 0 is no word.
    keys (K,): source number × (size of the vocabulary + 1) + target number, in order.
    forward (K,): probability of the target word given the source word; backward (K,): the reverse.
    """

    vocabulary: Vocabulary
    keys: NDArray[np.int64]
    forward: Floats
    backward: Floats
    tension: float = TENSION

    def scores(self, source: Ints, target: Ints) -> tuple[Floats, Floats]:
        """Forward and backward scores (B,S+1,T+1) of word numbers source (B,S) and target (B,T): the
        probability of both words, multiplied by that of their positions. Row 0 and column 0 are "no word".
        """
        keys = _cell_keys(source, target, len(self.vocabulary) + 1)
        found = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        known = self.keys[found] == keys
        forward, backward = _position_priors(source.shape[1], target.shape[1], self.tension)
        return (
            np.where(known, self.forward[found], np.float32(0)) * forward,
            np.where(known, self.backward[found], np.float32(0)) * backward,
        )


def train_alignment(
    pairs: Sequence[SentencePair],
    *,
    iterations: int = 5,
    max_pairs: int = 300_000,
    tension: float = TENSION,
    seed: int = 1,
    check: Callable[[], None] = lambda: None,
) -> AlignmentTable:
    """Train a table on `pairs` by expectation maximisation.

    Of larger corpora a random sample of `max_pairs` pairs is used, or of fewer if they have more than
    `MAX_CELLS` pairs of words; `seed` chooses it. The same arguments give the same table. `check` is called
    between groups of sentences, a few times a second; what it raises ends the training.
    """
    vocabulary: Vocabulary = {}
    chosen = pairs
    if len(pairs) > max_pairs:
        rows = np.random.default_rng(seed).choice(len(pairs), max_pairs, replace=False)
        chosen = [pairs[row] for row in np.sort(rows)]
    source = index_words((pair.source for pair in chosen), vocabulary, grow=True)
    target = index_words((pair.target for pair in chosen), vocabulary, grow=True)
    groups = list(groups_of(source, target, sample_rows(source, target, seed=seed)))
    return _Training(groups, len(vocabulary) + 1, tension, check).run(iterations, vocabulary)


def align_numbers(
    source: WordArrays,
    target: WordArrays,
    size: int,
    *,
    iterations: int,
    check: Callable[[], None] = lambda: None,
) -> AlignmentTable:
    """The table of texts whose words, or pieces, are numbered already: from 1 to `size`, on either side.

    Its vocabulary is empty. Of a large corpus a random sample is used, and `check` is called, as in
    `train_alignment`.
    """
    groups = list(groups_of(source, target, sample_rows(source, target, seed=1)))
    return _Training(groups, size + 1, TENSION, check).run(iterations, {})


def sample_rows(source: WordArrays, target: WordArrays, *, seed: int) -> NDArray[np.int64]:
    """The rows that can be aligned, or a random sample of them with up to `MAX_CELLS` pairs of words."""
    cells = (source.lengths + 1) * (target.lengths + 1)
    order = np.arange(len(cells))
    if cells.sum() > MAX_CELLS:
        order = np.random.default_rng(seed).permutation(order)
    order = order[usable_rows(source, target)[order]]
    return order[np.cumsum(cells[order]) <= MAX_CELLS]


def usable_rows(source: WordArrays, target: WordArrays) -> Bools:
    """Whether both texts have words, and at most `LONGEST`."""
    shorter = np.minimum(source.lengths, target.lengths)
    return (shorter > 0) & (np.maximum(source.lengths, target.lengths) <= LONGEST)


@dataclass(frozen=True)
class Group:
    """Sentence pairs of equal lengths: their rows (B,) in the corpus, and word numbers (B,S) and (B,T).

    source_words, target_words (B,1): position of each first word in the arrays of all words.
    """

    rows: NDArray[np.int64]
    source: Ints
    target: Ints
    source_words: NDArray[np.int64]
    target_words: NDArray[np.int64]


def groups_of(source: WordArrays, target: WordArrays, rows: NDArray[np.int64]) -> Iterator[Group]:
    """The sentence pairs `rows` in groups of equal lengths, so that arrays need no padding."""
    lengths = source.lengths[rows] * (LONGEST + 1) + target.lengths[rows]
    rows = rows[np.argsort(lengths, kind="stable")]
    lengths = np.sort(lengths)
    cuts = [0, *(np.flatnonzero(np.diff(lengths)) + 1).tolist(), len(rows)]
    for start, end in pairwise(cuts):
        if start == end:
            continue
        width, height = divmod(int(lengths[start]), LONGEST + 1)
        step = max(1, _GROUP_CELLS // (width * height))
        for first in range(start, end, step):
            part = rows[first : min(first + step, end)]
            source_words, target_words = source.offsets[part][:, None], target.offsets[part][:, None]
            yield Group(
                part,
                source.ids[source_words + np.arange(width)],
                target.ids[target_words + np.arange(height)],
                source_words,
                target_words,
            )


def _cell_keys(source: Ints, target: Ints, size: int) -> NDArray[np.int64]:
    """Keys (B,S+1,T+1) of all pairs of words, with 0 before the words of each side."""
    rows = np.pad(source, ((0, 0), (1, 0))).astype(np.int64)
    columns = np.pad(target, ((0, 0), (1, 0)))
    return rows[:, :, None] * size + columns[:, None, :]


def _position_priors(width: int, height: int, tension: float) -> tuple[Floats, Floats]:
    """Forward and backward (S+1,T+1): probability of each source position for a target position, and the
    reverse. A column, or row, of the first (second) sums to 1.
    """
    rows, columns = (np.arange(width) + 0.5) / width, (np.arange(height) + 0.5) / height
    weights = np.exp(-tension * np.abs(rows[:, None] - columns))
    forward, backward = np.full((2, width + 1, height + 1), NO_WORD, np.float32)
    forward[1:, 1:] = (1 - NO_WORD) * weights / weights.sum(0)
    backward[1:, 1:] = (1 - NO_WORD) * weights / weights.sum(1, keepdims=True)
    forward[:, 0] = backward[0] = 0
    return forward, backward


class _Training:
    """Expectation maximisation over groups of sentence pairs.

    `cells` has, for each pair of words in each sentence pair, the position of its key; `keys` the different
    ones.
    """

    def __init__(
        self,
        groups: Sequence[Group],
        size: int,
        tension: float,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        self.size, self.tension, self.check = size, tension, check
        shapes = [(len(group.rows), group.source.shape[1], group.target.shape[1]) for group in groups]
        self.priors = [_position_priors(width, height, tension) for _, width, height in shapes]
        self.shapes = [(number, width + 1, height + 1) for number, width, height in shapes]
        sizes = np.array([number * width * height for number, width, height in self.shapes], np.int64)
        self.cuts = [0, *np.cumsum(sizes).tolist()]
        keys = np.zeros(self.cuts[-1] + 1, np.int64)  # the last is "no word" twice: no table is empty
        for group, start, end in zip(groups, self.cuts, self.cuts[1:], strict=False):
            check()
            keys[start:end] = _cell_keys(group.source, group.target, size).ravel()
        self.keys, inverse = np.unique(keys, return_inverse=True)
        self.cells = inverse.astype(np.int32)

    def run(self, iterations: int, vocabulary: Vocabulary) -> AlignmentTable:
        """The table after `iterations`."""
        given = np.divmod(self.keys, self.size)  # source words, target words
        tables = []
        for direction in (0, 1):
            kinds = np.bincount(given[direction][given[1 - direction] > 0], minlength=self.size)
            theta = np.ones(len(self.keys), np.float32)
            for iteration in range(1, iterations + 1):
                counts = self._expectation(theta, direction)
                theta = _maximisation(counts, given[direction], kinds, last=iteration == iterations)
            tables.append(theta)
        kept = (np.maximum(*tables) >= _KEPT) | (self.keys == 0)
        return AlignmentTable(vocabulary, self.keys[kept], tables[0][kept], tables[1][kept], self.tension)

    def _expectation(self, theta: Floats, direction: int) -> NDArray[np.float64]:
        """Expected number of times that each pair of words is linked."""
        shares = np.zeros(len(self.cells), np.float32)
        for shape, priors, start, end in zip(
            self.shapes, self.priors, self.cuts, self.cuts[1:], strict=False
        ):
            self.check()
            part = theta[self.cells[start:end]].reshape(shape) * priors[direction]
            totals = part.sum(1 + direction, keepdims=True)
            np.divide(part, totals, out=shares[start:end].reshape(shape), where=totals > 0)
        return np.bincount(self.cells, shares, minlength=len(self.keys)).astype(np.float64, copy=False)


def _maximisation(
    counts: NDArray[np.float64], given: NDArray[np.int64], kinds: NDArray[np.int64], *, last: bool
) -> Floats:
    """Probabilities of the counts, given one of the two words, of which there are `kinds` different others.

    All but the last step apply the prior (variational Bayes, Riley and Gildea, 2012), whose results are not
    normalised.
    """
    totals = np.bincount(given, counts, minlength=len(kinds))
    if last:
        return (counts / np.maximum(totals, 1e-9)[given]).astype(np.float32)
    theta = np.exp(_digamma(counts + PRIOR) - _digamma(totals + PRIOR * np.maximum(kinds, 1))[given])
    return theta.astype(np.float32)


def _digamma(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Derivative of the logarithm of the gamma function, for positive values, to 8 digits."""
    shifted = values + 6
    squares = 1 / (shifted * shifted)
    result = np.log(shifted) - 0.5 / shifted
    result -= squares * (1 / 12 - squares * (1 / 120 - squares * (1 / 252 - squares / 240)))
    for step in range(6):
        result -= 1 / (values + step)
    return result


def mutual_links(
    source_words: Sequence[str], target_words: Sequence[str], table: AlignmentTable
) -> list[tuple[int, int]]:
    """Positions of words that are each other's best link, by source position.

    The words are those that `split_words` finds. A word that the table lacks has no link.
    """
    if not (source_words and target_words):
        return []
    source, target = (
        np.array([[table.vocabulary.get(word_key(word), 0) for word in words]], np.int32)
        for words in (source_words, target_words)
    )
    forward, backward = best_links(*table.scores(source, target))
    return [(int(row), int(column)) for row, column in np.argwhere((forward & backward)[0])]


def best_links(forward: Floats, backward: Floats) -> tuple[Bools, Bools]:
    """Links (B,S,T) of each target word to its best source word, and of each source word to its best target
    word, from the scores of both directions. A word whose best link is to no word has none.
    """
    rows, columns = forward.argmax(1)[:, None, 1:], backward.argmax(2)[:, 1:, None]
    width, height = forward.shape[1] - 1, forward.shape[2] - 1
    return (
        rows == np.arange(1, width + 1)[:, None],
        columns == np.arange(1, height + 1),
    )


@dataclass(frozen=True)
class LinkedWords:
    """Words of sentence pairs that translate each other. Pair number n has the rows offsets[n] to
    offsets[n + 1] of `spans`.

    spans (L,4): start and end of the source word, start and end of the target word, in characters.
    """

    spans: Ints
    offsets: NDArray[np.int64]

    def of(self, pair: int) -> list[tuple[Span, Span]]:
        """Spans of the source and the target words of a pair, in order of the source."""
        rows = self.spans[self.offsets[pair] : self.offsets[pair + 1]].tolist()
        return [((first, last), (start, end)) for first, last, start, end in rows]


def linked_words(pairs: Sequence[SentencePair], table: AlignmentTable) -> LinkedWords:
    """The mutual links of all `pairs`, of words that neither direction links to another word as well.

    The words have two letters or digits at least, and are not parts of a written word such as `'ll`.
    """
    source = index_words((pair.source for pair in pairs), table.vocabulary, grow=False)
    target = index_words((pair.target for pair in pairs), table.vocabulary, grow=False)
    whole = [word[0].isalnum() and len(word) > 1 and word[-1] != "'" for word in table.vocabulary]
    is_whole = np.array([False, *whole])
    usable = np.flatnonzero(usable_rows(source, target))
    found = [np.zeros((0, 5), np.int64)]
    for group in groups_of(source, target, usable):
        forward, backward = best_links(*table.scores(group.source, group.target))
        links = (
            forward & backward & (forward.sum(2, keepdims=True) == 1) & (backward.sum(1, keepdims=True) == 1)
        )
        links &= is_whole[group.source][:, :, None] & is_whole[group.target][:, None]
        part, rows, columns = np.nonzero(links)
        words, translations = group.source_words[part, 0] + rows, group.target_words[part, 0] + columns
        spans = (
            source.starts[words],
            source.ends[words],
            target.starts[translations],
            target.ends[translations],
        )
        found.append(np.stack([group.rows[part], *spans], axis=1))
    rows_and_spans = np.concatenate(found)
    rows_and_spans = rows_and_spans[np.argsort(rows_and_spans[:, 0], kind="stable")]
    numbers = np.bincount(rows_and_spans[:, 0], minlength=len(pairs))
    offsets = np.concatenate([[0], np.cumsum(numbers)])
    return LinkedWords(rows_and_spans[:, 1:].astype(np.int32), offsets)
