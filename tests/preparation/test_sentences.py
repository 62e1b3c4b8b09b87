"""Cutting lines into sentences: paragraphs cut by hand, nothing lost, time that grows with the length."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seq2seq.preparation import sentences
from seq2seq.preparation.sentences import sentence_spans
from tests.preparation.paragraphs import PARAGRAPHS
from tests.text.sentences import patient

LANGUAGES = [
    "",
    "xx",
    "en",
    "fr",
    "de",
    "es",
    "it",
    "nl",
    "ru",
    "pl",
    "zh-Hant",
    "ja",
    "hi",
    "ar",
    "hy",
    "ml",
    "kk",
]
ALPHABET = "abcAB .!?…\"'()[]«»“”„:;,-0123\u00a0\u202f\t。！？।؟😀é\u0301\u200d\x00\x1c\u2028\x85\ufeff\ud800"
pieces = st.sampled_from(
    ["Mr. ", "e.g. ", "J. ", "1. ", "The end. ", "Who?! ", "« Oui. » ", "a.b/c ", "[1]", "p. m. "]
)
lines = st.lists(st.text(ALPHABET, max_size=8) | st.text(max_size=8) | pieces, max_size=25).map("".join)


def cut(text: str, language: str = "en") -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text, language)]


@pytest.mark.parametrize(
    ("language", "paragraph"),
    [(language, line) for language, text in PARAGRAPHS.items() for line in text.strip().split("\n")],
)
def test_paragraphs_are_cut_as_by_hand(language: str, paragraph: str) -> None:
    assert cut(paragraph.replace(" | ", " "), language) == paragraph.split(" | ")


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("en", ""),
        ("en", " \t\u00a0"),
        ("en", "no mark at the end"),
        ("en", "😀 😀"),
        ("en", "...|"),
        ("en", "!!! Hello.| Bye. ...|"),
        ("en", "🚀 Launch.| Stop! 🎉🎉| Go :)"),
        ("en", "- one.| - two.| • three"),
        ("en", "<b>Hello.</b>| It is {name}.| <i>Yes!</i>"),
        ("en", "It says so.[1]| And more. [2]| End."),
        ("en", "I won 3-2!| Really?He left."),
        ("en", "5 < 6.| And 7 > 6. :(|"),
        ("en", "He said no.| I agree.| It was me.| You know.| No. 5 won.| Tom's.| Mine."),
        ("en", "You are tired, and so am I.| This is easy.| We met at 5 p.m. EST.| See vol. II, no. 3."),
        ("en", "He asked, \"Why?\" and left.| 'Stop.| Go.'| The boys' room."),
        ("en", "hello.| how r u?| im ok.| bring apples, pears etc. and so on... see you"),
        ("fr", "C'est un art.| Il est en plein vol.| L'art. 4 le dit."),
        (
            "de",
            "Er liebt mich.| Wen?| 5 Leute.| Sie blieben zu Hause.| 70 Prozent nicht.| Im XIX. Jahrhundert.",
        ),
        ("es", 'Todo va bien.| Dijo "no".| Puede ser.| Vamos al mar.| ¿Sí?| ¡no!'),
        ("it", "Il sig. Rossi è qui.| Ciao, ecc.| Poi vado."),
        ("pt-BR", "O Sr. Silva chegou.| Tudo bem?| Sim."),
        ("zh", "你好。|今天天气很好！|你呢？|2010年。|对吗?|是!"),
        ("zh-Hant", "“你好。”他說。|“走吧！”|“好。”"),
        ("ja", "こんにちは。|「そうですか。」と言った。|はい！"),
        ("hi", "यह है।| वह है।"),
        ("ru", "Он жил в г. Москве.| Да!| «Нет.»| Потом ушёл."),
        ("el", "Τι κάνεις;| Καλά."),
        ("ar", "مرحبا.| كيف حالك؟| جيد."),
    ],
)
def test_lines_are_cut_at_the_bars(language: str, line: str) -> None:
    expected = [sentence.strip() for sentence in line.split("|") if sentence.strip()]
    assert cut(line.replace("|", ""), language) == expected


@pytest.mark.parametrize(
    ("tag", "same"),
    [("FR_ca", "fr"), ("fra", "fr"), ("pt-BR", "pt"), ("zho_Hant", "zh"), ("xx", "en"), ("", "en")],
)
def test_tags_stand_for_their_language(tag: str, same: str) -> None:
    text = "M. Dupont est là. O Sr. Silva. 你好。你呢？ Mrs. Jones (b. 1950) came. Er kam am 3. Mai."
    assert cut(text, tag) == cut(text, same)


@patient
@given(lines, st.sampled_from(LANGUAGES) | st.text(max_size=4))
def test_every_character_is_in_one_sentence(text: str, language: str) -> None:
    spans = sentence_spans(text, language)
    ends = [0, *(end for _, end in spans)]
    for (start, end), before in zip(spans, ends, strict=False):
        assert start >= before and not text[before:start].strip()
        assert text[start:end] == text[start:end].strip() != ""
    assert not text[ends[-1] :].strip()
    if len(spans) > 1:
        assert all(any(character.isalnum() for character in text[start:end]) for start, end in spans)


@pytest.mark.parametrize("window", [100, 300])
def test_windows_do_not_change_the_sentences(monkeypatch: pytest.MonkeyPatch, window: int) -> None:
    text = " ".join(PARAGRAPHS["en"].strip().split("\n")[:8]).replace(" | ", " ")
    whole = cut(text)
    monkeypatch.setattr(sentences, "_WINDOW", window)
    assert cut(text) == whole


@pytest.mark.parametrize(
    "unit", ["x", "word ", ". ", "a. ", "B. ", "1. ", '." ', ". 😀 ", "Mr. ", "(", "\u00a0", "。", "Hi! "]
)
def test_time_grows_with_the_length_only(unit: str) -> None:
    def seconds(length: int) -> float:
        text, best = (unit * length)[:length], float("inf")
        for _ in range(3):
            start = time.thread_time()
            sentence_spans(text, "en")
            best = min(best, time.thread_time() - start)
        return best

    assert seconds(40_000) < 8 * 3 * seconds(5_000)  # 64 if it were quadratic
