"""Scores as papers report them: tokens as the Moses scripts make them, and BLEU of these."""

from __future__ import annotations

import math
from importlib.metadata import version

import pytest
import sacrebleu

from seq2seq.errors import UsageError
from seq2seq.evaluation import paper_style
from seq2seq.evaluation.metrics import bleu
from seq2seq.evaluation.paper_style import check_paper_style, moses_tokens, paper_bleu


@pytest.mark.parametrize(
    ("language", "text", "tokens"),
    [
        ("en", "Two men’s dogs -- “big” ones.", "two men &apos;s dogs -- &quot; big &quot; ones ."),
        ("en", "The dogs’ ball — red", "the dogs &quot; ball - red"),
        ("en", "The man's U.S. flag, 3.5 m!", "the man &apos;s u.s. flag , 3.5 m !"),
        ("fr", "L'homme d'à côté (en T-shirt) court.", "l&apos; homme d&apos; à côté ( en t-shirt ) court ."),
        ("de-AT", "Männer & Frauen…", "männer &amp; frauen ..."),
    ],
)
def test_tokens_are_those_of_the_moses_scripts(language: str, text: str, tokens: str) -> None:
    """By the rules of lowercase.perl, normalize-punctuation.perl (’ is an apostrophe between letters, else a
    quotation mark) and tokenizer.perl, applied by hand."""
    assert moses_tokens([text], language) == [tokens]


def test_the_score_is_bleu_of_these_tokens() -> None:
    hypotheses = ["A man's dog runs, fast.", "Two “young” women sit on the grass."]
    references = ["a man's dog runs fast.", 'Two "young" women sit in the grass.']
    written_out = (
        ["a man &apos;s dog runs , fast .", "two &quot; young &quot; women sit on the grass ."],
        ["a man &apos;s dog runs fast .", "two &quot; young &quot; women sit in the grass ."],
    )
    expected = sacrebleu.corpus_bleu(written_out[0], [written_out[1]], tokenize="none", force=True).score
    score = paper_bleu(hypotheses, references, language="en")
    assert score.score == pytest.approx(expected)
    assert score.score != pytest.approx(bleu(hypotheses, references, language="en").score, abs=1)


def test_a_score_worked_out_by_hand() -> None:
    """5 of 6 words, 3 of 5 pairs, 1 of 4 triples and no run of four, whose precision is 1/(2·3)
    (exponential smoothing); both sides have six tokens, so there is no brevity penalty."""
    score = paper_bleu(["The cat SAT there today."], ["the cat sat here today."], language="en")
    precisions = (5 / 6, 3 / 5, 1 / 4, 1 / (2 * 3))
    assert score.score == pytest.approx(100 * math.prod(precisions) ** 0.25)


def test_the_signature_names_every_step() -> None:
    signature = paper_bleu(["Ein Hund."], ["Ein Hund."], language="de").signature
    steps = f"lc|normpunct|moses-de|sacremoses:{version('sacremoses')}|"
    assert (
        signature == f"{steps}nrefs:1|case:mixed|eff:no|tok:none|smooth:exp|version:{sacrebleu.__version__}"
    )


@pytest.mark.parametrize("language", ["", "zh", "ja", "th"])
def test_languages_without_moses_tokens_are_refused(language: str) -> None:
    with pytest.raises(UsageError, match="expected one with spaces between words"):
        check_paper_style(language)


def test_without_sacremoses_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paper_style, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r'pip install "seq2seq-mt\[paper\]"'):
        check_paper_style("fr")
