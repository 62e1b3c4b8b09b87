"""The public API: translations alone and in batches, wrong calls, files, copies, directions."""

from __future__ import annotations

import copy
import errno
import os
import pickle
import random
from collections.abc import Callable, Iterator
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
from seq2seq.decoding.decode import decode, forbidden_tokens
from seq2seq.errors import DataError, RunError, UsageError
from seq2seq.nn.model import build_model
from seq2seq.text.segmentation import split_text
from seq2seq.text.tokenizer import Tokenizer
from seq2seq.translation import MOST_WEIGHTS
from tests import tiny

TEXT = "the old man reads a small book in his garden and sleeps near two green trees every day"
WORDS = TEXT.split(" ")


def build(**kinds: Any) -> Translator:
    """A model with random weights, which are scaled so that its translations vary and are far from ties."""
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
def test_a_text_is_translated_alike_alone_and_in_any_batch(translator: Translator, beam_size: int) -> None:
    """In any batch and order. Another answer is allowed only if both have the same probability (1e-5)."""
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
    """Log probability of the pieces of a translation, all time steps at once."""
    model = translator.target_tokenizer
    pieces = translation.target_tokens[:-1]  # type: ignore[attr-defined]
    ids = {piece: index for index, piece in enumerate(model.pieces(range(model.vocab_size)))}
    source = translator.source_tokenizer.encode(text)
    return tiny.forced_log_probs(translator.model, [source], [[ids[piece] for piece in pieces]])[0]


MANY = [pytest.mark.slow, pytest.mark.timeout(1200)]


@pytest.mark.parametrize("number", [10, pytest.param(1000, marks=MANY)])
def test_scores_equal_those_of_forced_decoding(translator: Translator, number: int) -> None:
    """Forced decoding gives the score of each n-best item; the list is sorted, and no two items are equal."""
    lists = 0
    for text in sentences(number, 12):
        best = translator.translate(text, n_best=5)
        items = [best, *best.alternatives]
        assert len(items) <= 5 and len({item.text for item in items}) == len(items)
        lists += len(items) > 1  # the bytes of a few texts are no characters, so that all look alike
        assert [item.score for item in items] == sorted((item.score for item in items), reverse=True)
        for item in items:
            assert item.log_prob == pytest.approx(forced(translator, text, item), abs=1e-4)
            assert item.score == pytest.approx(item.log_prob / len(item.target_tokens), abs=1e-6)
            assert 0 < item.confidence <= 1
    assert lists > 0.9 * number


@pytest.mark.parametrize("number", [20, pytest.param(1000, marks=MANY)])
def test_a_beam_of_one_is_greedy_search(translator: Translator, number: int) -> None:
    """Compared with a loop that takes the argmax after the whole prefix, all time steps at once."""
    for text in sentences(number, 10):
        source = translator.source_tokenizer.encode(text)
        best = translator.translate(text, beam_size=1, max_repeats=0)
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


def test_attention_and_words_fit_the_texts(translator: Translator) -> None:
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


@pytest.mark.parametrize("beam_size", [1, 2, 5, 50])
def test_odd_texts_are_translated_and_blank_ones_kept(translator: Translator, beam_size: int) -> None:
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
    found = translator.translate(texts, beam_size=beam_size)
    assert len(found) == len(texts)
    assert [found[i].text for i in (0, 1, 2)] == ["", " ", "\n"]
    assert found[3].text.count("\n") == 2
    assert translator.translate([]) == []


def test_a_very_long_text_is_split_and_joined(translator: Translator) -> None:
    text = " ".join(sentences(1, 1) * 3 + [*WORDS] * 600)
    assert len(translator.source_tokenizer.encode(text)) > 10_000
    found = translator.translate(text, beam_size=1, max_source_length=100)
    assert [word.text for word in found.source_words] == text.split(" ")
    size = len(found.target_tokens) * len(found.source_tokens)
    assert size > MOST_WEIGHTS and found.attention is None  # it would take the square of the length
    found = translator.translate(text[:2000], beam_size=1, max_source_length=100)
    assert found.attention is not None
    assert found.attention.shape == (len(found.target_tokens), len(found.source_tokens))


LOADED = build()


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=80), st.integers(min_value=1, max_value=12))
def test_the_parts_of_a_text_rebuild_it(text: str, limit: int) -> None:
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


def test_what_a_stream_calls_stable_stays(translator: Translator) -> None:
    inside = 0
    for text in ("The old man reads. A small book. He sleeps.", *sentences(199, 5)):
        partial = list(translator.stream(text, beam_size=2))
        stable = [one.stable for one in partial]
        assert stable == sorted(stable) and stable[-1] == len(partial[-1].text)
        assert all(partial[-1].text.startswith(one.text[: one.stable]) for one in partial)
        assert partial[-1].text == translator.translate(text, beam_size=2).text
        inside += any(0 < number < stable[-1] for number in stable)
    assert inside > 30  # it also grows inside a sentence


