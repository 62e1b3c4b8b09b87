"""A translation begins with the text that it is given."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seq2seq import Translator
from seq2seq.errors import UsageError
from seq2seq.prefixed import Share, shares
from seq2seq.text.tokenizer import Tokenizer
from tests import tiny
from tests.test_translator import WORDS, build

TEXT = "The man reads. He sleeps near 2 trees. 😀\n\nSee example.com."


@pytest.fixture(scope="module")
def translator() -> Translator:
    return build()


@pytest.mark.parametrize("beam_size", [1, 3])
def test_random_prefixes_are_kept(translator: Translator, beam_size: int) -> None:
    chance = random.Random(beam_size)
    for _ in range(40):
        source = " ".join(chance.choices(WORDS, k=5)).capitalize() + "."
        prefix = " ".join(chance.choices([*WORDS, "Ünï.", "7", "a.", "\n"], k=6))[: chance.randint(1, 25)]
        found = translator.translate(f"{source} {TEXT}", prefix=prefix, beam_size=beam_size, n_best=beam_size)
        for one in [found, *found.alternatives]:
            assert one.text.startswith(prefix)
            assert all(one.text[word.start : word.end] == word.text for word in one.words)


@settings(max_examples=60, deadline=None)
@given(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=15),
    st.sampled_from([TEXT, "", " ", "42", "😀", "THE OLD MAN!", 'He "reads" it', "the\n\nman"]),
)
def test_any_prefix_of_any_text_has_a_result(translator: Translator, prefix: str, text: str) -> None:
    assert translator.translate(text, prefix=prefix, beam_size=2).text.startswith(prefix)


def test_no_prefix_is_the_plain_translation(translator: Translator) -> None:
    assert translator.translate(TEXT, prefix="") == translator.translate(TEXT)


def test_the_whole_translation_as_prefix_gives_it_again(translator: Translator) -> None:
    text = translator.translate("the old man sleeps").text
    assert translator.translate("the old man sleeps", prefix=text).text.startswith(text)


def test_a_long_prefix_stands_before_the_free_translation(translator: Translator) -> None:
    free = translator.translate("the man").text
    prefix = "x" * 20_000
    assert translator.translate("the man", prefix=prefix).text == f"{prefix} {free}"


def test_what_a_user_types_breaks_no_rule(translator: Translator) -> None:
    prefix = "man " * 30
    found = translator.translate("the man", prefix=prefix, no_repeat_ngram=1, max_repeats=1)
    assert found.text.startswith(prefix)


@pytest.mark.parametrize(
    "options", [{"temperature": 1.0}, {"min_length": 3}, {"sentences": False}, {"verbatim": False}]
)
def test_other_options_hold_with_a_prefix(translator: Translator, options: dict[str, object]) -> None:
    assert translator.translate(TEXT, prefix="the gard", **options).text.startswith("the gard")


def test_a_prefix_needs_a_single_text(translator: Translator) -> None:
    with pytest.raises(UsageError, match="no single string"):
        translator.translate(["the man"], prefix="x")
    with pytest.raises(UsageError, match="lone surrogate"):
        translator.translate("the man", prefix="\ud800")


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("Un. Deux", [Share("Un.", True, " "), Share("Deux"), Share()]),
        ("Un.\n\nDeux. ", [Share("Un.", True, "\n\n"), Share("Deux.", True, " "), Share()]),
        ("Un ", [Share("Un "), Share(), Share()]),
        ("Un.", [Share("Un."), Share(), Share()]),
        ("  Un\n", [Share("  Un", True, "\n"), Share(), Share()]),
        (" \n", [Share(" \n"), Share(), Share()]),
        ("A b. C d. E f. G h. ", [Share("A b.", True, " "), Share("C d.", True, " "), Share("E f. G h. ")]),
    ],
)
def test_shares(prefix: str, expected: list[Share]) -> None:
    assert shares(prefix, 3, "fr") == expected


def test_a_model_with_placeholders_keeps_numbers() -> None:
    tokenizer = Tokenizer.train([*tiny.ENGLISH, *tiny.FRENCH] * 20, vocab_size=400, placeholders=2)
    sizes = {"source_vocab_size": tokenizer.vocab_size, "target_vocab_size": tokenizer.vocab_size}
    made = tiny.bundle(**sizes)
    translator = Translator(replace(made, source=tokenizer, target=tokenizer))
    for prefix in ("un 50", "50 ", "un 5", "un 7"):
        found = translator.translate("one 50 two", prefix=prefix)
        assert found.text.startswith(prefix)
        placeholders = sum(piece.startswith("<copy") for piece in found.target_tokens)
        assert placeholders <= 1 and ("50" not in prefix or placeholders == 1)
