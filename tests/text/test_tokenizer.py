"""The tokenizer loses no text, seeds hold, and damaged files are refused."""

from __future__ import annotations

import random
import re
import threading
import unicodedata
from pathlib import Path

import pytest
import sentencepiece
from hypothesis import example, given
from hypothesis import strategies as st

from seq2seq.errors import ModelError
from seq2seq.text.tokenizer import Tokenizer
from tests.limits import cpu_seconds
from tests.text.conftest import KINDS
from tests.text.sentences import ODD, SENTENCES, check_tiling, patient, texts


class TestLosslessness:
    @pytest.mark.parametrize("text", ODD)
    def test_odd_text_round_trips(self, tokenizer: Tokenizer, text: str) -> None:
        form = unicodedata.normalize("NFC", text) if tokenizer.normalization == "nfc" else text
        assert tokenizer.decode(tokenizer.encode(text)) == form
        for seed in range(3):
            assert tokenizer.decode(tokenizer.encode(text, sample=True, seed=seed)) == form
        assert tokenizer.normalize(text) == form

    @patient
    @given(st.lists(texts, max_size=5), st.integers(0, 2**32))
    def test_any_text_round_trips(self, tokenizer: Tokenizer, batch: list[str], seed: int) -> None:
        with cpu_seconds(2):
            forms = [tokenizer.normalize(text) for text in batch]
            ids = tokenizer.encode_batch(batch)
            assert list(map(tokenizer.decode, ids)) == forms
            assert ids == [tokenizer.encode(text) for text in batch]
            sampled = tokenizer.encode_batch(batch, sample=True, seed=seed)
            assert list(map(tokenizer.decode, sampled)) == forms

    def test_a_text_has_the_same_ids_alone_and_in_a_batch(self, tokenizer: Tokenizer) -> None:
        batch = [*SENTENCES[:50], *ODD]
        assert tokenizer.encode_batch(batch) == [tokenizer.encode(text) for text in batch]
        assert tokenizer.encode_batch([]) == []

    def test_typed_symbols_are_text(self, tokenizer: Tokenizer) -> None:
        for text in ("<s>", "</s>", "<pad>", "<unk>"):
            assert not {0, 1, 2, 3} & set(tokenizer.encode(f"the {text}{text}"))
        assert 4 + 0x41 not in tokenizer.encode("the <0x41>")

    def test_symbols_in_the_training_text_are_text(self) -> None:
        trained = Tokenizer.train(["<s> <0x41> </s> <pad> a"] * 50 + SENTENCES[:50], vocab_size=420)
        for text in ("<s> <0x41> </s>", "<s>"):
            assert trained.decode(trained.encode(text)) == text
            assert not {0, 1, 2, 3, 4 + 0x41} & set(trained.encode(text))

    def test_block_character_is_three_bytes(self, tokenizer: Tokenizer) -> None:
        ids = tokenizer.encode("a\u2581b")
        assert tokenizer.pieces(ids)[-4:-1] == ["<0xE2>", "<0x96>", "<0x81>"]

    def test_a_word_has_the_same_pieces_everywhere(self, tokenizer: Tokenizer) -> None:
        once = tokenizer.encode("the")
        assert tokenizer.encode("the the") == once * 2

    def test_nothing_is_unknown(self, tokenizer: Tokenizer) -> None:
        assert all(min(ids) > 3 for ids in tokenizer.encode_batch([text for text in ODD if text]))

    @pytest.mark.parametrize("text", ["\ud800", "ab\udfffc", "é\ud83d"])
    def test_a_lone_surrogate_is_refused(self, tokenizer: Tokenizer, text: str) -> None:
        with pytest.raises(ValueError, match=r"lone surrogate U\+D[0-9A-F]{3} at character \d"):
            tokenizer.encode_batch(["fine", text])

    def test_the_model_stores_its_normalisation(self, tokenizer: Tokenizer) -> None:
        again = Tokenizer.from_bytes(tokenizer.to_bytes())
        assert again.normalization == tokenizer.normalization
        form = "é" if tokenizer.normalization == "nfc" else "e\u0301"
        assert again.decode(again.encode("e\u0301")) == form