def test_an_iterable_of_texts_gives_a_list(translator: Translator) -> None:
    texts = ["the man", "", "a small book"]
    expected = translator.translate(texts)
    assert [result.text == "" for result in expected] == [False, True, False]
    assert translator.translate(text for text in texts) == expected
    assert translator.translate(tuple(texts)) == expected
    assert translator.translate(dict.fromkeys(texts).keys()) == expected
    assert translator.translate(iter([])) == []


@pytest.mark.parametrize(
    "text", [None, b"the man", bytearray(b"a"), {"the man": 1}, {"the man"}, 5, Path("a")]
)
def test_a_text_of_a_wrong_type_is_refused(translator: Translator, text: Any) -> None:
    with pytest.raises(TypeError, match=f"text is of type {type(text).__name__}, expected str") as error:
        translator.translate(text)
    assert isinstance(error.value, UsageError)


@pytest.mark.parametrize("item", [None, 3, b"the man", ["the man"]])
def test_an_item_of_a_wrong_type_is_named_by_its_index(translator: Translator, item: Any) -> None:
    with pytest.raises(TypeError, match=f"text 2 is of type {type(item).__name__}, expected str") as error:
        translator.translate(["the man", "", item])
    assert isinstance(error.value, UsageError)
    with pytest.raises(UsageError, match="line 2 is of type"):
        list(translator.translate_lines(["the man", "", item], buffer=1))


def test_a_lone_surrogate_is_refused(translator: Translator) -> None:
    with pytest.raises(UsageError, match=r"text 1 has the lone surrogate U\+D83D at character 4"):
        translator.translate(["the man", "the \ud83d man"])
    with pytest.raises(UsageError, match=r"text has the lone surrogate U\+DCE9 at character 3"):
        translator.translate("caf\udce9")


WRONG_OPTIONS: list[tuple[dict[str, Any], str]] = [
    ({"beamsize": 3}, "unknown option 'beamsize'; did you mean 'beam_size'"),
    ({"warmth": 3}, "unknown option 'warmth'; expected one of beam_size, n_best"),
    ({"beam_size": 0}, "beam_size is 0, expected"),
    ({"beam_size": 2.0}, r"beam_size is 2\.0, expected"),
    ({"beam_size": "5"}, "beam_size is '5', expected"),
    ({"beam_size": True}, "beam_size is True, expected"),
    ({"beam_size": None}, "beam_size is None, expected"),
    ({"n_best": 6}, "n_best is 6, expected"),
    ({"length_penalty": float("nan")}, "length_penalty is nan, expected"),
    ({"max_length_factor": float("inf")}, "max_length_factor is inf, expected"),
    ({"max_length_extra": 0}, "max_length_extra is 0, expected"),
    ({"batch_size": 10**30}, "batch_size is 1000000000000000000000000000000, expected"),
    ({"target_language": "de"}, r"target_language is 'de', expected .* \(directions: en-fr\)"),
    ({"target_language": 5}, "target_language is 5, expected a text"),
]


