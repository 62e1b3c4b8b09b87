"""The tokenizer: no text is lost, seeds hold, spans tile, odd files do not crash training."""

from __future__ import annotations

import random
import re
import threading
import unicodedata
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest
import sentencepiece
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from seq2seq.errors import DataError, ModelError
from seq2seq.text.tokenizer import LONGEST, Tokenizer, WordSpan, _origins

ENGLISH = (
    "the a old young big small red green man woman dog child house street river city reads sees paints finds "
    "sells follows quickly slowly today yesterday and but because with under without"
)
CHINESE = "我 你 他 我们 喜欢 不 看 书 苹果 老师 学校 今天 昨天 去 买 了 很 大 小 的 中国 猫"


def make_sentences(count: int, seed: int = 0) -> list[str]:
    """English-looking and Chinese sentences, alternately."""
    chance = random.Random(seed)
    sentences = []
    for number in range(count):
        if number % 2:
            sentences.append("".join(chance.choices(CHINESE.split(), k=6)) + chance.choice("。！？"))
        else:
            words = " ".join(chance.choices(ENGLISH.split(), k=7))
            sentences.append(f"{words.capitalize()}, {chance.randrange(100)} cafés{chance.choice('.!?')}")
    return sentences


SENTENCES = make_sentences(600)
KINDS = [(kind, form) for kind in ("unigram", "bpe") for form in ("identity", "nfc")]


@pytest.fixture(scope="module", params=KINDS, ids=["-".join(kind) for kind in KINDS])
def tokenizer(request: pytest.FixtureRequest) -> Tokenizer:
    kind, form = request.param
    return Tokenizer.train(SENTENCES, vocab_size=520, kind=kind, normalization=form)


@pytest.fixture(scope="module")
def unigram() -> Tokenizer:
    return Tokenizer.train(SENTENCES, vocab_size=520)


# Whatever the vocabulary lacks, whatever the trainer or SentencePiece treats apart.
ODD = [
    *(
        "",
        " ",
        "  ",
        " a",
        "a ",
        " a ",
        "a  b",
        "   a   b   ",
        "\n",
        "a\nb",
        "\r\n",
        "\t",
        "a\tb",
        "\v\f",
        "\x1c\x85",
    ),
    *(
        "\0",
        "a\0b",
        "\x01\x7f",
        "\u2581",
        "\u2581a",
        "a\u2581b",
        " \u2581 ",
        "\u2581\u2581 the",
        "the \u2581man",
    ),
    *(
        "<s>",
        "</s>",
        "<pad>",
        "<unk>",
        "<0x41>",
        " <s> x </s>",
        "the <unk> man",
        "\u2047",
        "\u2585",
        "\ufffd",
        "▅x",
    ),
    *(
        "\u00a0",
        "\u202f!",
        "\u2028",
        "\u2029",
        "\u3000x",
        "\u200b",
        "\u200d",
        "\ufeffthe",
        "\u00ad",
        "\u202ea",
    ),
    *(
        "😀",
        "👩‍👩‍👧‍👦",
        "🇫🇷",
        "e\u0301",
        "é",
        "\u0301",
        "a\u0323\u0307",
        "a\u0307\u0323",
        "한글",
        "\u1112\u1161\u11ab",
        "\u212b",
    ),
    *(
        "你好，世界？",
        "我们喜欢猫。",
        "สวัสดี",
        "שלום",
        "مرحبا",
        "\U0010ffff",
        "\uffff",
        "\ue000",
        "𝔘",
        "x" * 5000,
    ),
    *("\u0958", "\u0344", "\u0f73", "\U0001d15e"),
]

characters = st.one_of(
    st.sampled_from(
        [" ", "\u2581", "\0", "\t", "\n", "<s>", "<0x41>", "the", "我们", "é", "e\u0301", "\u1112\u1161"]
    ),
    st.sampled_from(["\u11ab", "\u0323", "\u0307", "\u3000", "，", "\u0958", "\u0344"]),
    st.characters(exclude_categories=["Cs"]),
)
texts = st.lists(characters, max_size=40).map("".join)

