"""Scoring a model: through the `Translator`, on raw text, with signatures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import sacrebleu
import torch

from seq2seq.bundle import model_directory
from seq2seq.config import DecodingConfig
from seq2seq.errors import DataError
from seq2seq.evaluation.scoring import evaluate
from seq2seq.pairs import SentencePair
from seq2seq.preparation.lexicon import Lexicon
from seq2seq.translator import Translator
from tests import tiny

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def translator(tmp_path_factory: pytest.TempPathFactory) -> Translator:
    """An untrained model."""
    path = tmp_path_factory.mktemp("model") / "m"
    model_directory.save(path, tiny.bundle())
    return Translator.from_pretrained(path)


def test_scores_equal_those_of_sacrebleu(translator: Translator) -> None:
    pairs = [*tiny.pairs(5, seed=3), SentencePair("", "quelque chose"), SentencePair("four", "")]
    result = evaluate(translator, pairs)
    references = [pair.target for pair in pairs]
    assert result.translations == [t.text for t in translator.translate([pair.source for pair in pairs])]
    assert result.scores["bleu"].score == pytest.approx(
        sacrebleu.corpus_bleu(result.translations, [references]).score, abs=1e-9
    )
    assert result.scores["chrf"].score == pytest.approx(
        sacrebleu.corpus_chrf(result.translations, [references]).score, abs=1e-9
    )
    assert result.scores["ter"].score == pytest.approx(
        sacrebleu.corpus_ter(result.translations, [references]).score, abs=1e-9
    )
    assert result.translations[5] == "" and len(result.translations) == 7


def test_evaluate_prints_exactly_these_keys(translator: Translator) -> None:
    printed = evaluate(translator, tiny.pairs(3)).to_dict()
    assert list(printed) == ["bleu", "chrf", "ter", "sentences", "seconds", "model", "calibration_error"]
    for name in ("bleu", "chrf", "ter"):
        assert printed[name].keys() == {"score", "signature"}
        assert "version:" in printed[name]["signature"]
    assert printed["sentences"] == 3 and printed["seconds"] > 0 and printed["model"] == translator.name


def test_invented_words_are_counted_if_the_model_has_a_word_list() -> None:
    pairs = [SentencePair("one two", "un deux"), SentencePair("three four", "trois Xyzzy")]
    words = Lexicon.count(["Ici un deux trois."] * 3)
    translator = Translator(replace(tiny.bundle(), target_words=words))
    printed = evaluate(translator, pairs).to_dict()
    assert printed["invented_words"]["references_per_1000"] == 250.0, "Xyzzy, of four words"
    assert 0 <= printed["invented_words"]["per_1000"] <= 1000
    assert "invented_words" not in evaluate(Translator(tiny.bundle()), pairs).to_dict()


def test_bleu_alone_can_be_scored(translator: Translator) -> None:
    assert evaluate(translator, tiny.pairs(3), all_scores=False).scores.keys() == {"bleu"}


def test_a_score_that_cannot_be_computed_is_left_out_with_a_note(translator: Translator) -> None:
    result = evaluate(translator, [*tiny.pairs(2), SentencePair("one", "un " * 100_000)])
    assert result.scores.keys() == {"bleu", "chrf"}
    assert result.to_dict()["notes"] == [
        "ter is left out: reference 3 has 100,000 words, TER takes at most 2,000"
    ]


def test_an_empty_test_set_is_an_error(translator: Translator) -> None:
    with pytest.raises(DataError, match="the test set is empty"):
        evaluate(translator, [])


def test_the_target_language_chooses_the_tokeniser(tmp_path: Path, translator: Translator) -> None:
    translator = Translator(replace(translator.bundle, directions=(("en", "zh"),)))
    assert "|tok:zh|" in evaluate(translator, tiny.pairs(2), all_scores=False).scores["bleu"].signature


def test_the_result_says_which_decoding_was_used(translator: Translator) -> None:
    translator = Translator(replace(translator.bundle, decoding=DecodingConfig(beam_size=3)))
    result = evaluate(translator, tiny.pairs(2), all_scores=False)
    assert result.decoding == DecodingConfig(beam_size=3) and "decoding" not in result.to_dict()