@pytest.mark.parametrize(("options", "message"), WRONG_OPTIONS)
def test_a_wrong_option_is_refused_before_any_work(
    translator: Translator, tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    def texts() -> Iterator[str]:
        pytest.fail("a text was read")
        yield ""

    target = tmp_path / "out.txt"
    target.write_text("precious")
    (tmp_path / "in.txt").write_text("the man")
    calls: list[Callable[..., Any]] = [
        lambda: translator.translate(texts(), **options),
        lambda: translator.translate("", **options),
        lambda: translator.stream("the man", **options),
        lambda: translator.translate_lines(texts(), **options),
        lambda: translator.translate_file(tmp_path / "in.txt", target, **options),
    ]
    for call in calls:
        with pytest.raises(UsageError, match=message):
            call()
    assert target.read_text() == "precious"


@pytest.mark.parametrize("buffer", [0, -1, 2.0, "5", True, None])
def test_a_wrong_buffer_is_refused(translator: Translator, tmp_path: Path, buffer: Any) -> None:
    (tmp_path / "in.txt").write_text("the man")
    message = f"buffer is {buffer!r}, expected a whole number from 1"
    with pytest.raises(UsageError, match=message):
        translator.translate_lines(["the man"], buffer=buffer)
    with pytest.raises(UsageError, match=message):
        translator.translate_file(tmp_path / "in.txt", tmp_path / "out.txt", buffer=buffer)
    assert not (tmp_path / "out.txt").exists()


@pytest.mark.parametrize("lines", ["the man", b"the man", {"the man"}, None])
def test_lines_of_a_wrong_type_are_refused(translator: Translator, lines: Any) -> None:
    with pytest.raises(
        TypeError, match=f"lines is of type {type(lines).__name__}, expected an iterable of str"
    ):
        translator.translate_lines(lines)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"threads": -1}, "threads is -1, expected"),
        ({"threads": "2"}, "threads is '2', expected"),
        ({"threads": 2.0}, r"threads is 2\.0, expected"),
        ({"threads": 100_000}, "threads is 100000, expected"),
        ({"device": "meta"}, "device is 'meta', expected"),
    ],
)
def test_wrong_resources_are_refused_before_the_model_is_read(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Translator.from_pretrained("no such model", **options)


def test_no_number_of_threads_leaves_it_as_it_is(translator: Translator, tmp_path: Path) -> None:
    translator.save_pretrained(tmp_path / "m")
    before = torch.get_num_threads()
    for threads in (0, None):
        Translator.from_pretrained(tmp_path / "m", threads=threads)
        assert torch.get_num_threads() == before


def test_a_file_is_translated_line_by_line(translator: Translator, tmp_path: Path) -> None:
    source, target = tmp_path / "in.txt", tmp_path / "out.txt"
    source.write_bytes("the man\r\n\nold\u2028book\nsleeps".encode())
    assert translator.translate_file(source, target, buffer=2) == 4
    lines = target.read_text(encoding="utf-8").split("\n")
    assert len(lines) == 5 and lines[1] == "" and lines[4] == ""
    assert lines[0] == translator.translate("the man").text
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.txt", "out.txt"]


@pytest.mark.parametrize("link", ["the file itself", "symbolic link", "hard link"])
def test_a_file_can_be_translated_onto_itself(translator: Translator, tmp_path: Path, link: str) -> None:
    source, target = tmp_path / "text.txt", tmp_path / "link.txt"
    source.write_text("the man\nsleeps\n")
    expected = "".join(translator.translate(text).text + "\n" for text in ("the man", "sleeps"))
    if link == "symbolic link":
        target.symlink_to(source)
    elif link == "hard link":
        target.hardlink_to(source)
    else:
        target = source
    assert translator.translate_file(source, target) == 2
    assert target.read_text(encoding="utf-8") == expected
    assert source.exists()


def test_a_file_that_is_not_utf8_leaves_the_target_as_it_is(translator: Translator, tmp_path: Path) -> None:
    source, target = tmp_path / "in.txt", tmp_path / "out.txt"
    source.write_bytes(b"the man\nold book\ncaf\xe9\n")
    for before in (None, "precious"):
        if before is not None:
            target.write_text(before)
        with pytest.raises(
            DataError, match=r"in\.txt:3: byte 0xe9 found at byte 4 of the line, expected UTF-8"
        ):
            translator.translate_file(source, target, buffer=1)
        assert (target.read_text() if target.exists() else None) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.txt", "out.txt"]


def test_files_that_cannot_be_opened_are_named(translator: Translator, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nothing\.txt: cannot be read \(No such file or directory\)"):
        translator.translate_file(tmp_path / "nothing.txt", tmp_path / "out.txt")
    (tmp_path / "in.txt").write_text("the man")
    with pytest.raises(RunError, match="cannot be written"):
        translator.translate_file(tmp_path / "in.txt", tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.txt"]


def test_a_full_disk_leaves_the_target_as_it_is(
    translator: Translator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    (tmp_path / "in.txt").write_text("the man")
    (tmp_path / "out.txt").write_text("precious")
    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(RunError, match=r"out\.txt: cannot be written \(No space left on device\)"):
        translator.translate_file(tmp_path / "in.txt", tmp_path / "out.txt")
    assert (tmp_path / "out.txt").read_text() == "precious"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.txt", "out.txt"]


COPIES: list[Callable[[Any], Any]] = [
    copy.copy,
    copy.deepcopy,
    lambda value: pickle.loads(pickle.dumps(value)),
]


@pytest.mark.parametrize("make", COPIES, ids=["copy", "deepcopy", "pickle"])
def test_a_copy_of_a_translator_translates_alike(translator: Translator, make: Callable[[Any], Any]) -> None:
    other = make(translator)
    texts = sentences(5, 8)
    assert other.translate(texts) == translator.translate(texts)
    assert other.bundle.model is other.model and other.directions == (("en", "fr"),)


def test_a_deep_copy_has_its_own_weights(translator: Translator) -> None:
    other = copy.deepcopy(translator)
    expected = translator.translate("the man")
    with torch.no_grad():
        for parameter in other.model.parameters():
            parameter.zero_()
    assert translator.translate("the man") == expected


@pytest.fixture(scope="module")
def several() -> Translator:
    """A model of several directions."""
    bundle = tiny.bundle_of_directions(("en", "fr"), ("en", "de"), ("de", "en"), seed=3)
    with torch.no_grad():
        for parameter in bundle.model.parameters():
            parameter.mul_(3)
    return Translator(bundle)


def test_the_tag_of_the_target_language_stands_before_the_source(several: Translator) -> None:
    ids, tag = several.source_tokenizer.encode("one two"), several.source_tokenizer.tag_ids["de"]
    forbidden = forbidden_tokens(several.target_tokenizer)
    expected = decode(several.engine, [[tag, *ids]], several.decoding, forbidden=forbidden)[0][0]
    result = several.translate("one two", target_language="de")
    assert result.log_prob == pytest.approx(expected.log_prob, abs=1e-5)
    assert result.source_tokens == ["<2de>", *several.source_tokenizer.pieces(ids), "</s>"]
    assert [word.text for word in result.source_words] == ["one", "two"]
    assert result.attention is not None
    assert result.attention.shape == (len(result.target_tokens), len(result.source_tokens))
    assert result.attention.sum(1) == pytest.approx(1, abs=1e-5)
    assert {source for source, _ in result.alignment} <= {0, 1}


def test_the_target_language_decides_and_the_first_direction_is_the_default(several: Translator) -> None:
    by_language = {name: several.translate("one two", target_language=name) for name in ("fr", "de", "en")}
    assert len({result.log_prob for result in by_language.values()}) == 3
    assert several.translate("one two") == by_language["fr"]
    assert several.translate("one two", target_language="fr-CA") == by_language["fr"]
    assert several.translate(["one two"], target_language="de") == [by_language["de"]]
    assert list(several.translate_lines(["one two"], target_language="de")) == [by_language["de"]]
    assert list(several.stream("one two", target_language="de"))[-1] == by_language["de"]
    assert Translator(several.bundle, direction=("de", "en")).translate("one two") == by_language["en"]


def test_an_unknown_target_language_is_an_error_that_lists_the_directions(several: Translator) -> None:
    with pytest.raises(UsageError, match=r"'es', .*\(directions: en-fr, en-de, de-en\)"):
        several.translate("one", target_language="es")


def test_a_text_cannot_hold_a_tag(several: Translator) -> None:
    assert several.source_tokenizer.tag_ids["de"] not in several.source_tokenizer.encode("<2de> one")


def test_a_model_of_unknown_languages_translates(translator: Translator) -> None:
    unknown = Translator(replace(translator.bundle, directions=()))
    assert unknown.directions == () and unknown.source_language == unknown.target_language == ""
    assert unknown.translate("the man") == translator.translate("the man")
    with pytest.raises(UsageError, match=r"target_language is 'fr', .*\(directions: none\)"):
        unknown.translate("the man", target_language="fr")


def test_a_saved_model_translates_alike(translator: Translator, tmp_path: Path) -> None:
    """The weights are equal bit for bit, and so are the translations."""
    translator.save_pretrained(tmp_path / "copy")
    loaded = Translator.from_pretrained(tmp_path / "copy", engine="torch")
    for one, other in zip(translator.model.parameters(), loaded.model.parameters(), strict=True):
        assert torch.equal(one, other)
    assert loaded.decoding == translator.decoding and loaded.source_language == "en"
    texts = sentences(20, 12)
    assert [t.text for t in loaded.translate(texts)] == [t.text for t in translator.translate(texts)]


def test_a_model_can_be_saved_onto_its_own_directory(translator: Translator, tmp_path: Path) -> None:
    translator.save_pretrained(tmp_path / "m")
    loaded = Translator.from_pretrained(tmp_path / "m", engine="torch")
    loaded.save_pretrained(tmp_path / "m")
    expected = translator.translate("the man").text
    assert loaded.translate("the man").text == expected
    again = Translator.from_pretrained(tmp_path / "m", engine="torch")
    assert again.translate("the man").text == expected


def test_decoding_defaults_can_be_replaced(translator: Translator, tmp_path: Path) -> None:
    translator.save_pretrained(tmp_path / "m")
    greedy = replace(translator.decoding, beam_size=1)
    assert Translator.from_pretrained(tmp_path / "m", decoding=greedy).decoding.beam_size == 1


@pytest.mark.parametrize("kinds", [{"attention": "none"}, {"attention": "local", "decoder": "input_feeding"}])
def test_networks_without_full_attention_translate(kinds: dict[str, str]) -> None:
    """Without attention there is no alignment. Long texts are split and joined for every network."""
    translator = build(**kinds)
    results = translator.translate([*sentences(6, 8), "", " ".join(sentences(20, 20))], beam_size=3, n_best=2)
    assert results[6].text == "" and all(result.text for index, result in enumerate(results) if index != 6)
    for result in results[:6]:
        assert (result.attention is None) == (kinds["attention"] == "none") == (result.alignment == [])
        if result.attention is not None:
            assert float(result.attention.sum(1).max()) <= 1 + 1e-5
    assert [part.text for part in translator.stream("a b")][-1] == translator.translate("a b").text