# Wall-clock limits say nothing on a busy machine.
patient = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def check_tiling(text: str, spans: Sequence[tuple[int, int]]) -> None:
    """Spans stand one after the other from the start of `text` to its end."""
    assert "".join(text[start:end] for start, end in spans) == text
    assert [start for start, _ in spans] == [0, *(end for _, end in spans)][: len(spans)]
    assert all(start <= end for start, end in spans)


class TestLosslessness:
    @pytest.mark.parametrize("text", ODD)
    def test_odd_text_comes_back(self, tokenizer: Tokenizer, text: str) -> None:
        form = unicodedata.normalize("NFC", text) if tokenizer.normalization == "nfc" else text
        assert tokenizer.decode(tokenizer.encode(text)) == form
        for seed in range(3):
            assert tokenizer.decode(tokenizer.encode(text, sample=True, seed=seed)) == form
        assert tokenizer.normalize(text) == form

    @patient
    @given(st.lists(texts, max_size=5), st.integers(0, 2**32))
    def test_any_text_comes_back(self, tokenizer: Tokenizer, batch: list[str], seed: int) -> None:
        forms = [tokenizer.normalize(text) for text in batch]
        ids = tokenizer.encode_batch(batch)
        assert tokenizer.decode_batch(ids) == forms
        assert ids == [tokenizer.encode(text) for text in batch]
        sampled = tokenizer.encode_batch(batch, sample=True, seed=seed)
        assert tokenizer.decode_batch(sampled) == forms

    def test_alone_as_in_a_batch(self, tokenizer: Tokenizer) -> None:
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

    def test_a_word_is_the_same_everywhere(self, tokenizer: Tokenizer) -> None:
        once = tokenizer.encode("the")
        assert tokenizer.encode("the the") == once * 2

    def test_nothing_is_unknown(self, tokenizer: Tokenizer) -> None:
        assert all(min(ids) > 3 for ids in tokenizer.encode_batch([text for text in ODD if text]))

    @pytest.mark.parametrize("text", ["\ud800", "ab\udfffc", "é\ud83d"])
    def test_lone_surrogate(self, tokenizer: Tokenizer, text: str) -> None:
        with pytest.raises(ValueError, match=r"lone surrogate U\+D[0-9A-F]{3} at character \d"):
            tokenizer.encode_batch(["fine", text])

    def test_nfc_is_declared_in_the_model(self, tokenizer: Tokenizer) -> None:
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

    def test_symbols_vanish(self, unigram: Tokenizer) -> None:
        ids = unigram.encode("the man")
        assert unigram.decode([2, *ids, 3, 0, 0]) == "the man"
        assert unigram.pieces([2, *ids[:1], 3]) == ["<s>", "▁the", "</s>"]
        assert unigram.decode([]) == ""

    @pytest.mark.parametrize("ids", [[-1], [520], [5, 9999]])
    def test_unknown_ids(self, unigram: Tokenizer, ids: list[int]) -> None:
        for use in (unigram.decode, unigram.pieces, unigram.decode_spans, unigram.words):
            with pytest.raises(ValueError, match="expected 0 to 519"):
                use(ids)


