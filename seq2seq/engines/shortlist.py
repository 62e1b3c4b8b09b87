"""A lexical shortlist: the pieces of the target that the output layer scores for a sentence.

Most of the vocabulary is out of the question for a given sentence. A table, made from the word alignment of
the training pairs, has the likely target pieces of each source piece (Jean et al., 2015; L'Hostis et al.,
2016). The candidates of a sentence are those of its pieces, and for every sentence EOS, the placeholders,
digits, punctuation and the most frequent pieces. Each sentence has its own: taken together for a batch, its
other sentences would change the answer.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from seq2seq.augmentation.alignment import align_numbers
from seq2seq.augmentation.words import WordArrays
from seq2seq.pairs import SentencePair
from seq2seq.text.symbols import FIRST_PIECES, SYMBOLS
from seq2seq.text.tokenizer import Tokenizer

SIZE = 1536
"""Candidates of a sentence. BENCHMARKS.md says what this costs in BLEU."""
FREQUENT = 200
"""Most frequent pieces of the target that every sentence has, and as many of digits and punctuation."""
MOST = 128
"""Most target pieces of a source piece."""
LEAST = 1e-4
"""Least probability of a target piece given the source piece."""
SMALLEST = 4
"""A smaller vocabulary, in candidates, has no shortlist: it would save little."""
MAX_PAIRS = 300_000
"""Training pairs that are aligned; of more, those at equal distances."""
_ITERATIONS = 3

Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Shortlist:
    """A table of likely pieces. All are ids of the target's vocabulary.

    Attributes:
        symbols: EOS and the placeholders: the first candidates of every sentence, in this order.
        usual: other pieces that every sentence has.
        frequent (C,): the C most frequent pieces: the first that a sentence lacks are added, so that each has
            C candidates.
        pieces (E,): the likely pieces of source piece n, likeliest first, are those from offsets[n] to
            offsets[n + 1].
        offsets (V+1,): V is the size of the source's vocabulary.
    """

    symbols: Numbers
    usual: Numbers
    frequent: Numbers
    pieces: Numbers
    offsets: Numbers

    @cached_property
    def _always(self) -> NDArray[np.bool_]:
        """Whether each target piece is in `usual`."""
        parts = self.symbols, self.usual, self.frequent, self.pieces
        mask = np.zeros(1 + max(int(part.max(initial=0)) for part in parts), bool)
        mask[self.usual] = True
        return mask

    @cached_property
    def _rows(self) -> list[Numbers]:
        """The likely pieces of each source piece."""
        return np.split(self.pieces, self.offsets[1:-1])

    def candidates(self, source: Sequence[int]) -> Numbers:
        """The candidates of a sentence with the token ids `source`, EOS included: (C,), `symbols` first.

        If there were more, the less likely ones of each source piece are left out.
        """
        mask, room = self._always.copy(), len(self.frequent) - len(self.symbols)
        rows = [self._rows[n] for n in dict.fromkeys(source)]
        mask[np.concatenate(rows)] = True
        number = int(np.count_nonzero(mask))
        if number > room:
            mask = self._likeliest(rows, room)
        elif number < room:
            others = self.frequent[~mask[self.frequent]]
            mask[others[: room - number]] = True
        return np.concatenate([self.symbols, np.flatnonzero(mask)])

    def _likeliest(self, rows: Sequence[Numbers], room: int) -> NDArray[np.bool_]:
        """A mask of `room` pieces: the usual ones, the first of each of `rows`, the second of each ..."""
        ranks = np.concatenate([np.arange(len(row)) for row in rows])
        flat = np.concatenate(rows)[np.argsort(ranks, kind="stable")]
        new = flat[~self._always[flat]]
        _, first = np.unique(new, return_index=True)
        mask = self._always.copy()
        mask[new[np.sort(first)][: room - int(np.count_nonzero(mask))]] = True
        return mask


def train_shortlist(
    pairs: Sequence[SentencePair], source: Tokenizer, target: Tokenizer, *, size: int = SIZE
) -> Shortlist | None:
    """The table of these training pairs, for `size` candidates; None for a vocabulary so small that it would
    save little.

    It takes about 10 seconds for 160,000 pairs, at most about 20, and up to 1 GB of memory.
    """
    if target.vocab_size < SMALLEST * size:
        return None
    chosen = pairs[:: -(-len(pairs) // MAX_PAIRS)]
    sources = _numbered(source.encode(pair.source) for pair in chosen)
    targets = _numbered(target.encode(pair.target) for pair in chosen)
    most = max(source.vocab_size, target.vocab_size)
    table = align_numbers(sources, targets, most, iterations=_ITERATIONS)
    counts = np.bincount(targets.ids - 1, minlength=target.vocab_size)
    given, made = (part - 1 for part in np.divmod(table.keys, most + 1))
    real = (given >= 0) & (made >= 0) & (table.forward >= LEAST)
    symbols = np.array([target.eos_id, *target.placeholder_ids], np.int64)
    frequent = _by_frequency(counts, target)
    some = min(FREQUENT, size // 3)
    usual = np.union1d(frequent[:some], _without_letters(frequent, counts, target)[:some])
    needless = np.concatenate([symbols, usual])
    own = np.array(_own_pieces(source, target), np.int64).reshape(-1, 2)
    given, made = np.concatenate([own[:, 0], given[real]]), np.concatenate([own[:, 1], made[real]])
    chances = np.concatenate([np.full(len(own), 2.0), table.forward[real]])  # the first of all
    pieces, offsets = _ranked(given, made, chances, ~np.isin(made, needless), source.vocab_size)
    return Shortlist(symbols, usual, frequent[:size], pieces, offsets)


def _numbered(sentences: Iterable[Sequence[int]]) -> WordArrays:
    """Token ids of sentences as words that are numbered from 1."""
    flat, offsets = array("i"), array("q", [0])
    for ids in sentences:
        flat.extend(ids)
        offsets.append(len(flat))
    numbers = np.array(flat, np.int32) + 1
    return WordArrays(numbers, numbers, numbers, np.array(offsets, np.int64))


def _by_frequency(counts: Numbers, target: Tokenizer) -> Numbers:
    """The learned pieces of the target by their `counts`, most frequent first."""
    symbols = {*target.tag_ids.values(), *target.placeholder_ids}
    learned = np.array([n for n in range(len(FIRST_PIECES), len(counts)) if n not in symbols], np.int64)
    return learned[np.argsort(-counts[learned], kind="stable")]


def _without_letters(frequent: Numbers, counts: Numbers, target: Tokenizer) -> Numbers:
    """Digits and punctuation among the pieces that occur, most frequent first."""
    found = [n for n in frequent.tolist() if counts[n] and not any(map(str.isalpha, target.decode([n])))]
    return np.array(found, np.int64)


def _own_pieces(source: Tokenizer, target: Tokenizer) -> list[tuple[int, int]]:
    """Source and target ids of the pieces and bytes that both have, for names and other copies."""
    symbols = {*target.tag_ids.values(), *target.placeholder_ids}
    numbers = [n for n in range(len(SYMBOLS), target.vocab_size) if n not in symbols]
    ids = dict(zip(target.pieces(numbers), numbers, strict=True))
    both = zip(source.pieces(range(source.vocab_size)), range(source.vocab_size), strict=True)
    return [(n, ids[piece]) for piece, n in both if piece in ids]


def _ranked(
    given: Numbers, made: Numbers, chances: NDArray[np.float64], kept: NDArray[np.bool_], size: int
) -> tuple[Numbers, Numbers]:
    """`pieces` and `offsets` of a table: up to `MOST` of `made` for each of `given`, likeliest first."""
    given, made, chances = given[kept], made[kept], chances[kept]
    order = np.lexsort((-chances, given))
    given, made = given[order], made[order]
    _, first = np.unique(given * (int(made.max(initial=0)) + 1) + made, return_index=True)
    first.sort()
    given, made = given[first], made[first]
    rank = np.arange(len(given)) - np.searchsorted(given, given)
    given, made = given[rank < MOST], made[rank < MOST]
    return made, np.searchsorted(given, np.arange(size + 1))
