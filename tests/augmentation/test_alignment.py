"""Word alignment: against expectation maximisation written with dictionaries, and against known lexicons."""

from __future__ import annotations

import math
import random
import re
from collections import defaultdict

import numpy as np
import pytest

from seq2seq.augmentation import alignment
from seq2seq.augmentation.alignment import linked_words, mutual_links, train_alignment
from seq2seq.augmentation.words import split_words
from seq2seq.data.sample import sample_corpus
from seq2seq.pairs import SentencePair

SMALL = [
    ("the house", "das haus"),
    ("the book", "das buch"),
    ("a book", "ein buch"),
    ("a small house", "ein kleines haus"),
    ("small", "klein"),
]
Table = dict[tuple[str, str], float]


def sentence_pairs(texts: list[tuple[str, str]]) -> list[SentencePair]:
    return [SentencePair(source, target) for source, target in texts]


def prior(rows: int, columns: int, row: int, column: int, tension: float) -> float:
    """Probability of source position `row` for the target position `column`; row -1 is no word."""
    if row < 0:
        return alignment.NO_WORD
    weights = [
        math.exp(-tension * abs((other + 0.5) / rows - (column + 0.5) / columns)) for other in range(rows)
    ]
    return (1 - alignment.NO_WORD) * weights[row] / sum(weights)


def digamma(value: float) -> float:
    step = 1e-5 * value
    return (math.lgamma(value + step) - math.lgamma(value - step)) / (2 * step)


def trained_by_dictionaries(texts: list[tuple[str, str]], iterations: int, tension: float) -> Table:
    """Probabilities of target words given source words, "" for no word."""
    table: Table = defaultdict(lambda: 1.0)
    for iteration in range(1, iterations + 1):
        counts: Table = defaultdict(float)
        for source, target in ((first.split(), second.split()) for first, second in texts):
            for column, word in enumerate(target):
                shares = {
                    row: table[given, word] * prior(len(source), len(target), row, column, tension)
                    for row, given in enumerate(["", *source], start=-1)
                }
                for row, share in shares.items():
                    counts[(["", *source][row + 1], word)] += share / sum(shares.values())
        totals: dict[str, float] = defaultdict(float)
        kinds: dict[str, int] = defaultdict(int)
        for (given, _), count in counts.items():
            totals[given] += count
            kinds[given] += 1
        for (given, word), count in counts.items():
            table[given, word] = (
                count / totals[given]
                if iteration == iterations
                else math.exp(
                    digamma(count + alignment.PRIOR) - digamma(totals[given] + alignment.PRIOR * kinds[given])
                )
            )
    return table


@pytest.mark.parametrize(("tension", "iterations"), [(0.0, 1), (0.0, 2), (1.0, 2)])
def test_probabilities_are_those_of_expectation_maximisation(tension: float, iterations: int) -> None:
    table = train_alignment(sentence_pairs(SMALL), iterations=iterations, tension=tension)
    size = len(table.vocabulary) + 1
    values = {
        key: (float(forward), float(backward))
        for key, forward, backward in zip(table.keys.tolist(), table.forward, table.backward, strict=True)
    }
    number = {"": 0, **table.vocabulary}
    for direction, texts in enumerate((SMALL, [(target, source) for source, target in SMALL])):
        expected = trained_by_dictionaries(texts, iterations, tension)
        assert sum(value > 0.01 for value in expected.values()) > 7
        for (given, word), value in expected.items():
            source, target = (given, word) if direction == 0 else (word, given)
            found = values.get(number[source] * size + number[target], (0.0, 0.0))[direction]
            assert found == pytest.approx(value, abs=2e-4), (given, word)


def test_digamma() -> None:
    values = alignment._digamma(np.array([0.01, 0.5, 1.0, 10.0, 1e6]))
    assert values == pytest.approx(
        [-100.5608854579, -1.9635100260, -0.5772156649, 2.2517525890, 13.8155100580]
    )


def dictionary_corpus(sentences: int, *, seed: int) -> tuple[list[SentencePair], dict[str, str]]:
    """Sentences of random words and their translations, in which two neighbours have changed places."""
    generator = random.Random(seed)
    lexicon = {f"word{number}": f"mot{number}" for number in range(100)}
    pairs = []
    for _ in range(sentences):
        source = generator.sample(sorted(lexicon), generator.randint(2, 9))
        target = [lexicon[word] for word in source]
        place = generator.randrange(len(target) - 1)
        target[place : place + 2] = reversed(target[place : place + 2])
        pairs.append(SentencePair(" ".join(source) + ".", " ".join(target) + " !"))
    return pairs, lexicon