class TestSampling:
    def test_same_seed_same_splits(self, tokenizer: Tokenizer) -> None:
        batch = SENTENCES[:50]
        first = tokenizer.encode_batch(batch, sample=True, seed=7)
        tokenizer.encode_batch(batch[:13], sample=True, seed=8)
        tokenizer.encode_batch(batch)
        assert tokenizer.encode_batch(batch, sample=True, seed=7) == first
        assert tokenizer.encode_batch(batch, sample=True, seed=8) != first
        assert first != tokenizer.encode_batch(batch)

    def test_without_a_seed_splits_differ(self, tokenizer: Tokenizer) -> None:
        first, second = (tokenizer.encode_batch(SENTENCES[:50], sample=True) for _ in range(2))
        assert first != second

    @pytest.mark.parametrize("seed", [0, 2**32 - 1, 2**32, -5, 10**30])
    def test_any_whole_number_is_a_seed(self, unigram: Tokenizer, seed: int) -> None:
        first = unigram.encode_batch(SENTENCES[:20], sample=True, seed=seed)
        unigram.encode_batch(SENTENCES[:20], sample=True, seed=3)
        assert unigram.encode_batch(SENTENCES[:20], sample=True, seed=seed) == first

    def test_threads_do_not_disturb_each_other(self, unigram: Tokenizer) -> None:
        expected = {seed: unigram.encode_batch(SENTENCES, sample=True, seed=seed) for seed in range(4)}
        found: dict[int, list[list[list[int]]]] = {seed: [] for seed in expected}

        def work(seed: int) -> None:
            found[seed] += [unigram.encode_batch(SENTENCES, sample=True, seed=seed) for _ in range(5)]

        threads = [threading.Thread(target=work, args=(seed,)) for seed in expected]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == {seed: [ids] * 5 for seed, ids in expected.items()}

    def test_no_dropout_is_the_best_split(self) -> None:
        bpe = Tokenizer.train(SENTENCES, vocab_size=450, kind="bpe")
        assert bpe.encode_batch(SENTENCES, sample=True, alpha=0.0, seed=1) == bpe.encode_batch(SENTENCES)
        letters = bpe.encode("house", sample=True, alpha=1.0, seed=1)
        assert bpe.pieces(letters) == ["▁", *"house"]

    @pytest.mark.parametrize("alpha", [-0.1, 1.5, float("nan")])
    def test_wrong_alpha(self, unigram: Tokenizer, alpha: float) -> None:
        with pytest.raises(ValueError, match=r"alpha is .*, expected 0 to 1"):
            unigram.encode("a", sample=True, alpha=alpha, seed=1)


class TestSpansAndWords:
    @patient
    @given(texts)
    def test_spans_tile(self, tokenizer: Tokenizer, text: str) -> None:
        ids, spans = tokenizer.spans(text)
        assert ids == tokenizer.encode(text)
        assert len(ids) == len(spans)
        check_tiling(text, spans)

    @patient
    @given(texts)
    def test_words_are_what_stands_between_spaces(self, tokenizer: Tokenizer, text: str) -> None:
        words = tokenizer.words(text)
        assert all(word.text == text[word.start : word.end] for word in words)
        assert "".join(word.text for word in words) == "".join(text.split())
        assert all(left.end <= right.start for left, right in pairwise(words))
        assert not words or words[0].pieces.start == 0
        for left, right in pairwise(words):
            assert right.pieces.start <= left.pieces.stop <= right.pieces.stop  # none lies between them
        _, spans = tokenizer.spans(text)
        for word in words:
            first, last = spans[word.pieces[0]], spans[word.pieces[-1]]
            assert first[0] <= word.start
            assert word.end <= last[1]

    @given(st.text("abcdefgh ,.é\t\n", max_size=60))
    @patient
    def test_words_of_spaced_scripts(self, tokenizer: Tokenizer, text: str) -> None:
        assert [word.text for word in tokenizer.words(text)] == text.split()

    def test_words_by_hand(self, unigram: Tokenizer) -> None:
        # "▁the" "▁" "▁man" then the emoji: "▁" and four bytes, then a space that ends the text
        text = "the  man 😀 "
        ids, spans = unigram.spans(text)
        assert unigram.pieces(ids) == ["▁the", "▁", "▁man", "▁", "<0xF0>", "<0x9F>", "<0x98>", "<0x80>", "▁"]
        assert spans == [(0, 3), (3, 4), (4, 8), (8, 9), (9, 9), (9, 9), (9, 9), (9, 10), (10, 11)]
        expected = (
            WordSpan("the", 0, 3, range(1)),
            WordSpan("man", 5, 8, range(1, 3)),
            WordSpan("😀", 9, 10, range(3, 8)),
        )
        assert unigram.words(text) == expected
        assert unigram.words([*ids, 3]) == expected

    def test_chinese_pieces_are_words(self, unigram: Tokenizer) -> None:
        text = "我们喜欢猫。 the cat，我"
        words = unigram.words(text)
        assert [word.text for word in words if not word.text.isascii()][:2] == ["我们", "喜欢"]
        assert {"the", "cat", "，", "我"} <= {word.text for word in words}
        shown = unigram.pieces(unigram.encode(text))
        assert all("".join(shown[word.pieces.start : word.pieces.stop]).strip("▁") for word in words)

    def test_chinese_bytes_are_one_word(self, unigram: Tokenizer) -> None:
        words = unigram.words("我龘猫")  # the middle one is not in the vocabulary
        assert [word.text for word in words] == ["我", "龘", "猫"]
        assert len(words[1].pieces) == 3

    def test_spans_point_into_the_text_as_typed(self) -> None:
        nfc = Tokenizer.train(SENTENCES, vocab_size=450, normalization="nfc")
        text = "cafe\u0301s \u1112\u1161\u11ab a\u0307\u0323 the"
        assert [word.text for word in nfc.words(text)] == text.split()
        ids, spans = nfc.spans(text)
        assert ids == nfc.encode(unicodedata.normalize("NFC", text))
        check_tiling(text, spans)
        position = text.index("the")
        assert spans[-1] == (position - 1, position + 3)

    @patient
    @given(texts)
    @example("a\u0f73\u0300")  # the grave goes to the a, over a mark whose parts only are marks
    def test_every_boundary_has_its_origin(self, text: str) -> None:
        origins = _origins(text)
        assert len(origins) == len(unicodedata.normalize("NFC", text)) + 1
        assert (origins[0], origins[-1]) == (0, len(text))
        assert origins == sorted(origins)


