"""Noise: each kind by examples, its rates, its determinism, and what it never touches."""

from __future__ import annotations

import unicodedata
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seq2seq.augmentation.noise import CHANGES, Noise
from seq2seq.config import DataConfig
from seq2seq.config.data import DEFAULT_NOISE, noise_rates
from seq2seq.data.batching import Batch, Batches, PairColumns, token_lengths
from seq2seq.errors import UsageError
from seq2seq.pairs import SentencePair
from seq2seq.text.tokenizer import Tokenizer
from tests import tiny

SOURCES = [
    "It's a long way to the next station, isn't it?",
    "She doesn't know where her brother lives.",
    "Please bring the yellow umbrella tomorrow, Martin!",
]


def noised(kind: str, source: str, target: str = "Cible.", *, seed: int = 0) -> tuple[str, str]:
    (source,), (target,) = Noise({kind: 1.0}).apply([source], [target], np.random.default_rng(seed))
    return source, target


def variants(kind: str, source: str, number: int = 300) -> set[str]:
    """The sources that a kind of noise makes of one source."""
    return {noised(kind, source, seed=seed)[0] for seed in range(number)}


def distance(one: str, other: str) -> int:
    """Edits between two texts: a letter left out, added, replaced, or two swapped (Damerau, 1964)."""
    rows = [list(range(len(other) + 1))]
    for i, a in enumerate(one, 1):
        row = [i]
        for j, b in enumerate(other, 1):
            row.append(min(rows[-1][j] + 1, row[-1] + 1, rows[-1][j - 1] + (a != b)))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                row[-1] = min(row[-1], rows[-2][j - 2] + 1)
        rows.append(row)
    return rows[-1][-1]


@pytest.mark.parametrize(
    ("kind", "pair", "expected"),
    [
        ("lower", ("Did Anna call?", "Anna a appelé ?"), ("did anna call?", "Anna a appelé ?")),
        ("lower", ("ΟΔΟΣ. ÉTÉ.", "X"), ("οδος. été.", "X")),
        ("title", ("don't say \"no\" (ever) at 3rd", "x"), ("Don't Say \"No\" (Ever) At 3rd", "x")),
        ("title", ("l'été de re\u0301my", "x"), ("L'été De Re\u0301my", "x")),
        ("upper", ("a straße", "une rue"), ("A STRASSE", "UNE RUE")),
        ("unpunctuated", ("Who is it?", "Qui est-ce ?"), ("Who is it", "Qui est-ce")),
        ("unpunctuated", ("Wait...", "Attends…"), ("Wait", "Attends")),
        ("unpunctuated", ("Go. Now!?", "Pars. Vite\u00a0!"), ("Go. Now", "Pars. Vite")),
        ("unpunctuated", ("¿Quién es?", "Who is it?"), ("Quién es", "Who is it")),
        ("unpunctuated", ("他是谁？", "Who is he?"), ("他是谁", "Who is he")),
        ("unpunctuated", ("He said \"hello.\" ", "x"), ("He said \"hello.\" ", "x")),
        ("casual", ("Is Tom here?", "Tom est là ?"), ("is tom here", "Tom est là")),
    ],
)  # fmt: skip
def test_capitals_and_marks(kind: str, pair: tuple[str, str], expected: tuple[str, str]) -> None:
    assert noised(kind, *pair) == expected


@pytest.mark.parametrize(
    ("kind", "source", "expected"),
    [
        ("apostrophes", "I don't, you don't", {"I dont, you dont", "I don’t, you don’t"}),
        ("apostrophes", "l’eau", {"leau", "l'eau"}),
        ("apostrophes", "the '80s and 'this' of the dogs'", {"the '80s and 'this' of the dogs'"}),
        ("spacing", "so, no", {"so,  no", "so,no"}),
        ("spacing", "one two", {"one  two"}),
        ("spacing", "in 2019, 300 men", {"in  2019, 300 men", "in 2019,  300 men", "in 2019, 300  men"}),
        ("doubled", "no", {"noo", "nooo", "noooo"}),
    ],
)
def test_all_that_a_kind_makes_of_a_text(kind: str, source: str, expected: set[str]) -> None:
    assert variants(kind, source) == expected
    assert noised(kind, source, "L'un, l'autre") == (noised(kind, source)[0], "L'un, l'autre")


