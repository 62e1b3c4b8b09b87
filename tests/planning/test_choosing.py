"""Settings by the amount of data. The rows to meet are the recipes that were measured."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from seq2seq.config import Settings, find_recipe
from seq2seq.pairs import Counts, SentencePair
from seq2seq.planning.choosing import anchor, choose, only_words, settings_of
from seq2seq.planning.look import Look
from seq2seq.planning.machine import Machine
from seq2seq.planning.settings_table import settings_table, values_of
from tests.planning.corpora import english_german

LAPTOP = Machine("", threads=4, bfloat16=False, memory=8 * 10**9, disk=10**11)
GIB = 1024**3


@cache
def corpus(pairs: int) -> Look:
    return Look(counts=Counts(read=pairs, kept=pairs), pairs=pairs, sample=english_german(200))


def settings(pairs: int, machine: Machine = LAPTOP) -> Settings:
    return settings_of(choose(corpus(pairs), machine))


@pytest.mark.parametrize(("pairs", "recipe"), [(29_000, "multi30k"), (160_000, "tatoeba")])
def test_at_the_size_of_a_measured_recipe_its_values_are_chosen(pairs: int, recipe: str) -> None:
    chosen, known = values_of(settings(pairs)), values_of(find_recipe(recipe))
    names = "cell embedding_size encoder_size encoder_layers decoder_size decoder_layers dropout word_dropout"
    model = {f"model.{name}": known[f"model.{name}"] for name in names.split()}
    training = (
        "epochs batch_tokens learning_rate schedule consistency ema warmup_steps label_smoothing precision"
    )
    expected = model | {f"training.{name}": known[f"training.{name}"] for name in training.split()}
    expected["data.vocab_size"] = known["data.vocab_size"]
    assert {name: chosen[name] for name in expected} == expected


def test_more_data_gets_larger_networks_and_fewer_epochs() -> None:
    rows = [settings(pairs) for pairs in (1_000, 2_000, 10_000, 30_000, 160_000, 1_000_000)]
    for name in ("data.vocab_size", "model.decoder_size", "training.batch_tokens"):
        values = [values_of(row)[name] for row in rows]
        assert values == sorted(values) and values[0] < values[-1], name
    epochs = [row.training.epochs for row in rows]
    assert epochs == sorted(epochs, reverse=True)
    dropout = [row.model.dropout for row in rows]
    assert dropout == sorted(dropout, reverse=True)


@pytest.mark.parametrize("pairs", [1, 499, 3_333, 77_777, 10**8])
def test_every_amount_gives_a_network(pairs: int) -> None:
    assert settings(pairs).model.embedding_size % 32 == 0


def test_between_two_rows_sizes_follow_the_logarithm() -> None:
    # halfway between 29,000 and 160,000 on a logarithmic scale: the geometric means, 5,657 and 443 rounded
    between = anchor(round((29_000 * 160_000) ** 0.5))
    assert (between["vocab_size"], between["decoder_size"], between["dropout"]) == (5700, 448, 0.3)


def chinese() -> Look:
    texts = ["".join(chr(0x4E00 + (31 * n + k) % 2000) for k in range(10)) for n in range(400)]
    pairs = [SentencePair(f"the sentence {n} is here", text) for n, text in enumerate(texts)]
    return replace(corpus(26_000), sample=pairs)


def test_thousands_of_characters_get_a_vocabulary_of_their_own() -> None:
    chosen = settings_of(choose(chinese(), LAPTOP))
    assert not chosen.data.joint and not chosen.model.tie_source
    assert chosen.data.vocab_size > 2000 + 256
    assert settings(26_000).data.joint


def test_a_list_of_words_gets_no_noise_and_few_pieces() -> None:
    pairs = [SentencePair(f"word{n}", f"W ER D {n}") for n in range(300)]
    found = replace(corpus(100_000), sample=pairs)
    chosen = settings_of(choose(found, LAPTOP))
    assert only_words(found) and not only_words(corpus(100_000))
    assert not chosen.data.noise and not chosen.data.phrases and chosen.data.vocab_size < 600


@pytest.mark.parametrize(
    ("changes", "tokens"),
    [
        ({}, 2000),
        ({"memory": 3 * GIB}, 1000),
        ({"gpu": "a GPU", "bfloat16": True}, 4000),
        ({"memory": 0}, 2000),
    ],
)
def test_batches_fit_the_machine(changes: dict[str, Any], tokens: int) -> None:
    assert settings(29_000, replace(LAPTOP, **changes)).training.batch_tokens == tokens


def test_a_training_of_days_is_limited_by_the_clock() -> None:
    slow = replace(LAPTOP, threads=1)
    assert settings(5_000_000, slow).training.minutes == 480
    assert settings(29_000, slow).training.minutes == 0


def test_table_shows_what_an_option_overrides() -> None:
    choices = choose(corpus(2_000), LAPTOP)
    chosen = settings_of(choices)
    changed = replace(chosen, model=replace(chosen.model, cell="gru"))
    (line,) = [line for line in settings_table(choices, changed) if "network" in line]
    assert "GRU" in line and "as given (model.cell)" in line
    one = replace(chosen, training=replace(chosen.training, minutes=1.0))
    assert "epochs or 1 minute " in "".join(settings_table(choices, one))
    assert "as given" not in "".join(settings_table(choices, chosen))
    assert max(map(len, settings_table(choices, chosen))) <= 80
