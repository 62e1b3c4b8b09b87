"""The public API: text in, text out; the same answer alone and in any batch; honest scores; nothing lost."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seq2seq import Translator
from seq2seq.bundle.model_directory import Bundle
from seq2seq.config import DecodingConfig, ModelConfig
from seq2seq.nn.model import build_model
from seq2seq.text.segmentation import split_text
from seq2seq.text.tokenizer import Tokenizer
from tests import tiny

TEXT = "the old man reads a small book in his garden and sleeps near two green trees every day"
WORDS = TEXT.split(" ")


def build(**kinds: Any) -> Translator:
    """Random weights, scaled up so that the answers are varied and far from ties."""
    chance = random.Random(1)
    texts = [" ".join(chance.choices(WORDS, k=8)) + "." for _ in range(200)]
    tokenizer = Tokenizer.train(texts, vocab_size=360)
    sizes = {"source_vocab_size": tokenizer.vocab_size, "target_vocab_size": tokenizer.vocab_size}
    torch.manual_seed(5)
    model = build_model(
        ModelConfig(embedding_size=24, encoder_size=16, decoder_size=24, attention_size=16, **sizes, **kinds)
    )
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(1.8)
    decoding = DecodingConfig(max_length_factor=1.0, max_length_extra=4, max_source_length=60)
    return Translator(Bundle(model, tokenizer, tokenizer, decoding, (("en", "fr"),)))


@pytest.fixture(scope="module")
def translator() -> Translator:
    return build()


def sentences(number: int, longest: int) -> list[str]:
    chance = random.Random(9)
    return [" ".join(chance.choices(WORDS, k=chance.randint(1, longest))) for _ in range(number)]


@pytest.mark.parametrize("beam_size", [1, 5])
def test_alone_is_in_a_batch(translator: Translator, beam_size: int) -> None:
    """Promise 1: any batch size and order. A miss counts as fine only when both answers score within 1e-5."""
    texts = sentences(60, 40)
    alone = translator.translate(texts, batch_size=1, beam_size=beam_size)
    misses = 0
    for batch_size in (7, 32, 128):
        order = random.Random(batch_size).sample(range(len(texts)), len(texts))
        found = translator.translate([texts[i] for i in order], batch_size=batch_size, beam_size=beam_size)
        for index, other in zip(order, found, strict=True):
            one = alone[index]
            assert other.score == pytest.approx(one.score, abs=1e-4)
            if one.target_tokens != other.target_tokens:
                misses += 1
                assert (
                    abs(forced(translator, texts[index], one) - forced(translator, texts[index], other))
                    < 1e-5
                )
    print(f"{misses} ties of {3 * len(texts)}")


def forced(translator: Translator, text: str, translation: object) -> float:
    """Log probability of a translation's own pieces, all time steps at once."""
    model = translator.target_tokenizer
    pieces = translation.target_tokens[:-1]  # type: ignore[attr-defined]
    ids = {piece: index for index, piece in enumerate(model.pieces(range(model.vocab_size)))}
    source = translator.source_tokenizer.encode(text)
    return tiny.forced_log_probs(translator.model, [source], [[ids[piece] for piece in pieces]])[0]


def test_scores_are_honest(translator: Translator) -> None:
    """Promise 3: forced decoding gives each n-best item's score; sorted, no two alike."""
    for text in sentences(10, 12):
        best = translator.translate(text, n_best=5)
        items = [best, *best.alternatives]
        assert len(items) == 5 and len({tuple(item.target_tokens) for item in items}) == 5
        assert [item.score for item in items] == sorted((item.score for item in items), reverse=True)
        for item in items:
            assert item.log_prob == pytest.approx(forced(translator, text, item), abs=1e-4)
            assert item.score == pytest.approx(item.log_prob / len(item.target_tokens), abs=1e-6)
            assert 0 < item.confidence <= 1


def test_beam_1_is_greedy(translator: Translator) -> None:
    """Against a loop of argmaxes over whole prefixes, all time steps at once."""
    for text in sentences(20, 10):
        source = translator.source_tokenizer.encode(text)
        best = translator.translate(text, beam_size=1)
        tokens: list[int] = []
        limit = len(source) + 4
        while len(tokens) < limit - 1:
            given = torch.tensor([[Tokenizer.bos_id, *tokens]])
            with torch.no_grad():
                logits = translator.model(
                    torch.tensor([[*source, Tokenizer.eos_id]]),
                    torch.tensor([len(source) + 1]),
                    given,
                    torch.ones_like(given, dtype=torch.bool),
                )[-1]
            logits[[Tokenizer.pad_id, Tokenizer.unk_id, Tokenizer.bos_id]] = -torch.inf
            token = int(logits.argmax())
            if token == Tokenizer.eos_id:
                break
            tokens.append(token)
        assert best.target_tokens[:-1] == translator.target_tokenizer.pieces(tokens)


