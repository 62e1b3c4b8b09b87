"""Decoding options as users meet them: through `Translator`, on text."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seq2seq.bundle.model_directory import Bundle
from seq2seq.config import DecodingConfig
from seq2seq.decoding.reverse import ReverseModel
from seq2seq.errors import UsageError
from seq2seq.text.tokenizer import Tokenizer
from seq2seq.translator import Translator
from tests import tiny
from tests.limits import cpu_seconds

TEXTS = ["one two three", "four", "", "nine eight seven six. two one!", "one two three", "five five"]
SAMPLING: dict[str, Any] = {"temperature": 1.0, "sampling_seed": 3}


def bundle(seed: int = 3, **changes: Any) -> Bundle:
    return replace(tiny.bundle(seed=seed, **changes), decoding=DecodingConfig(beam_size=4))


def backwards(seed: int = 5) -> Bundle:
    return replace(bundle(seed), directions=(("fr", "en"),))


@pytest.fixture(scope="module")
def translator() -> Translator:
    return Translator(bundle())


def test_samples_are_the_same_alone_in_a_batch_and_in_another_order(translator: Translator) -> None:
    together = [str(one) for one in translator.translate(TEXTS, **SAMPLING)]
    assert [str(translator.translate(text, **SAMPLING)) for text in TEXTS] == together
    assert [str(one) for one in translator.translate(TEXTS[::-1], **SAMPLING)] == together[::-1]
    other = [str(one) for one in translator.translate(TEXTS, temperature=1.0, sampling_seed=4)]
    assert other != together


@pytest.mark.parametrize(
    "options", [{"n_best": 4}, {"n_best": 4, "verbatim": False}, {"n_best": 9, **SAMPLING}]
)
def test_no_text_comes_twice(translator: Translator, options: dict[str, Any]) -> None:
    for text in TEXTS:
        best = translator.translate(text, **options)
        texts = [str(one) for one in (best, *best.alternatives)]
        assert len(set(texts)) == len(texts) <= options["n_best"]


def test_two_spellings_of_one_text_are_one_translation(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tokenizer whose pieces all have one text: the n-best list has one entry."""
    translator = Translator(bundle())
    monkeypatch.setattr(Tokenizer, "decode", lambda self, ids, fillings=(): "same")
    assert translator.translate("one two", n_best=4).alternatives == []


def test_mbr_gives_one_of_the_samples_and_its_mean_chrf(translator: Translator) -> None:
    text = "one two three"
    samples = translator.translate(text, n_best=12, **SAMPLING)
    best = translator.translate(text, mbr=12, **SAMPLING)
    assert str(best) in [str(one) for one in (samples, *samples.alternatives)]
    assert 0 < best.score <= 1
    searched = translator.translate(text, mbr=4, n_best=4)
    assert {str(one) for one in (searched, *searched.alternatives)} == {
        str(one) for found in [translator.translate(text, n_best=4)] for one in (found, *found.alternatives)
    }


def test_coverage_needs_attention(translator: Translator) -> None:
    assert translator.translate("one two", coverage_penalty=0.2).score < 0
    blind = Translator(bundle(attention="none"))
    with pytest.raises(UsageError, match=r"coverage_penalty is 0\.2, expected 0: the model has no attention"):
        blind.translate_lines(["one"], coverage_penalty=0.2)


def test_an_ensemble_of_a_model_with_itself_translates_alike(translator: Translator) -> None:
    twice = Translator(bundle(), others=[bundle()])
    for one, other in zip(translator.translate(TEXTS), twice.translate(TEXTS), strict=True):
        assert str(one) == str(other) and one.score == pytest.approx(other.score, abs=1e-4)
    assert twice.info["parameters"] == 2 * translator.info["parameters"]
    copied = pickle.loads(pickle.dumps(twice))
    assert [str(one) for one in copied.translate(TEXTS)] == [str(one) for one in twice.translate(TEXTS)]


def test_models_are_loaded_by_their_names(tmp_path: Path) -> None:
    for name, made in (("a", bundle(3)), ("b", bundle(4)), ("c", backwards())):
        Translator(made).save_pretrained(tmp_path / name)
    names = [tmp_path / "a", tmp_path / "b"]
    both = Translator.from_pretrained(names, engine="torch", reverse=tmp_path / "c", reverse_weight=0.0)
    expected = Translator(bundle(3), others=[bundle(4)])
    assert [str(one) for one in both.translate(TEXTS)] == [str(one) for one in expected.translate(TEXTS)]
    assert both.name == f"{names[0]} + {names[1]}"
    with pytest.raises(UsageError, match="is an ensemble, expected one model"):
        both.save_pretrained(tmp_path / "d")
    with pytest.raises(UsageError, match="expected at least one model"):
        Translator.from_pretrained([])