class TestTraining:
    def test_same_input_same_file(self) -> None:
        one, other = (Tokenizer.train(iter(SENTENCES), vocab_size=450).to_bytes() for _ in range(2))
        assert one == other

    def test_sample_of_a_stream(self) -> None:
        def train(seed: int) -> Tokenizer:
            return Tokenizer.train(iter(SENTENCES), vocab_size=400, max_sentences=200, seed=seed)

        trained = train(1)
        assert trained.report is not None
        assert (trained.report.read, trained.report.used) == (600, 200)
        assert trained.to_bytes() == train(1).to_bytes()
        assert trained.to_bytes() != train(2).to_bytes()

    @pytest.mark.parametrize("kind", ["unigram", "bpe"])
    def test_too_many_pieces(self, kind: str) -> None:
        trained = Tokenizer.train(SENTENCES, vocab_size=50_000, kind=kind)
        assert trained.report is not None
        assert 400 < trained.vocab_size == trained.report.pieces < 50_000 == trained.report.asked
        assert "50000 asked for" in str(trained.report)

    @pytest.mark.parametrize("kind", ["unigram", "bpe"])
    def test_too_few_pieces_are_raised_to_what_the_characters_need(self, kind: str) -> None:
        trained = Tokenizer.train(SENTENCES, vocab_size=100, kind=kind)
        alphabet = set("".join(SENTENCES))  # with the space
        assert trained.vocab_size == 4 + 256 + len(alphabet)
        assert "100 asked for, the text has more different characters" in str(trained.report)

    @pytest.mark.parametrize("kind", ["unigram", "bpe"])
    @pytest.mark.parametrize("characters", [200, 700])
    def test_many_different_han_characters_train(self, kind: str, characters: int) -> None:
        lines = [chr(0x4E00 + number) + chr(0x4E01 + number) for number in range(characters)]
        trained = Tokenizer.train(lines, vocab_size=400, kind=kind)
        assert all(trained.decode(trained.encode(line)) == line for line in lines)
        assert trained.vocab_size >= 400

    @pytest.mark.parametrize("kind", ["unigram", "bpe"])
    def test_odd_files(self, kind: str, capfd: pytest.CaptureFixture[str]) -> None:
        odd = [
            *ODD,
            "\ud800x",
            "x" * 1_000_000,
            "".join(map(chr, range(1, 3000))),
            "\0" * 9000,
            "我" * 5000,
        ] * 3
        trained = Tokenizer.train([*odd, *SENTENCES], vocab_size=4000, kind=kind, max_sentences=1000)
        report = trained.report
        assert report is not None
        assert report.empty == sum(not re.sub("[\0▁▅]", " ", text).strip() for text in odd)
        assert report.cut == sum(len(text) > LONGEST for text in odd)
        assert report.repaired == sum(bool(re.search("[\0\t▁▅\ud800]", text[:LONGEST])) for text in odd)
        assert report.used == report.read - report.empty
        assert trained.decode_batch(trained.encode_batch(ODD)) == ODD
        assert capfd.readouterr() == ("", "")

    @pytest.mark.parametrize(
        "text", ["a", "<s>", "我", "\u0301", "\n", "😀", "x" * 3000, "a b", "\ufeff", "\u2047"]
    )
    def test_next_to_nothing(self, text: str) -> None:
        try:
            trained = Tokenizer.train([text], vocab_size=300)
        except DataError:
            assert not text.strip()
        else:
            assert trained.decode(trained.encode("the 我 \u2581")) == "the 我 \u2581"

    @pytest.mark.parametrize("sentences", [[], [""], [" ", "\t", "\0", "\u2581"]])
    def test_nothing(self, sentences: list[str]) -> None:
        with pytest.raises(DataError, match=f"{len(sentences)} sentences read"):
            Tokenizer.train(sentences, vocab_size=300)

    def test_rare_characters_of_large_alphabets_are_bytes(self) -> None:
        han = [chr(0x4E00 + number) for number in range(1000)]
        chance = random.Random(0)
        lines = ["".join(chance.choices(han, k=20)) for _ in range(400)] + ["龘"]
        trained = Tokenizer.train(lines, vocab_size=1300)
        assert trained.report is not None
        assert trained.report.character_coverage == 0.9995
        assert len(trained.encode("龘")) == 4
        full = Tokenizer.train(lines, vocab_size=1300, character_coverage=1.0)
        assert len(full.encode("龘")) <= 2

    def test_wrong_settings(self) -> None:
        for wrong in ({"kind": "word"}, {"normalization": "nfkc"}, {"max_sentences": 0}, {"vocab_size": 0}):
            with pytest.raises(ValueError, match=f"{next(iter(wrong))} .*expected"):
                Tokenizer.train(SENTENCES, **{"vocab_size": 400, **wrong})  # type: ignore[arg-type]

    def test_an_error_of_the_stream_comes_through(self) -> None:
        def broken() -> object:
            yield "a b c"
            raise DataError("a.txt:2: broken")

        with pytest.raises(DataError, match=r"a\.txt:2"):
            Tokenizer.train(broken(), vocab_size=300)  # type: ignore[arg-type]