def test_typos_of_a_word_are_swaps_repetitions_neighbouring_keys_and_gaps() -> None:
    made = variants("typos", "ox go word up")  # 9 letters: one typo, in the only word of four letters
    swapped, repeated, left_out = {"wrod", "wodr"}, {"woord", "worrd", "wordd"}, {"wrd", "wod", "wor"}
    beside = {"wird", "wprd", "woed", "wotd", "wors", "worf"}  # i-o-p, e-r-t, s-d-f on the keyboard
    assert made == {f"ox go {word} up" for word in swapped | repeated | left_out | beside}


@pytest.mark.parametrize(
    ("source", "expected"),
    [("CRÈME etc. oui", "CREME etc. oui"), ("ой привет да", "ой поивет да"), ("να λόγος οκ", "να λογος οκ")],
)
def test_keys_of_other_letters(source: str, expected: str) -> None:
    assert expected in variants("typos", source)


@pytest.mark.parametrize("source", [*SOURCES, "Short word", "Hi there", "Много хороших людей живёт здесь."])
def test_typos_are_at_most_one_in_eight_letters_and_spare_first_letters(source: str) -> None:
    letters = sum(map(str.isalpha, source))
    made = variants("typos", source)
    numbers = {distance(source, one) for one in made}
    assert max(numbers) <= letters // 8
    assert letters < 8 or 1 in numbers
    for one in made:
        assert [word[0] for word in one.split()] == [word[0] for word in source.split()]


def test_a_text_of_fewer_than_eight_letters_has_no_typo() -> None:
    assert variants("typos", "Please!") == {"Please!"}


@pytest.mark.parametrize("kind", CHANGES)
@pytest.mark.parametrize("text", ["你好世界", "שלום", "123 456" "😀", "🇫🇷", "", " "])  # fmt: skip
def test_a_text_without_letters_to_change_stays(kind: str, text: str) -> None:
    assert kind == "spacing" or noised(kind, text, text) == (text, text)


@pytest.mark.parametrize("kind", ["unpunctuated", "casual"])
@pytest.mark.parametrize("pair", [("?", "Quoi ?"), ("What?", "…"), ("...", "…")])
def test_a_pair_never_becomes_blank(kind: str, pair: tuple[str, str]) -> None:
    assert noised(kind, *pair) == pair


@pytest.mark.parametrize("kind", ["lower", "title", "upper", "typos", "doubled"])
@pytest.mark.parametrize(
    "verbatim",
    ["https://Example.org/Page", "Anna@Mail.example", "Report.PDF", "{Username}", "<B>", "My_File"],
)
def test_what_is_no_language_keeps_its_characters(kind: str, verbatim: str) -> None:
    made = variants(kind, f"please Read {verbatim} before Dinner", 60)
    assert all(f" {verbatim} " in text for text in made)
    assert f"please Read {verbatim} before Dinner" not in made


@pytest.mark.parametrize("kind", ["typos", "doubled"])
@given(
    text=st.text(
        st.sampled_from("abcdeéß e\u0301\u0308\u200d\u05d0\u05b8\u0627\u0915\u094d中가"), max_size=40
    )
)
def test_letters_are_changed_in_words_of_plain_letters_only(kind: str, text: str) -> None:
    """Words with a combining mark, a joiner or a letter of another script come out as they went in."""
    source = f"{text} wonderful garden"
    special = [
        word for word in source.split(" ") if any(ord(c) > 0x250 or unicodedata.combining(c) for c in word)
    ]
    made = noised(kind, source, seed=len(text))[0].split(" ")
    assert Counter(special) <= Counter(made)


def test_rates_are_kept_and_a_sentence_gets_one_kind() -> None:
    number = 20_000
    noise = Noise.parse("lower=0.2,unpunctuated=0.1,upper=0,spacing=0.05")
    sources, targets = noise.apply(["The end."] * number, ["La fin."] * number, np.random.default_rng(1))
    counts = Counter(zip(sources, targets, strict=True))
    rates = {pair: count / number for pair, count in counts.items()}
    assert rates.pop(("The end.", "La fin.")) == pytest.approx(0.65, abs=0.02)
    assert rates.pop(("the end.", "La fin.")) == pytest.approx(0.2, abs=0.015)
    assert rates.pop(("The end", "La fin")) == pytest.approx(0.1, abs=0.01)
    assert rates == {("The  end.", "La fin."): pytest.approx(0.05, abs=0.01)}


