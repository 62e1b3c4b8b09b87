"""Words and phrases of a corpus: which phrase pairs there are, which are kept, and how they are written."""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from seq2seq.augmentation.alignment import train_alignment
from seq2seq.augmentation.phrase_places import consistent_phrases, phrase_side, symmetric_links
from seq2seq.augmentation.phrases import extract_phrases
from seq2seq.augmentation.word_choice import similar
from seq2seq.augmentation.words import index_words
from seq2seq.cli import main
from seq2seq.data.readers import read_pairs
from seq2seq.pairs import SentencePair

Grid = NDArray[np.bool_]

DETERMINERS = [("the", "le"), ("a", "un"), ("my", "mon"), ("your", "ton")]
NOUNS = [(f"noun{number}", f"nom{number}") for number in range(40)] + [("cat", "chat"), ("word", "mot")]
VERBS = [(f"does{number}", f"fait{number}") for number in range(40)] + [("sees", "voit")]
NAMES = [("Tom", "Tom"), ("Mary", "Marie")]


@cache
def corpus() -> list[SentencePair]:
    """Random sentences: a name or noun phrase, a verb, an object that may have "of" and another noun."""
    generator = random.Random(1)

    def noun_phrase() -> tuple[str, str]:
        if generator.random() < 0.1:
            return generator.choice(NAMES)
        determiner = generator.choice(DETERMINERS)
        noun = generator.choice([*NOUNS, *[("password", "mot de passe")] * 2])
        return f"{determiner[0]} {noun[0]}", f"{determiner[1]} {noun[1]}"

    texts = []
    for _ in range(700):
        subject, verb, thing = noun_phrase(), generator.choice(VERBS), noun_phrase()
        if generator.random() < 0.5:
            owner = noun_phrase()
            thing = (f"{thing[0]} of {owner[0]}", f"{thing[1]} de {owner[1]}")
        texts.append([f"{a} {b} {c}" for a, b, c in zip(subject, verb, thing, strict=True)])
    texts += [["yesterday, Tom sees a cat", "hier, Tom voit un chat"]] * 3
    pairs = [
        (source[0].upper() + source[1:] + ".", target[0].upper() + target[1:] + ".")
        for source, target in texts
    ]
    pairs += [("Noun1!", "Nom1 !"), ("The noun2?", "Le nom2 ?")]
    return [SentencePair(source, target) for source, target in pairs]


@cache
def found_phrases() -> list[tuple[str, str]]:
    return phrases(corpus())


def phrases(pairs: list[SentencePair], **options: float) -> list[tuple[str, str]]:
    options = {"limit": 10, **options}
    found = extract_phrases(pairs, table=train_alignment(pairs), **options)  # type: ignore[arg-type]
    return [(pair.source, pair.target) for pair in found]


def grids(seed: int) -> tuple[Grid, Grid]:
    generator = np.random.default_rng(seed)
    shape = (20, *generator.integers(1, 7, 2).tolist())
    return generator.random(shape) < 0.25, generator.random(shape) < 0.25


def brute_force(links: Grid, max_words: int) -> set[tuple[int, int, int, int]]:
    """Phrase pairs of one grid (S,T): by the definition, at most one target word without a link a side."""
    width, height = links.shape
    found = set()
    for first in range(width):
        for last in range(first, min(width, first + max_words)):
            for start in range(height):
                for end in range(start, min(height, start + max_words)):
                    rows, columns = slice(first, last + 1), slice(start, end + 1)
                    inside = links[rows, columns]
                    leaving = links[rows].sum() + links[:, columns].sum() - 2 * inside.sum()
                    edges = inside.any(0).tolist()
                    free = (edges.index(True), edges[::-1].index(True)) if any(edges) else (9, 9)
                    if leaving == 0 and max(free) <= 1:
                        found.add((first, last - first + 1, start, end - start + 1))
    return found


@pytest.mark.parametrize("seed", range(12))
def test_consistent_phrases_are_those_of_the_definition(seed: int) -> None:
    links, _ = grids(seed)
    found: list[tuple[int, ...]] = []
    for rows, first, length, starts, numbers in consistent_phrases(links, max_words=3):
        found += [
            (row, first, length, start, number)
            for row, start, number in zip(rows.tolist(), starts.tolist(), numbers.tolist(), strict=True)
        ]
    expected = {(row, *place) for row in range(len(links)) for place in brute_force(links[row], 3)}
    assert len(found) == len(set(found))
    assert set(found) == expected


@pytest.mark.parametrize("seed", range(6))
def test_symmetric_links_lie_between_intersection_and_union(seed: int) -> None:
    forward, backward = grids(seed)
    links = symmetric_links(forward, backward)
    assert not (links & ~(forward | backward)).any()
    assert not (forward & backward & ~links).any()
    alone = (forward | backward) & ~links
    assert not (alone & ~links.any(2, keepdims=True) & ~links.any(1, keepdims=True)).any()


