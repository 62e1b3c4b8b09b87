"""What a model decides of a training that starts from it, and what contradicts it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from seq2seq.bundle import model_directory
from seq2seq.bundle.starting import check_start, copy_start, start_directions, start_languages, start_settings
from seq2seq.config import DataConfig, DecodingConfig, ModelConfig, Settings, TrainingConfig
from seq2seq.errors import ModelError, UsageError
from seq2seq.text.tokenizer import Tokenizer
from tests import tiny

RECIPE = Settings(
    ModelConfig(dropout=0.35, encoder_size=99, tie_source=False),
    DataConfig(vocab_size=5000, joint=False, noise="lower=0.5"),
    TrainingConfig(epochs=3),
    DecodingConfig(beam_size=7, max_source_length=123),
)


def test_network_vocabulary_and_decoding_are_the_models_the_rest_the_recipes() -> None:
    bundle = replace(tiny.bundle(), decoding=DecodingConfig(beam_size=2, length_penalty=0.3))
    made = start_settings(bundle, RECIPE)
    assert made.model == replace(tiny.model_config(), dropout=0.35)
    assert (made.data.vocab_size, made.data.joint) == (tiny.tokenizer().vocab_size, True)
    assert (made.data.placeholders, made.data.normalization) == (0, "identity")
    assert made.data.noise == "lower=0.5"
    assert made.training == TrainingConfig(epochs=3)
    assert made.decoding == DecodingConfig(beam_size=2, length_penalty=0.3, max_source_length=123)


def test_placeholders_normalization_and_kind_of_the_tokenizer_are_kept() -> None:
    texts = [text for pair in tiny.pairs(200) for text in (pair.source, pair.target)]
    tokenizer = Tokenizer.train(texts, vocab_size=310, placeholders=3, normalization="nfc", kind="bpe")
    sizes = {"source_vocab_size": tokenizer.vocab_size, "target_vocab_size": tokenizer.vocab_size}
    record = {"settings": {"data": {"tokenizer": "bpe"}}}
    bundle = replace(tiny.bundle(**sizes), source=tokenizer, target=tokenizer, metrics=record)
    data = start_settings(bundle, Settings()).data
    assert (data.placeholders, data.normalization, data.tokenizer) == (3, "nfc", "bpe")


@pytest.mark.parametrize("record", [{}, {"settings": 3}, {"settings": {"data": {"tokenizer": ["bpe"]}}}])
def test_a_record_of_any_form_leaves_the_kind_of_the_tokenizer(record: dict[str, object]) -> None:
    data = start_settings(replace(tiny.bundle(), metrics=record), Settings()).data
    assert data.tokenizer == "unigram"


def test_settings_that_contradict_are_refused_by_name() -> None:
    bundle = tiny.bundle()
    fits = start_settings(bundle, Settings())
    check_start(bundle, fits, name="m")
    check_start(bundle, replace(fits, model=replace(fits.model, dropout=0.5)), name="m")
    check_start(bundle, replace(fits, decoding=DecodingConfig(beam_size=9)), name="m")
    wider = replace(fits, model=replace(fits.model, encoder_size=16))
    with pytest.raises(UsageError, match=r"model\.encoder_size is 16, but 8 in m"):
        check_start(bundle, wider, name="m")
    copying = replace(fits, data=replace(fits.data, placeholders=8))
    with pytest.raises(UsageError, match=r"data\.placeholders is 8, but 0 in m"):
        check_start(bundle, copying, name="m")


def test_languages_are_the_models_unless_they_contradict() -> None:
    bundle = tiny.bundle()
    assert start_languages(bundle, ("", ""), name="m") == ("en", "fr")
    assert start_languages(bundle, ("", "fr-CA"), name="m") == ("en", "fr-CA")
    with pytest.raises(UsageError, match="target language is 'de', but 'fr' in m"):
        start_languages(bundle, ("en", "de"), name="m")
    unknown = replace(bundle, directions=())
    assert start_languages(unknown, ("pt", ""), name="m") == ("pt", "")
    several = tiny.bundle_of_directions(("en", "fr"), ("fr", "en"))
    both = (("fr", "en"), ("en", "fr"))
    assert start_directions(several, both, name="m") == {direction: direction for direction in both}
    with pytest.raises(UsageError, match="m translates en-fr, fr-en, the training data is of en-fr"):
        start_languages(several, ("en", "fr"), name="m")
    with pytest.raises(UsageError, match="is of en-fr, en-de, expected two or more of its directions"):
        start_directions(several, (("en", "fr"), ("en", "de")), name="m")
    with pytest.raises(UsageError, match="the training data is of fr-en, en-fr, expected one direction"):
        start_directions(bundle, both, name="m")


def test_directions_of_a_training_get_the_names_that_the_model_has() -> None:
    several = tiny.bundle_of_directions(("en", "pt-BR"), ("en", "de"))
    named = {("en", "pt"): ("en", "pt-BR"), ("fr", "DE"): ("fr", "de")}
    assert start_directions(several, tuple(named), name="m") == named
    with pytest.raises(UsageError, match="is of en-pt, en-pt-BR, expected two or more of its directions"):
        start_directions(several, (("en", "pt"), ("en", "pt-BR")), name="m")


def test_the_copy_is_the_model(tmp_path: Path) -> None:
    model_directory.save(tmp_path / "model", tiny.bundle())
    settings = start_settings(tiny.bundle(), Settings())
    copy_start(str(tmp_path / "model"), tmp_path / "copy", settings)
    stored = (tmp_path / "model" / "model.safetensors").read_bytes()
    assert (tmp_path / "copy" / "model.safetensors").read_bytes() == stored
    assert model_directory.load(tmp_path / "copy").directions == (("en", "fr"),)


def test_no_copy_is_made_where_something_else_stands_or_of_what_does_not_fit(tmp_path: Path) -> None:
    model_directory.save(tmp_path / "model", tiny.bundle())
    settings = start_settings(tiny.bundle(), Settings())
    other = tmp_path / "other"
    other.mkdir()
    (other / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match="in the way"):
        copy_start(str(tmp_path / "model"), other, settings)
    assert (other / "notes.txt").read_text() == "mine"
    with pytest.raises(UsageError, match=r"model\.cell"):
        copy_start(str(tmp_path / "model"), tmp_path / "copy", Settings(ModelConfig(cell="lstm")))
    with pytest.raises(ModelError, match="no such folder"):
        copy_start(str(tmp_path / "none"), tmp_path / "copy", settings)
    assert not (tmp_path / "copy").exists()