def test_attention_and_words(translator: Translator) -> None:
    for text in sentences(10, 12):
        found = translator.translate(text)
        assert found.attention is not None
        assert found.attention.shape == (len(found.target_tokens), len(found.source_tokens))
        assert found.attention.dtype.name == "float32"
        assert found.attention.sum(1) == pytest.approx(1, abs=1e-5)
        assert [text[w.start : w.end] for w in found.source_words] == [w.text for w in found.source_words]
        assert [found.text[w.start : w.end] for w in found.words] == [w.text for w in found.words]
        assert [w.text for w in found.source_words] == text.split()
        assert sorted(target for _, target in found.alignment) == list(range(len(found.words)))
        assert all(0 <= source < len(found.source_words) for source, _ in found.alignment)


def test_odd_texts(translator: Translator) -> None:
    texts = [
        "",
        " ",
        "\n",
        "the\n\nman",
        "  old  man ",
        "\t",
        "▁",
        "<s> </s>",
        "😀" * 3,
        "x" * 300,
        "\0",
        "a\r",
    ]
    found = translator.translate(texts)
    assert len(found) == len(texts)
    assert [found[i].text for i in (0, 1, 2)] == ["", " ", "\n"]
    assert found[3].text.count("\n") == 2
    assert translator.translate([]) == []


def test_very_long_text_is_split_and_joined(translator: Translator) -> None:
    text = " ".join(sentences(1, 1) * 3 + [*WORDS] * 600)
    assert len(translator.source_tokenizer.encode(text)) > 10_000
    found = translator.translate(text, beam_size=1, max_source_length=100)
    assert [word.text for word in found.source_words] == text.split(" ")
    assert found.attention is not None and len(found.attention) == len(found.target_tokens)


LOADED = build()


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=80), st.integers(min_value=1, max_value=12))
def test_parts_rebuild_the_text(text: str, limit: int) -> None:
    parts = split_text(text, LOADED.source_tokenizer, max_pieces=limit)
    rebuilt, position = "", 0
    for part in parts:
        assert text[part.start : part.start + len(part.text)] == part.text
        gap = text[position : part.start]
        assert not gap.strip()
        rebuilt += gap + part.text + part.separator
        position = part.start + len(part.text) + len(part.separator)
        assert len(part.ids) <= 2 * limit + 1 or len(part.text) == 1  # split anew, a part may take more
    assert rebuilt.split() == text.split()


def test_stream_ends_with_the_translation(translator: Translator) -> None:
    text = "the old man reads\na small book"
    partial = list(translator.stream(text))
    assert len(partial) > 3
    assert partial[-1].text == translator.translate(text).text


def test_files(translator: Translator, tmp_path: Path) -> None:
    source, target = tmp_path / "in.txt", tmp_path / "out.txt"
    source.write_bytes("the man\r\n\nold\u2028book\nsleeps".encode())
    assert translator.translate_file(source, target, buffer=2) == 4
    lines = target.read_text(encoding="utf-8").split("\n")
    assert len(lines) == 5 and lines[1] == "" and lines[4] == ""
    assert lines[0] == translator.translate("the man").text


def test_save_and_load(translator: Translator, tmp_path: Path) -> None:
    """Promise 6: bitwise."""
    translator.save_pretrained(tmp_path / "copy")
    copy = Translator.from_pretrained(tmp_path / "copy")
    for one, other in zip(translator.model.parameters(), copy.model.parameters(), strict=True):
        assert torch.equal(one, other)
    assert copy.decoding == translator.decoding and copy.source_language == "en"
    texts = sentences(20, 12)
    assert [t.text for t in copy.translate(texts)] == [t.text for t in translator.translate(texts)]


def test_wrong_calls(translator: Translator) -> None:
    with pytest.raises(ValueError, match="unknown option 'beamsize'; did you mean 'beam_size'"):
        translator.translate("the man", beamsize=3)
    with pytest.raises(ValueError, match="beam_size is 0"):
        translator.translate("the man", beam_size=0)
    with pytest.raises(ValueError, match="n_best is 6"):
        translator.translate("the man", n_best=6)
    with pytest.raises(ValueError, match="text 1 is of type int"):
        translator.translate(["the man", 3])  # type: ignore[list-item]


def test_prints_as_text(translator: Translator) -> None:
    found = translator.translate("the man")
    assert str(found) == found.text and f"{found}" == found.text


def test_defaults_can_be_replaced(translator: Translator, tmp_path: Path) -> None:
    translator.save_pretrained(tmp_path / "m")
    greedy = replace(translator.decoding, beam_size=1)
    assert Translator.from_pretrained(tmp_path / "m", decoding=greedy).decoding.beam_size == 1


@pytest.mark.parametrize("kinds", [{"attention": "none"}, {"attention": "local", "decoder": "input_feeding"}])
def test_other_networks(kinds: dict[str, str]) -> None:
    """Without attention nothing is aligned; in parts or not, texts come back whole."""
    translator = build(**kinds)
    results = translator.translate([*sentences(6, 8), "", " ".join(sentences(20, 20))], beam_size=3, n_best=2)
    assert results[6].text == "" and all(result.text for index, result in enumerate(results) if index != 6)
    for result in results[:6]:
        assert (result.attention is None) == (kinds["attention"] == "none") == (result.alignment == [])
        if result.attention is not None:
            assert float(result.attention.sum(1).max()) <= 1 + 1e-5
    assert [part.text for part in translator.stream("a b")][-1] == translator.translate("a b").text
