"""Likely continuations, and other words at a place."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seq2seq import Translator, alternatives
from seq2seq.alternatives import Alternative
from seq2seq.decoding import next_words
from seq2seq.errors import UsageError
from tests.test_prefixed import TEXT
from tests.test_translator import WORDS, build


@pytest.fixture(scope="module")
def translator() -> Translator:
    return build()


def test_completions_are_different_words_with_probabilities(translator: Translator) -> None:
    chance = random.Random(0)
    answered = 0
    for _ in range(60):
        source = " ".join(chance.choices(WORDS, k=5))
        prefix = " ".join(chance.choices(WORDS, k=3))[: chance.randint(0, 14)]
        found = translator.complete(source, prefix, n=4)
        assert len(found) <= 4
        assert len({one.text for one in found}) == len(found)
        assert [one.probability for one in found] == sorted((o.probability for o in found), reverse=True)
        assert sum(one.probability for one in found) <= 1.001
        for one in found:
            assert one.text == "" or re.fullmatch(r"\s*([\w'’-]+|[^\w\s])", one.text)
        answered += bool(found)
    assert answered > 30


def test_the_same_answer_with_and_without_kept_states(translator: Translator) -> None:
    prefixes = ["the", "the m", "the man ", "the man", "a", "the man s", ""]
    kept = [translator.complete("the old man", prefix) for prefix in prefixes]
    fresh = [build().complete("the old man", prefix) for prefix in prefixes]
    for one, other in zip(kept, fresh, strict=True):
        assert [c.text for c in one] == [c.text for c in other]
        assert [c.probability for c in one] == pytest.approx([c.probability for c in other], abs=1e-4)


@settings(max_examples=60, deadline=None)
@given(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=15),
    st.sampled_from([TEXT, "", " ", "42", "THE OLD MAN!", 'He "reads" it', "the\n\nman"]),
)
def test_any_prefix_of_any_text_has_a_result(translator: Translator, prefix: str, text: str) -> None:
    assert all(0 <= one.probability <= 1 for one in translator.complete(text, prefix))


def test_what_is_kept_is_completed_as_it_is(translator: Translator) -> None:
    assert [one.text for one in translator.complete("example.com", "exam")] == ["ple.com"]
    assert translator.complete("example.com", "x") == []


def check(text: str, before: str, present: str, found: list[Alternative]) -> None:
    """Alternatives are different whole words, and their sentences begin with the words before and them."""
    words = [one.word for one in found]
    assert len(set(words)) == len(words) and present not in words
    for one in found:
        assert one.translation.text.startswith(before)
        behind = one.translation.text[len(before) :].lstrip()
        assert behind.startswith(one.word)
        if re.match(r"\w", one.word[-1]):
            assert not re.match(r"[\w'’-]", behind[len(one.word) :]), (one.word, behind)


def test_alternatives_are_different_whole_words(
    translator: Translator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With those of low probability, which a model without training mostly has."""
    monkeypatch.setattr(alternatives, "LEAST", 0.0)
    monkeypatch.setattr(next_words, "UNIFORM", 0)
    answers = 0
    for text in ("the old man reads", "a small book near trees", "his garden"):
        translation = translator.translate(text)
        for number, word in enumerate(translation.words):
            core = re.search(r"[\w'’-]+", word.text)
            found = translator.alternatives(text, translation, number, n=3)
            before = translation.text[: word.start + (core.start() if core else 0)]
            check(text, before, core[0] if core else word.text, found)
            assert len(found) <= 3
            answers += len(found)
    assert answers > 5


def test_a_text_of_a_user_has_alternatives_too(translator: Translator) -> None:
    found = translator.alternatives("the man sleeps", "the old man", 1)
    check("", "the ", "old", found)


@pytest.mark.parametrize("word", [-1, 3, 1.0, True])
def test_no_such_word(translator: Translator, word: int) -> None:
    with pytest.raises(UsageError, match="expected 0 to 2"):
        translator.alternatives("the man", "the old man", word)


@pytest.mark.parametrize("n", [0, 1.5, True])
def test_no_such_number(translator: Translator, n: int) -> None:
    with pytest.raises(UsageError, match="whole number from 1"):
        translator.complete("the man", "the", n=n)


def test_wrong_texts(translator: Translator) -> None:
    with pytest.raises(UsageError, match="prefix has the lone surrogate"):
        translator.complete("the man", "\ud800")
    with pytest.raises(UsageError, match="text is of type"):
        translator.complete(None, "the")  # type: ignore[arg-type]