def test_models_that_do_not_fit_together_are_refused(tmp_path: Path) -> None:
    other = tiny.tagged("fr")
    sizes = {"source_vocab_size": other.vocab_size, "target_vocab_size": other.vocab_size}
    models = {
        "a": bundle(),
        "tokenizer": replace(bundle(**sizes), source=other, target=other),
        "direction": backwards(),
    }
    for name, made in models.items():
        Translator(made).save_pretrained(tmp_path / name)
    for name, message in (
        ("tokenizer", "different source tokenizers"),
        ("direction", "translate en-fr and fr-en"),
    ):
        with pytest.raises(UsageError, match=message):
            Translator.from_pretrained([tmp_path / "a", tmp_path / name])


def test_a_reverse_model_adds_its_mean_log_probability(translator: Translator) -> None:
    """By the training path: log p(source | translation) over the tokens of the source."""
    text, weight = "one two three", 2.0
    other = backwards()
    reranking = Translator(bundle(), reverse=Translator(other), reverse_weight=weight)
    plain, best = translator.translate(text, n_best=4), reranking.translate(text, n_best=4)
    scores = {str(one): one.score for one in (plain, *plain.alternatives)}
    target = other.target.encode(text)
    for one in (best, *best.alternatives):
        back = tiny.forced_log_probs(other.model, [other.source.encode(str(one))], [target])[0]
        expected = scores[str(one)] + weight * back / (len(target) + 1)
        assert one.score == pytest.approx(expected, abs=1e-4)
    ranked = [one.score for one in (best, *best.alternatives)]
    assert ranked == sorted(ranked, reverse=True)


def test_reverse_scores_do_not_depend_on_the_batch() -> None:
    other = Translator(backwards())
    model = ReverseModel(other.engine, other.source_tokenizer, other.target_tokenizer, 1.0)
    pairs = [("un", "one two"), ("", "four"), ("un deux trois", ""), ("neuf", "one two three four five")]
    alone = [model.mean_log_probs([pair])[0] for pair in pairs]
    assert model.mean_log_probs(pairs) == pytest.approx(alone, abs=1e-5)
    assert model.mean_log_probs([]) == []


def test_what_cannot_rerank_is_refused(translator: Translator) -> None:
    with pytest.raises(UsageError, match="the reverse model translates en-fr, expected fr-en"):
        Translator(bundle(), reverse=translator).translate("one")
    back = Translator(backwards())
    with pytest.raises(UsageError, match="mbr is 3, expected 0 with a reverse model"):
        Translator(bundle(), reverse=back).translate("one", mbr=3)
    with pytest.raises(UsageError, match="reverse_weight is -1, expected a number from 0 to 100"):
        Translator(bundle(), reverse=back, reverse_weight=-1).translate("one")


OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "n_best": st.integers(1, 4),
        "length_normalisation": st.sampled_from(["none", "average", "wu"]),
        "coverage_penalty": st.sampled_from([0.0, 0.3]),
        "repetition_penalty": st.sampled_from([1.0, 1.4, 10.0]),
        "no_repeat_ngram": st.integers(0, 2),
        "min_length": st.integers(0, 9),
        "min_length_factor": st.sampled_from([0.0, 1.0, 2.0]),
        "temperature": st.sampled_from([0.0, 0.01, 1.0, 100.0]),
    },
)
SHARED = Translator(bundle())


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(st.text(max_size=10), st.sampled_from(TEXTS)), OPTIONS, st.booleans(), st.integers(0, 3))
def test_any_text_with_any_options_gives_an_answer(
    text: str, options: dict[str, Any], risk: bool, top_k: int
) -> None:
    if risk and not options.get("coverage_penalty"):
        options["mbr"] = 4
    if options.get("temperature"):
        options |= {"top_k": top_k, "top_p": 0.9}
    with torch.inference_mode(), cpu_seconds(2):
        best = SHARED.translate(text, **options)
    texts = [str(one) for one in (best, *best.alternatives)]
    assert len(set(texts)) == len(texts) <= options.get("n_best", 1)
    assert all(one.score == one.score for one in (best, *best.alternatives))
    assert str(best) == str(SHARED.translate([text, "one"], **options)[0])