def test_without_noise_nothing_is_drawn_and_the_lists_are_left_alone() -> None:
    random = np.random.default_rng(3)
    assert Noise.parse("").apply(SOURCES, SOURCES, random) == (SOURCES, SOURCES)
    assert not Noise.parse("") and not Noise.parse("lower=0") and Noise.parse("lower=0.1")
    assert random.random() == np.random.default_rng(3).random()
    before = list(SOURCES)
    assert Noise.parse("lower=1").apply(SOURCES, SOURCES, random)[0] != SOURCES == before


# As a setting


def test_default_is_every_kind_at_its_documented_rate() -> None:
    assert noise_rates("default") == DEFAULT_NOISE and DEFAULT_NOISE.keys() == CHANGES.keys()
    assert 0.2 < sum(DEFAULT_NOISE.values()) < 0.3 and DEFAULT_NOISE["upper"] == 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        (" ", {}),
        ("lower=0.05, typos = 1e-2", {"lower": 0.05, "typos": 0.01}),
        ("lower=1", {"lower": 1.0}),
        ("lower=0.7,title=0.2,upper=0.1", {"lower": 0.7, "title": 0.2, "upper": 0.1}),
    ],
)
def test_rates_are_read(text: str, expected: dict[str, float]) -> None:
    assert noise_rates(text) == expected
    assert DataConfig(noise=text).noise == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("loud=0.1", "wrong: 'loud=0.1'"),
        ("lower", "wrong: 'lower'"),
        ("lower=0.1,", "wrong: ''"),
        ("lower=much", "wrong: 'lower=much'"),
        ("typos=0.1,lower=1.1", "wrong: 'lower=1.1'"),
        ("lower=-0.1", "wrong: 'lower=-0.1'"),
        ("lower=nan", "wrong: 'lower=nan'"),
        ("lower=0.1,lower=0.1", "wrong: 'lower=0.1'"),
        ("lower=0.6,typos=0.5", "the sum is 1.1"),
    ],
)
def test_wrong_rates_are_refused(text: str, reason: str) -> None:
    with pytest.raises(UsageError) as error:
        DataConfig(noise=text)
    assert str(error.value).startswith(f"data.noise is {text!r}, expected KIND=RATE pairs")
    assert str(error.value).endswith(reason)
    assert all(kind in str(error.value) for kind in CHANGES)


# In batches

PAIRS = [SentencePair(f"{pair.source.title()}.", f"{pair.target.title()}.") for pair in tiny.pairs(200)]


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    texts = [text for pair in PAIRS for text in (pair.source, pair.target)]
    return Tokenizer.train([*texts, *map(str.lower, texts)], vocab_size=330)


def batches(tokenizer: Tokenizer, noise: str, **changes: Any) -> Batches:
    columns = PairColumns(PAIRS)
    options: dict[str, Any] = {"batch_tokens": 150, "max_length": 100, "seed": 4, **changes}
    lengths = token_lengths(columns, tokenizer, tokenizer)
    return Batches(
        columns, source=tokenizer, target=tokenizer, lengths=lengths, noise=Noise.parse(noise), **options
    )


def texts_of(tokenizer: Tokenizer, made: list[Batch]) -> dict[int, tuple[str, str]]:
    """The texts of each row of the data, as they are in the batches."""
    return {
        row: (
            tokenizer.decode([*source[: length - 1]]),
            tokenizer.decode([*labels[: sum(real) - 1]]),
        )
        for batch in made
        for row, source, length, labels, real in zip(
            batch.rows,
            batch.source.tolist(),
            batch.lengths.tolist(),
            batch.labels.tolist(),
            batch.real.tolist(),
            strict=True,
        )
    }


def test_batches_hold_the_noised_texts(tokenizer: Tokenizer) -> None:
    made = texts_of(tokenizer, list(batches(tokenizer, "casual=1").epoch(0)))
    expected = {
        row: (pair.source.lower().rstrip("."), pair.target.rstrip(".")) for row, pair in enumerate(PAIRS)
    }
    assert made == expected