def test_symmetric_links_grow_along_neighbours() -> None:
    forward = np.array([[[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1]]], bool)
    backward = np.array([[[1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]], bool)
    # (1, 1) is beside (0, 0); (2, 3) is not beside a link, but both of its words have none
    expected = np.array([[[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1]]], bool)
    assert np.array_equal(symmetric_links(forward, backward), expected)
    backward[0, 2, 1] = True  # beside (1, 1), and word 2 has no link: now (2, 3) is one too many
    expected[0, 2] = [False, True, False, False]
    assert np.array_equal(symmetric_links(forward, backward), expected)


def test_statistics_of_phrases() -> None:
    texts = ["a big dog", "the big dog runs", "the big dog, and a big cat", "big dog"]
    pairs = [SentencePair(text, "x") for text in texts]
    table = train_alignment(pairs)
    words = index_words(texts, table.vocabulary, grow=False)
    side = phrase_side(words, table, max_words=2)
    found = side.statistics(side.hashes[2, [1, 13]])  # "big dog", "big cat"
    assert words.ids[[13, 14]].tolist() == [table.vocabulary["big"], table.vocabulary["cat"]]
    assert found.totals.tolist() == [4, 1]
    assert found.clause_end.tolist() == [0.75, 1]  # before a comma too
    assert found.same_neighbour.tolist() == [0.5, 1]  # "the" before two of four


def test_words_and_phrases_are_found() -> None:
    found = found_phrases()
    words = [pair for pair in found if " " not in pair[0]]
    assert found[: len(words)] == words
    expected = {("cat", "chat"), ("noun7", "nom7"), ("sees", "voit"), ("Tom", "Tom"), ("Mary", "Marie")}
    assert expected <= set(words)
    right = {
        *NOUNS,
        *VERBS,
        *NAMES,
        *DETERMINERS,
        ("of", "de"),
        ("yesterday", "hier"),
        ("password", "mot de passe"),
    }
    assert set(words) <= right
    two_words = {(f"{a} {b}", f"{c} {d}") for a, c in DETERMINERS for b, d in NOUNS}
    assert len(two_words & set(found)) > 0.9 * len(two_words)


def test_several_words_translate_a_word() -> None:
    targets = [target for source, target in found_phrases() if source == "password"]
    assert targets == ["mot de passe"]


def test_sentences_are_not_repeated_without_their_mark() -> None:
    found = found_phrases()
    assert ("noun1", "nom1") not in found and ("the noun2", "le nom2") not in found
    assert ("noun2", "nom2") in found and ("the noun1", "le nom1") in found


def test_phrases_have_no_punctuation_and_their_casing_is_that_inside_sentences() -> None:
    found = found_phrases()
    text = " ".join(word for pair in found for word in pair)
    assert not set(text) & set(".,!?")
    assert {word for word in text.split() if word[0].isupper()} == {"Tom", "Mary", "Marie"}
    assert ("my noun5", "mon nom5") in found and ("yesterday", "hier") in found


def test_phrases_end_where_clauses_do() -> None:
    ends = {source.split()[-1] for source, _ in found_phrases() if " " in source}
    assert not ends & {"the", "a", "my", "your", "of", "sees"}
    assert "cat" in ends


def test_counts_and_limits() -> None:
    pairs = corpus()
    found = found_phrases()
    assert phrases(pairs, limit=5 / len(pairs)) == found[:5]
    assert phrases(pairs, limit=0) == []
    assert {source.count(" ") for source, _ in phrases(pairs, max_words=1)} == {0}
    frequent = phrases(pairs, min_count=100)
    assert {"the"} <= {source for source, _ in frequent} and len(frequent) < len(found)
    assert ("yesterday", "hier") in found and ("yesterday", "hier") not in phrases(pairs, min_count=4)
    sources = [source for source, _ in found]
    assert len(set(found)) == len(found) and max(map(sources.count, sources)) <= 2


def test_the_same_corpus_gives_the_same_phrases() -> None:
    assert phrases(corpus()) == found_phrases()


def test_nothing_in_nothing_out() -> None:
    assert phrases([]) == []
    assert phrases([SentencePair("...", "!"), SentencePair("", "x")]) == []


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("amical", "amicaux", True),
        ("sûr", "sûres", True),
        ("gehen", "geht", True),
        ("va", "vas", False),
        ("chat", "chien", False),
        ("croire", "pense", False),
        ("猫", "狗", False),
    ],
)
def test_inflections_look_alike(one: str, other: str, expected: bool) -> None:
    assert similar(one, other) is similar(other, one) is expected


def test_the_command_writes_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, out = tmp_path / "train.tsv", tmp_path / "phrases.tsv"
    data.write_text("".join(f"{pair.source}\t{pair.target}\n" for pair in corpus()), encoding="utf-8")
    assert main.run(["data", "phrases", str(data), "--out", str(out), "--limit", "10"]) == 0
    rows = [(pair.source, pair.target) for pair in read_pairs([str(out)])]
    assert rows == found_phrases()
    assert (
        f"{out}: {len(rows)} pairs of words and phrases from {len(corpus())} pairs read"
        in capsys.readouterr().err
    )
    assert main.run(["data", "phrases", str(data), "--out", str(data)]) == 2
    assert main.run(["data", "phrases", str(data), "--out", str(out), "--max-words", "0"]) == 2
    assert "--max-words is 0" in capsys.readouterr().err