def test_a_lexicon_is_found_again() -> None:
    pairs, lexicon = dictionary_corpus(1500, seed=1)
    table = train_alignment(pairs)
    links = linked_words(pairs, table)
    found = [
        (pair.source[slice(*source)], pair.target[slice(*target)])
        for number, pair in enumerate(pairs)
        for source, target in links.of(number)
    ]
    words = sum(len(pair.source.split()) for pair in pairs)
    assert sum(lexicon[source] == target for source, target in found) > 0.99 * words
    assert all(target.startswith("mot") for _, target in found)


def test_links_of_one_pair_are_those_of_the_corpus() -> None:
    pairs, _ = dictionary_corpus(300, seed=2)
    table = train_alignment(pairs)
    links = linked_words(pairs, table)
    for number in range(50):
        source, target = (split_words(text) for text in (pairs[number].source, pairs[number].target))
        texts = [
            [text[start:end] for start, end in spans]
            for text, spans in ((pairs[number].source, source), (pairs[number].target, target))
        ]
        mutual = [(source[row], target[column]) for row, column in mutual_links(texts[0], texts[1], table)]
        assert set(links.of(number)) <= set(mutual)
        assert len(mutual) == len(set(mutual)) <= min(len(source), len(target))


def test_linked_words_translate_one_word_alone() -> None:
    texts = [("my password", "mon mot de passe"), ("my car", "mon auto"), ("a car", "une auto")] * 4
    texts += [("a password", "une mot de passe"), ("I'll go", "J'irai"), ("I go", "Je vais")] * 4
    pairs = sentence_pairs(texts)
    links = linked_words(pairs, train_alignment(pairs))
    found = {
        (pair.source[slice(*source)], pair.target[slice(*target)])
        for number, pair in enumerate(pairs)
        for source, target in links.of(number)
    }
    assert {("my", "mon"), ("car", "auto")} <= found
    assert not {source for source, _ in found} & {"password", "'ll", "I"}


def test_unknown_words_and_empty_texts_have_no_links() -> None:
    table = train_alignment(sentence_pairs(SMALL))
    assert mutual_links(["the", "zebra"], ["das", "zebra"], table) == [(0, 0)]
    assert mutual_links([], ["das"], table) == []
    assert train_alignment([]).vocabulary == {}
    links = linked_words(sentence_pairs([("", "x"), ("the", "das"), ("x " * 101, "x")]), table)
    assert [links.of(number) for number in range(3)] == [[], [((0, 3), (0, 3))], []]


def test_large_corpora_are_sampled_by_seed() -> None:
    pairs, _ = dictionary_corpus(200, seed=3)
    tables = [train_alignment(pairs, max_pairs=40, seed=seed) for seed in (1, 1, 2)]
    assert tables[0].vocabulary == tables[1].vocabulary != tables[2].vocabulary
    assert np.array_equal(tables[0].forward, tables[1].forward)
    one = train_alignment(pairs, max_pairs=1, seed=1)
    assert set(one.vocabulary) in [
        {*pair.source[:-1].split(), ".", *pair.target[:-2].split(), "!"} for pair in pairs
    ]


def test_training_keeps_within_its_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    pairs, _ = dictionary_corpus(200, seed=4)
    monkeypatch.setattr(alignment, "MAX_CELLS", 500)
    sizes: list[int] = []
    original = alignment._Training.__init__

    def measured(self: alignment._Training, *arguments: object) -> None:
        original(self, *arguments)  # type: ignore[arg-type]
        sizes.append(len(self.cells))

    monkeypatch.setattr(alignment._Training, "__init__", measured)
    train_alignment(pairs)
    assert 400 < sizes[0] <= 501


def test_links_of_the_sample_corpus_are_those_of_its_grammar() -> None:
    corpus = sample_corpus(train=3000, valid=1, test=1).train
    pairs = [SentencePair(pair.source, pair.target) for pair in corpus]
    right = total = 0
    for number, links in enumerate(map(linked_words(pairs, train_alignment(pairs)).of, range(len(pairs)))):
        pair = pairs[number]
        source, target = (
            [match.span() for match in re.finditer(r"\S+", text)] for text in (pair.source, pair.target)
        )
        for first, second in links:
            total += 1
            right += (position(source, first), position(target, second)) in corpus[number].alignment
    assert total > 2 * len(pairs)
    assert right > 0.95 * total


def position(words: list[tuple[int, int]], span: tuple[int, int]) -> int:
    """Number of the white-space word that contains a span."""
    return next(number for number, (start, end) in enumerate(words) if start <= span[0] < end)


def test_a_check_ends_the_training_in_any_iteration() -> None:
    pairs = sentence_pairs(SMALL)
    calls = list[int]()
    train_alignment(pairs, check=lambda: calls.append(1))
    assert len(calls) == 3 * (1 + 2 * 5)  # three groups of equal lengths: listed, then learned from

    def stop() -> None:
        calls.pop()
        if not calls:
            raise SystemExit(143)

    for after in range(1, len(calls) + 1):
        calls = [1] * after
        with pytest.raises(SystemExit):
            train_alignment(pairs, check=stop)