def test_noise_depends_on_seed_epoch_and_index_only(tokenizer: Tokenizer) -> None:
    options = {"noise": "lower=0.2,typos=0.3", "sampling": 0.5}
    whole = list(batches(tokenizer, **options).epoch(2))
    rest = list(batches(tokenizer, **options).epoch(2, start=5))
    assert len(rest) > 3
    assert texts_of(tokenizer, rest) == texts_of(tokenizer, whole[5:])
    assert [b.source.tolist() for b in rest] == [b.source.tolist() for b in whole[5:]]
    texts = [texts_of(tokenizer, list(batches(tokenizer, options["noise"]).epoch(e))) for e in (0, 1)]
    assert texts[0] != texts[1]  # drawn anew


def test_processes_draw_the_same_noise(tokenizer: Tokenizer) -> None:
    noise = "lower=0.3,typos=0.3"
    whole = texts_of(tokenizer, list(batches(tokenizer, noise).epoch(1)))
    parts = [texts_of(tokenizer, list(batches(tokenizer, noise, rank=r, world=2).epoch(1))) for r in (0, 1)]
    assert parts[0] | parts[1] == whole


def test_without_noise_batches_are_those_of_before(tokenizer: Tokenizer) -> None:
    """Recomputed from the generator of a batch: first the seed of the random splits, then their choice."""
    made = next(iter(batches(tokenizer, "", sampling=0.6, alpha=0.3).epoch(1)))
    random = np.random.default_rng((4, 1, 0))
    sources = [PAIRS[row].source for row in made.rows]
    best = tokenizer.encode_batch(sources)
    seed = int(random.integers(1, 2**31))
    sampled = tokenizer.encode_batch(sources, sample=True, alpha=0.3, seed=seed)
    chosen = random.random(len(sources)) < 0.6
    expected = [
        one if pick and len(one) <= 2 * len(other) + 4 else other
        for one, other, pick in zip(sampled, best, chosen, strict=True)
    ]
    lengths = made.lengths.tolist()
    assert [row[: n - 1] for row, n in zip(made.source.tolist(), lengths, strict=True)] == expected


def test_a_noised_pair_that_is_too_long_stays_clean(tokenizer: Tokenizer) -> None:
    """Upper case is not in the vocabulary: its letters are bytes, about one piece each."""
    made = texts_of(tokenizer, list(batches(tokenizer, "upper=1").epoch(0)))
    expected = {}
    for row, pair in enumerate(PAIRS):
        sizes = [len(tokenizer.encode(text)) for text in (pair.source, pair.target)]
        upper = [pair.source.upper(), pair.target.upper()]
        fits = [len(tokenizer.encode(t)) <= 2 * size + 4 for t, size in zip(upper, sizes, strict=True)]
        expected[row] = (upper[0], upper[1]) if all(fits) else (pair.source, pair.target)
    assert made == expected
    kept_clean = sum(made[row][0] == pair.source for row, pair in enumerate(PAIRS))
    assert 0 < kept_clean < len(PAIRS)


def test_a_noised_pair_stays_within_the_longest_length(tokenizer: Tokenizer) -> None:
    limited = batches(tokenizer, "upper=1", max_length=8)
    made = list(limited.epoch(0))
    assert made and all(batch.source.shape[1] <= 9 and batch.labels.shape[1] <= 9 for batch in made)
    free = list(batches(tokenizer, "upper=1").epoch(0))
    assert any(
        source != PAIRS[row].source
        and len(tokenizer.encode(PAIRS[row].source)) <= 8 < len(tokenizer.encode(source))
        for row, (source, _) in texts_of(tokenizer, free).items()
    )  # the limit has something to do


def test_noise_and_random_splits_together_keep_the_planned_limit(tokenizer: Tokenizer) -> None:
    noisy = batches(tokenizer, "upper=1", sampling=1.0, alpha=0.01)
    planned = noisy.lengths.astype(int)
    for batch in noisy.epoch(0):
        for row, length in zip(batch.rows, batch.lengths.tolist(), strict=True):
            assert length - 1 <= 2 * (planned[row, 0] - 1) + 4