class TestDecoding:
    @patient
    @given(st.lists(st.integers(0, 519), max_size=30))
    @example([4 + 0xE2, 4 + 0x96, 300, 4 + 0xF0, 3])
    @example([4 + 0xE2, 4 + 0x96])
    def test_any_ids_decode_and_tile(self, unigram: Tokenizer, ids: list[int]) -> None:
        text, spans = unigram.decode_spans(ids)
        assert text == unigram.decode(ids)
        assert len(spans) == len(ids)
        check_tiling(text, spans)
        assert "".join(word.text for word in unigram.words(ids)) == "".join(text.split())

    def test_agrees_with_sentencepiece(self, unigram: Tokenizer) -> None:
        theirs = sentencepiece.SentencePieceProcessor(model_proto=unigram.to_bytes())
        for text in [*SENTENCES[:50], "😀 <s>", "a  b"]:
            assert unigram.encode(text) == theirs.encode(" " + text)
            assert " " + unigram.decode(unigram.encode(text)) == theirs.decode(unigram.encode(text))

    def test_symbols_decode_to_nothing(self, unigram: Tokenizer) -> None:
        ids = unigram.encode("the man")
        assert unigram.decode([2, *ids, 3, 0, 0]) == "the man"
        assert unigram.pieces([2, *ids[:1], 3]) == ["<s>", "▁the", "</s>"]
        assert unigram.decode([]) == ""

    @pytest.mark.parametrize("ids", [[-1], [520], [5, 9999]])
    def test_ids_outside_the_vocabulary_are_refused(self, unigram: Tokenizer, ids: list[int]) -> None:
        for use in (unigram.decode, unigram.pieces, unigram.decode_spans, unigram.words):
            with pytest.raises(ValueError, match="expected 0 to 519"):
                use(ids)


class TestSampling:
    def test_the_same_seed_gives_the_same_ids(self, tokenizer: Tokenizer) -> None:
        batch = SENTENCES[:50]
        first = tokenizer.encode_batch(batch, sample=True, seed=7)
        tokenizer.encode_batch(batch[:13], sample=True, seed=8)
        tokenizer.encode_batch(batch)
        assert tokenizer.encode_batch(batch, sample=True, seed=7) == first
        assert tokenizer.encode_batch(batch, sample=True, seed=8) != first
        assert first != tokenizer.encode_batch(batch)

    def test_without_a_seed_calls_differ(self, tokenizer: Tokenizer) -> None:
        first, second = (tokenizer.encode_batch(SENTENCES[:50], sample=True) for _ in range(2))
        assert first != second

    @pytest.mark.parametrize("seed", [0, 2**32 - 1, 2**32, -5, 10**30])
    def test_any_whole_number_is_a_seed(self, unigram: Tokenizer, seed: int) -> None:
        first = unigram.encode_batch(SENTENCES[:20], sample=True, seed=seed)
        unigram.encode_batch(SENTENCES[:20], sample=True, seed=3)
        assert unigram.encode_batch(SENTENCES[:20], sample=True, seed=seed) == first

    def test_threads_do_not_disturb_each_other(self, unigram: Tokenizer) -> None:
        expected = {seed: unigram.encode_batch(SENTENCES, sample=True, seed=seed) for seed in range(4)}
        actual: dict[int, list[list[list[int]]]] = {seed: [] for seed in expected}

        def work(seed: int) -> None:
            actual[seed] += [unigram.encode_batch(SENTENCES, sample=True, seed=seed) for _ in range(5)]

        threads = [threading.Thread(target=work, args=(seed,)) for seed in expected]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert actual == {seed: [ids] * 5 for seed, ids in expected.items()}

    def test_bpe_without_dropout_is_the_best_segmentation(self) -> None:
        bpe = Tokenizer.train(SENTENCES, vocab_size=450, kind="bpe")
        assert bpe.encode_batch(SENTENCES, sample=True, alpha=0.0, seed=1) == bpe.encode_batch(SENTENCES)
        letters = bpe.encode("house", sample=True, alpha=1.0, seed=1)
        assert bpe.pieces(letters) == ["▁", *"house"]

    @pytest.mark.parametrize("alpha", [-0.1, 1.5, float("nan")])
    def test_alpha_out_of_range_is_refused(self, unigram: Tokenizer, alpha: float) -> None:
        with pytest.raises(ValueError, match=r"alpha is .*, expected 0 to 1"):
            unigram.encode("a", sample=True, alpha=alpha, seed=1)