class TestFiles:
    def test_round_trip(self, tokenizer: Tokenizer, tmp_path: Path) -> None:
        tokenizer.save(tmp_path / "joint.model")
        again = Tokenizer.load(tmp_path / "joint.model")
        assert again.to_bytes() == tokenizer.to_bytes() == (tmp_path / "joint.model").read_bytes()
        assert again.vocab_size == tokenizer.vocab_size == 520
        assert again.encode_batch(SENTENCES) == tokenizer.encode_batch(SENTENCES)
        seeded = [one.encode_batch(SENTENCES, sample=True, seed=3) for one in (again, tokenizer)]
        assert seeded[0] == seeded[1]

    def test_missing(self, tmp_path: Path) -> None:
        with pytest.raises(ModelError, match=r"none\.model: cannot be read"):
            Tokenizer.load(tmp_path / "none.model")

    def test_damaged(self, unigram: Tokenizer, tmp_path: Path) -> None:
        good = unigram.to_bytes()
        path = tmp_path / "source.model"
        for bad in (b"", b"x", b"\0" * 100, good[:1], good[: len(good) // 2], good[:-1], good[::-1], b"{}"):
            path.write_bytes(bad)
            with pytest.raises(ModelError, match=re.escape(str(path))):
                Tokenizer.load(path)

    def test_flipped_bits_never_crash(self, unigram: Tokenizer) -> None:
        good, chance = unigram.to_bytes(), random.Random(0)
        refused = 0
        for _ in range(300):
            bad = bytearray(good)
            bad[chance.randrange(len(bad))] ^= 1 << chance.randrange(8)
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
        with pytest.raises(ModelError, match=r"other\.model: a SentencePiece model, but"):
            Tokenizer.load(f"{prefix}.model")
