"""The sample corpus: French, alignments and splits, compared with expectations written by hand."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from seq2seq.data.sample import Grammar, SampleCorpus, SamplePair, finish, sample_corpus, write_sample
from seq2seq.data.sample.vocabulary import Noun, agreeing, lexicon, spelled


@pytest.fixture(scope="module")
def corpus() -> SampleCorpus:
    return sample_corpus()


def everything(corpus: SampleCorpus) -> list[SamplePair]:
    return [*corpus.train, *corpus.valid, *corpus.test]


def words(pairs: list[SamplePair], side: str) -> Counter[str]:
    texts = (getattr(pair, side) for pair in pairs)
    return Counter(word.rstrip(".?").lower() for text in texts for word in text.split(" "))


@pytest.mark.parametrize(
    ("apart", "together"),
    [
        ("le homme", "l'homme"),
        ("la église", "l'église"),
        ("je aime", "j'aime"),
        ("ne est pas", "n'est pas"),
        ("de oranges", "d'oranges"),
        ("est-ce que il", "est-ce qu'il"),
        ("parce que elle", "parce qu'elle"),
        ("près de le château", "près du château"),
        ("près de les maisons", "près des maisons"),
        ("près de la gare", "près de la gare"),
        ("près de le hôpital", "près de l'hôpital"),
        ("un beau arbre", "un bel arbre"),
        ("le nouveau hôpital", "le nouvel hôpital"),
        ("un vieux ami", "un vieil ami"),
        ("ce enfant", "cet enfant"),
        ("ma école", "mon école"),
        ("sa histoire", "son histoire"),
        ("ma voiture", "ma voiture"),
        ("les enfants", "les enfants"),
        ("je le ai vu", "je l'ai vu"),
    ],
)
def test_words_are_contracted_and_elided(apart: str, together: str) -> None:
    done = spelled([(word, (index,)) for index, word in enumerate(apart.split())])
    assert " ".join(word for word, _ in done) == together
    assert {meaning for _, meanings in done for meaning in meanings} == set(range(len(apart.split())))


@pytest.mark.parametrize(
    ("masculine", "feminine", "plurals"),
    [
        ("petit", "petite", ("petits", "petites")),
        ("beau", "belle", ("beaux", "belles")),
        ("vieux", "vieille", ("vieux", "vieilles")),
        ("frais", "fraîche", ("frais", "fraîches")),
        ("rouge", "rouge", ("rouges", "rouges")),
    ],
)
def test_agreement(masculine: str, feminine: str, plurals: tuple[str, str]) -> None:
    forms = agreeing(masculine, feminine)
    assert (forms[False, True], forms[True, True]) == plurals
    assert (forms[False, False], forms[True, False]) == (masculine, feminine)


EXPECTED = """
She can draw their trees. | Elle peut dessiner leurs arbres. | 0-0 1-1 2-2 3-3 4-4
He read it. | Il l'a lu. | 0-0 1-1 1-2 2-1
We are not rich. | Nous ne sommes pas riches. | 0-0 1-2 2-1 2-3 3-4
Does Maria play? | Est-ce que Maria joue ? | 0-0 0-1 1-2 2-3
"""


def test_alignments_equal_those_made_by_hand() -> None:
    """Phrases built word by word have the spelling and the alignments of the table above."""
    import random

    grammar = Grammar(random.Random(0))
    she = grammar.word("she", "elle") + grammar.word("can", "peut") + grammar.word("draw", "dessiner")
    first = finish(she + grammar.word("their", "leurs") + grammar.word("trees", "arbres"), ".")
    question = grammar.word("does", "est-ce que") + grammar.word("Maria", "Maria")
    question = question + grammar.word("play", "joue")
    rows = [[part.strip() for part in line.split("|")] for line in EXPECTED.strip().split("\n")]
    for pair, row in ((first, rows[0]), (finish(question, "?"), rows[3])):
        assert [pair.source, pair.target] == row[:2]
        assert " ".join(f"{i}-{j}" for i, j in pair.alignment) == row[2]


def test_generated_sentences_equal_translations_made_by_hand(corpus: SampleCorpus) -> None:
    """Sentences with translations made by hand, as far as the grammar generates them."""
    by_hand = {
        "We are not rich.": "Nous ne sommes pas riches.",
        "He saw him last week.": "Il l'a vu la semaine dernière.",
        "Does Anna wash a tree?": "Est-ce qu'Anna lave un arbre ?",
        "Your boy fell.": "Votre garçon est tombé.",
        "You were hungry.": "Vous étiez affamés.",
        "Lucy was patient.": "Lucy était patiente.",
        "We love your bakers near four hospitals.": "Nous aimons vos boulangers près de quatre hôpitaux.",
        "They loved this cow.": "Ils ont aimé cette vache.",
        "This farmer is young.": "Ce fermier est jeune.",
        "I can stay.": "Je peux rester.",
    }
    generated = {pair.source: pair.target for pair in everything(corpus)}
    sources = {source for source in by_hand if source in generated}
    assert len(sources) >= 5
    assert {source: generated[source] for source in sources} == {
        source: by_hand[source] for source in sources
    }


VOWEL = "aeiouâàéèêîôûœh"


@pytest.mark.parametrize(
    "wrong",
    [
        rf"\b(le|la|je|ne|de|que) [{VOWEL}]",
        r"\bde les?\b",
        rf"\b(beau|nouveau|vieux|ce|ma|sa) [{VOWEL}]",
        r"[a-zé]\?",
        r"  ",
        r"\bpas (un|une|des) ",
    ],
)
def test_no_sentence_has_wrong_french(corpus: SampleCorpus, wrong: str) -> None:
    bad = [pair.target for pair in everything(corpus) if re.search(wrong, pair.target, re.IGNORECASE)]
    assert not bad, bad[:5]


def test_nouns_agree_with_their_determiners(corpus: SampleCorpus) -> None:
    """une and cette stand before feminine singular nouns only, un and ce before masculine ones."""
    feminine = {noun.forms[0][1]: noun.feminine for noun in lexicon().nouns}
    checked = 0
    for pair in everything(corpus):
        french = pair.target.rstrip(" .?").split(" ")
        for word, following in pairwise(french):
            if following in feminine and word.lower() in ("un", "une", "cette", "ce"):
                assert feminine[following] == (word.lower() in ("une", "cette")), pair.target
                checked += 1
    assert checked > 500


def test_at_least_300_words_a_side(corpus: SampleCorpus) -> None:
    assert len(words(corpus.train, "source")) >= 300
    assert len(words(corpus.train, "target")) >= 300


def test_words_of_validation_and_test_occur_in_training(corpus: SampleCorpus) -> None:
    for side in ("source", "target"):
        counts = words(corpus.train, side)
        assert all(counts[word] >= 3 for word in words([*corpus.valid, *corpus.test], side))


def objects_by_alignment(pair: SamplePair, nouns: dict[str, Noun]) -> set[tuple[str, str]]:
    """The (adjective, noun) pairs that are next to each other in the English text."""
    english = [word.rstrip(".?").lower() for word in pair.source.split(" ")]
    adjectives = {adjective.english for adjective in lexicon().adjectives}
    return {
        (one, nouns[two].forms[0][0]) for one, two in pairwise(english) if one in adjectives and two in nouns
    }


def test_held_out_combinations_are_not_in_training(corpus: SampleCorpus) -> None:
    """Many adjective-noun pairs of the test part, and all of its sentences, do not occur in training."""
    nouns = {form: noun for noun in lexicon().nouns for form, _ in noun.forms}
    seen = {pair for sentence in corpus.train for pair in objects_by_alignment(sentence, nouns)}
    tested = {pair for sentence in corpus.test for pair in objects_by_alignment(sentence, nouns)}
    new = tested - seen
    assert len(new) > 50
    others = {pair.source for pair in [*corpus.valid, *corpus.test]}
    assert not {pair.source for pair in corpus.train} & others


def test_every_word_is_aligned(corpus: SampleCorpus) -> None:
    for pair in everything(corpus)[:2000]:
        english, french = len(pair.source.split(" ")), len(pair.target.split(" "))
        mark = pair.target.endswith(" ?")
        assert {i for i, _ in pair.alignment} == set(range(english)), pair
        assert {j for _, j in pair.alignment} == set(range(french - mark)), pair


def test_a_seed_always_gives_the_same_corpus(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="3000 or more"):
        sample_corpus(train=100)
    sizes = {"train": 3000, "valid": 5, "test": 5}
    small = sample_corpus(3, **sizes)
    assert small == sample_corpus(3, **sizes) != sample_corpus(4, **sizes)
    paths = write_sample(tmp_path)
    rows = paths["test"].read_text(encoding="utf-8").split("\n")
    assert len(rows) == 501 and rows[-1] == "" and all(row.count("\t") == 1 for row in rows[:-1])
    assert (tmp_path / "test.align").read_text(encoding="utf-8").count("\n") == 500