class TestFiles:
    def test_round_trip(self, tokenizer: Tokenizer, tmp_path: Path) -> None:
        tokenizer.save(tmp_path / "joint.model")
        again = Tokenizer.load(tmp_path / "joint.model")
        assert again.to_bytes() == tokenizer.to_bytes() == (tmp_path / "joint.model").read_bytes()
        assert again.vocab_size == tokenizer.vocab_size == 520
        assert again.encode_batch(SENTENCES) == tokenizer.encode_batch(SENTENCES)
        seeded = [one.encode_batch(SENTENCES, sample=True, seed=3) for one in (again, tokenizer)]
        assert seeded[0] == seeded[1]

    def test_a_missing_file_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(ModelError, match=r"none\.model: cannot be read"):
            Tokenizer.load(tmp_path / "none.model")

    def test_damaged_files_are_refused(self, unigram: Tokenizer, tmp_path: Path) -> None:
        good = unigram.to_bytes()
        path = tmp_path / "source.model"
        for bad in (b"", b"x", b"\0" * 100, good[:1], good[: len(good) // 2], good[:-1], good[::-1], b"{}"):
            path.write_bytes(bad)
            with pytest.raises(ModelError, match=re.escape(str(path))):
                Tokenizer.load(path)

    def test_flipped_bits_never_crash(self, unigram: Tokenizer) -> None:
        good, generator = unigram.to_bytes(), random.Random(0)
        refused = 0
        for _ in range(300):
            bad = bytearray(good)
            bad[generator.randrange(len(bad))] ^= 1 << generator.randrange(8)
            try:
                Tokenizer.from_bytes(bytes(bad)).encode_batch(SENTENCES[:2])
            except ModelError:
                refused += 1
        assert 100 < refused < 300

    def test_models_of_others_are_refused(self, tmp_path: Path) -> None:
        prefix = str(tmp_path / "other")
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(SENTENCES), model_prefix=prefix, vocab_size=200, minloglevel=2
        )
        with pytest.raises(ModelError, match=r"other\.model: a SentencePiece model with other symbols"):
            Tokenizer.load(f"{prefix}.model")


TAGS = ("fr", "de", "pt-BR")
TAGGED_LINES = [*SENTENCES, *["<2fr> the <2de>the", "<2<2fr>fr> <2pt-BR>"] * 50]


@pytest.fixture(scope="module", params=KINDS, ids=["-".join(kind) for kind in KINDS])
def tagged(request: pytest.FixtureRequest) -> Tokenizer:
    kind, form = request.param
    return Tokenizer.train(TAGGED_LINES, vocab_size=520, kind=kind, normalization=form, tags=TAGS)


class TestTags:
    """Control symbols for the target languages of a model with several."""

    def test_tags_are_the_last_ids(self, tagged: Tokenizer) -> None:
        assert tagged.vocab_size == 520
        assert tagged.tag_ids == {"fr": 517, "de": 518, "pt-BR": 519}
        assert tagged.pieces([517, 518, 519]) == ["<2fr>", "<2de>", "<2pt-BR>"]
        assert tagged.report is not None and tagged.report.pieces == 520

    @pytest.mark.parametrize(
        "text", ["<2fr>", " <2fr>", "the <2de> man", "<2pt-BR><2fr>", "<2fr>\u2581<2de>"]
    )
    def test_a_typed_tag_is_ordinary_text(self, tagged: Tokenizer, text: str) -> None:
        for seed in range(20):
            for ids in (tagged.encode(text), tagged.encode(text, sample=True, seed=seed, alpha=0.3)):
                assert not set(ids) & set(tagged.tag_ids.values())
                assert tagged.decode(ids) == text

    @patient
    @given(
        st.lists(
            st.sampled_from(["<", "2", "fr", "de", ">", "<2fr>", "<2pt-BR>", " ", "the", "\u2581"]),
            max_size=20,
        )
    )
    def test_no_text_becomes_a_tag(self, tagged: Tokenizer, parts: list[str]) -> None:
        ids = tagged.encode("".join(parts))
        assert tagged.decode(ids) == "".join(parts)
        assert not set(ids) & set(tagged.tag_ids.values())

    def test_tags_decode_to_nothing(self, tagged: Tokenizer) -> None:
        ids = tagged.encode("the man")
        assert tagged.decode([517, *ids, 3, 518]) == "the man"
        text, spans = tagged.decode_spans([517, *ids])
        assert (text, spans[0]) == ("the man", (0, 0))

    def test_tags_are_stored(self, tagged: Tokenizer) -> None:
        again = Tokenizer.from_bytes(tagged.to_bytes())
        assert (again.tag_ids, again.normalization) == (tagged.tag_ids, tagged.normalization)
        assert again.encode_batch(TAGGED_LINES) == tagged.encode_batch(TAGGED_LINES)

    def test_tags_change_no_other_piece(self) -> None:
        plain = Tokenizer.train(SENTENCES, vocab_size=450)
        tagged = Tokenizer.train(SENTENCES, vocab_size=452, tags=("fr", "de"))
        assert plain.tag_ids == {}
        assert tagged.pieces(range(450)) == plain.pieces(range(450))
        assert tagged.encode_batch(SENTENCES) == plain.encode_batch(SENTENCES)

    @pytest.mark.parametrize("tag", ["", "f r", "<2fr>", "fr>", "-", "x" * 40, "fr\n"])
    def test_tags_that_are_no_language_are_refused(self, tag: str) -> None:
        with pytest.raises(ValueError, match=r"^tag is "):
            Tokenizer.train(SENTENCES, vocab_size=450, tags=[tag])
