"""Text that is translated while it is typed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seq2seq import Translator
from seq2seq.errors import UsageError
from seq2seq.live import LiveTranslator, sure
from seq2seq.preparation.lexicon import Lexicon
from seq2seq.translation import Translation, Word
from tests.test_prefixed import TEXT
from tests.test_translator import WORDS, build


@pytest.fixture(scope="module")
def translator() -> Translator:
    made = build()
    counts = [(word, 40) for word in dict.fromkeys(WORDS)] + [("mankind", 30), ("mandate", 30), ("read", 9)]
    return Translator(replace(made.bundle, source_words=Lexicon(counts)))


def test_the_end_is_the_plain_translation(translator: Translator) -> None:
    live = LiveTranslator(translator)
    text = "The old man reads. He sleeps near two trees"
    for end in range(1, len(text)):
        live.update(text[:end])
    assert live.update(text, final=True).text == translator.translate(text).text
    assert live.update(f"{text}.").text == translator.translate(f"{text}.").text


@pytest.mark.parametrize(
    ("typed", "complete"),
    [
        ("the old m", "the old"),
        ("the old man", "the old"),  # half of what begins so is longer
        ("the old man ", "the old man"),
        ("the small", "the small"),
        ("the small xyz", "the small"),
        ("the small 5", "the small"),
        ("the small xyz,", "the small xyz,"),
        ("the small\n", "the small"),
        ("xy", ""),
        ("the book.", "the book."),
        ("", ""),
    ],
)
def test_a_word_that_may_go_on_is_left_out(translator: Translator, typed: str, complete: str) -> None:
    live = LiveTranslator(translator)
    live.update(typed)
    seen = "".join(one.part.text for one in live._shown)
    assert seen.replace(" ", "") == complete.replace(" ", "")


def test_a_finished_sentence_is_translated_once(
    translator: Translator, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = LiveTranslator(translator)
    live.update("The man reads. ")
    first = live._shown[0].translation
    live.update("The man reads. the book ")
    assert live._shown[0].translation is first


def test_a_strong_bias_keeps_what_was_shown(translator: Translator) -> None:
    kept = changed = 0
    for source in (
        "the old man reads a small book",
        "two green trees sleep near",
        "his garden every day the",
    ):
        words = source.split()
        for bias in (0.0, 0.95):
            live, before = LiveTranslator(translator, bias=bias), ""
            for end in range(1, len(words) + 1):
                after = live.update(" ".join(words[:end]) + " ").text.rstrip()
                same = after.startswith(before)
                kept, changed = kept + (same and bias > 0), changed + (not same and bias == 0)
                before = after
    assert changed > 5 and kept > 10


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.just(TEXT), max_size=4))
def test_any_edits_have_a_result(translator: Translator, texts: list[str]) -> None:
    live = LiveTranslator(translator, beam_size=2)
    for text in texts:
        live.update(text)
    last = texts[-1] if texts else "the man"
    assert live.update(last, final=True).text == translator.translate(last, beam_size=2).text


def test_words_at_the_end_that_are_a_guess_are_left_out() -> None:
    words = (Word("un", 0, 2, 0.9), Word("homme", 3, 8, 0.2), Word("vert", 9, 13, 0.1))
    whole = Translation("un homme vert", words=words, alignment=[(0, 0), (1, 2), (1, 1)])
    assert sure(whole).text == "un"
    assert sure(whole).words == words[:1] and sure(whole).alignment == [(0, 0)]
    certain = replace(whole, words=(words[0], words[1], replace(words[2], confidence=0.9)))
    assert sure(certain) == certain
    assert sure(Translation("")) == Translation("")


@pytest.mark.parametrize(
    "options", [{"bias": 1.0}, {"bias": -0.1}, {"bias": "x"}, {"beams": 3}, {"target_language": "de"}]
)
def test_wrong_arguments(translator: Translator, options: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        LiveTranslator(translator, **options)  # type: ignore[arg-type]
