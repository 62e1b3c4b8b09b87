"""Parts of a text through a model: what is kept comes out, at its place, whatever the model says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from seq2seq import Translator, part_translator
from seq2seq.bundle.model_directory import Bundle
from seq2seq.config import ModelConfig
from seq2seq.nn.model import build_model
from seq2seq.preparation.lexicon import Lexicon
from seq2seq.text.tokenizer import Tokenizer
from tests.preparation.verbatim_sentences import lost_spans, verbatim_sentences

SENTENCES = [sentence.text for sentence in verbatim_sentences(300, seed=1)]
WORDS = Lexicon.count(SENTENCES)


def untrained(placeholders: int, words: Lexicon = WORDS, *, seed: int = 0) -> Translator:
    """A translator that says nonsense."""
    tokenizer = Tokenizer.train(SENTENCES, vocab_size=700, placeholders=placeholders)
    torch.manual_seed(seed)
    size = tokenizer.vocab_size
    config = ModelConfig(
        embedding_size=16,
        encoder_size=16,
        decoder_size=16,
        attention_size=16,
        source_vocab_size=size,
        target_vocab_size=size,
    )
    model = build_model(config)
    bundle = Bundle(model, tokenizer, tokenizer, directions=(("en", "fr"),), source_words=words)
    return Translator(replace(bundle, target_words=words))


@pytest.fixture(scope="module", params=[8, 1, 0], ids=["8", "1", "0 placeholders"])
def translator(request: pytest.FixtureRequest) -> Translator:
    return untrained(request.param)


def test_any_model_keeps_what_is_to_be_kept(translator: Translator) -> None:
    sentences = [s for s in verbatim_sentences(60, seed=9) if s.language == "en"]
    translations = translator.translate([s.text for s in sentences], beam_size=2)
    for sentence, translation in zip(sentences, translations, strict=True):
        lost = [span for span in lost_spans(sentence, translation.text, "fr") if span.kind != "number"]
        assert lost == [], (sentence.text, translation.text)


def test_places_of_words_fit_both_texts(translator: Translator) -> None:
    text = "Teh dog is at https://a.example/x now 😀. ANNA HAS 3 CATS.\n\n- Ich habe keine Zeit."
    translation = translator.translate(text)
    assert [text[w.start : w.end] for w in translation.source_words] == [
        w.text for w in translation.source_words
    ]
    assert [translation.text[w.start : w.end] for w in translation.words] == [
        w.text for w in translation.words
    ]
    assert all(
        source < len(translation.source_words) and target < len(translation.words)
        for source, target in translation.alignment
    )


def test_a_stream_ends_with_the_translation(translator: Translator) -> None:
    text = f"{SENTENCES[0]} 😀\n{SENTENCES[1]} {SENTENCES[1]}"
    *partial, last = translator.stream(text)
    whole = translator.translate(text)
    assert (last.text, last.source_words) == (whole.text, whole.source_words)
    assert last.log_prob == pytest.approx(whole.log_prob, rel=1e-5)
    assert len(partial) >= 2
    assert len(partial[0].text) <= len(partial[-1].text)


def test_equal_parts_are_equal_wherever_they_stand(translator: Translator) -> None:
    one = translator.translate("Where is it? Where is it?")
    words = one.source_words
    assert [w.text for w in words[:3]] == [w.text for w in words[3:]]
    assert words[3].start - words[0].start == len("Where is it? ")


def test_the_batch_changes_no_translation(translator: Translator) -> None:
    texts = ["Go to https://a.example/x.", "I see Xiomara.", "My dog 😀 sleeps.", "", "Hello {name}, 3 of 4!"]
    together = translator.translate(texts)
    assert [t.text for t in together] == [translator.translate(text).text for text in texts]


def test_notes_of_a_text_are_collected() -> None:
    translation = untrained(8).translate("Ich habe gar keine Lust. Warum denn nicht?")
    assert translation.note == "this does not look like English"
    assert translation.text == "Ich habe gar keine Lust. Warum denn nicht?"
    assert translation.to_dict()["note"] == translation.note


def test_a_translation_without_invented_words_comes_first() -> None:
    translator = untrained(8)
    words = translator.bundle.target_words
    for text in SENTENCES[:10]:
        best = translator.translate(text, n_best=5, verbatim=True)
        counts = [len(words.invented(t.text, source=text)) for t in [best, *best.alternatives]]
        assert counts[0] == min(counts) or not best.alternatives


def test_shouted_text_gets_a_shouted_answer() -> None:
    translation = untrained(8).translate("THE DOG IS AT a.txt")
    assert "a.txt" in translation.text
    assert translation.text.replace("a.txt", "").upper() == translation.text.replace("a.txt", "")


def test_without_verbatim_all_goes_through_the_model() -> None:
    translation = untrained(8).translate("你好 😀", verbatim=False)
    assert translation.source_tokens[:-1] and translation.note == ""


def test_other_hypotheses_are_searched_when_the_best_has_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    searches = []
    decode = part_translator.decode

    def counted(*arguments: Any, **options: Any) -> Any:
        searches.append((options.get("best_only", False), len(options["sources"])))
        return decode(*arguments, **options)

    monkeypatch.setattr(part_translator, "decode", counted)
    translator = untrained(0, Lexicon())  # knows of no invented words
    translator.translate(["One dog.", "Two cats."], beam_size=3)
    assert searches == [(True, 2)]
    searches.clear()
    translator.translate("One dog.", beam_size=3, n_best=2)
    assert searches == [(False, 1)]
    searches.clear()
    bundle = replace(translator.bundle, target_words=Lexicon([("nothing", 1)]))
    Translator(bundle).translate("One dog.", beam_size=3)  # invents all its words
    assert searches[:2] == [(True, 1), (False, 1)]
