"""Training a tokenizer: sizes, samples, odd files, errors."""

from __future__ import annotations

import random
import re
import subprocess
import sys

import pytest

from seq2seq.errors import DataError
from seq2seq.text.tokenizer import Tokenizer
from seq2seq.text.tokenizer_training import MAX_CHARACTERS
from tests.text.sentences import ODD, SENTENCES


class TestTraining:
    def test_same_input_same_file(self) -> None:
        one, other = (Tokenizer.train(iter(SENTENCES), vocab_size=450).to_bytes() for _ in range(2))
        assert one == other

    @pytest.mark.parametrize("kind", ["unigram", "bpe"])
    def test_a_check_changes_nothing_and_ends_the_training(self, kind: str) -> None:
        calls = list[int]()
        watched = Tokenizer.train(SENTENCES, vocab_size=450, kind=kind, check=lambda: calls.append(1))
        assert watched.to_bytes() == Tokenizer.train(SENTENCES, vocab_size=450, kind=kind).to_bytes()
        assert calls

        def stop() -> None:
            raise SystemExit(143)

        with pytest.raises(SystemExit):
            Tokenizer.train(SENTENCES, vocab_size=450, kind=kind, check=stop)
        with pytest.raises(DataError, match="no text to learn"):
            Tokenizer.train([], vocab_size=450, kind=kind, check=stop)

    @pytest.mark.slow
    def test_a_process_ends_while_sentencepiece_learns(self) -> None:
        """100,000 sentences take it longer than the process may live."""
        program = """
import random, time
from seq2seq.text.tokenizer import Tokenizer
names = ["".join(random.choices("abcdefghijklmnop", k=6)) for _ in range(20_000)]
lines = [" ".join(random.choices(names, k=8)) for _ in range(100_000)]
calls = []
def check():
    calls.append(time.monotonic())
    if calls[-1] - calls[0] > 0.5:
        raise SystemExit(143)
Tokenizer.train(lines, vocab_size=8000, check=check)
"""
        ended = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=60, check=False)
        assert (ended.returncode, ended.stderr) == (143, b"")

    def test_a_sample_of_a_long_stream_depends_on_the_seed(self) -> None:
        def train(seed: int) -> Tokenizer:
            return Tokenizer.train(iter(SENTENCES), vocab_size=400, max_sentences=200, seed=seed)

        trained = train(1)
        assert trained.report is not None
        assert (trained.report.read, trained.report.used) == (600, 200)
        assert trained.to_bytes() == train(1).to_bytes()
        assert trained.to_bytes() != train(2).to_bytes()

    @pytest.mark.parametrize("kind", ["unigram", "bpe"])
    def test_fewer_pieces_if_the_text_has_no_more(self, kind: str) -> None:
        trained = Tokenizer.train(SENTENCES, vocab_size=50_000, kind=kind)
        assert trained.report is not None
        assert 400 < trained.vocab_size == trained.report.pieces < 50_000 == trained.report.requested
        assert "(50000 requested, the text has no more)" in str(trained.report)

    @pytest.mark.parametrize("kind", ["unigram", "bpe"])
    def test_a_small_vocabulary_is_raised_to_what_the_characters_need(self, kind: str) -> None:
        trained = Tokenizer.train(SENTENCES, vocab_size=100, kind=kind)
        alphabet = set("".join(SENTENCES))  # with the space
        assert trained.vocab_size == 4 + 256 + len(alphabet)
        assert trained.report is not None
        assert (trained.report.requested, trained.report.pieces) == (100, trained.vocab_size)
        assert "(raised from 100, too few for the different characters of the text)" in str(trained.report)

    @pytest.mark.parametrize("kind", ["unigram", "bpe"])
    @pytest.mark.parametrize(("characters", "expected"), [(200, 4 + 256 + 200 + 1), (700, None)])
    def test_a_small_vocabulary_is_raised_for_many_han_characters(
        self, kind: str, characters: int, expected: int | None
    ) -> None:
        han = [chr(0x4E00 + number) for number in range(characters)]
        generator = random.Random(0)
        lines = ["".join(generator.choices(han, k=12)) for _ in range(characters)] + ["".join(han)]
        trained = Tokenizer.train(lines, vocab_size=400, kind=kind)
        if expected is None:  # over 500 characters: the rarest may be bytes
            assert 400 < trained.vocab_size <= 4 + 256 + 700 + 1
        else:
            assert trained.vocab_size == expected
        assert all(trained.decode(trained.encode(line)) == line for line in lines)

    @pytest.mark.parametrize("kind", ["unigram", "bpe"])
    def test_odd_files_train_and_are_counted(self, kind: str, capfd: pytest.CaptureFixture[str]) -> None:
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
        assert report.cut == sum(len(text) > MAX_CHARACTERS for text in odd)
        assert report.repaired == sum(
            bool(re.search("[\0\t▁▅\ud800]", text[:MAX_CHARACTERS])) for text in odd
        )
        assert report.used == report.read - report.empty
        assert [trained.decode(ids) for ids in trained.encode_batch(ODD)] == ODD
        assert capfd.readouterr() == ("", "")

    @pytest.mark.parametrize(
        "text", ["a", "<s>", "我", "\u0301", "\n", "😀", "x" * 3000, "a b", "\ufeff", "\u2047"]
    )
    def test_one_short_text_trains(self, text: str) -> None:
        try:
            trained = Tokenizer.train([text], vocab_size=300)
        except DataError:
            assert not text.strip()
        else:
            assert trained.decode(trained.encode("the 我 \u2581")) == "the 我 \u2581"

    @pytest.mark.parametrize("sentences", [[], [""], [" ", "\t", "\0", "\u2581"]])
    def test_empty_text_is_an_error(self, sentences: list[str]) -> None:
        with pytest.raises(DataError, match=f"{len(sentences)} sentences read"):
            Tokenizer.train(sentences, vocab_size=300)

    def test_rare_characters_of_large_alphabets_are_bytes(self) -> None:
        han = [chr(0x4E00 + number) for number in range(1000)]
        generator = random.Random(0)
        lines = ["".join(generator.choices(han, k=20)) for _ in range(400)] + ["龘"]
        trained = Tokenizer.train(lines, vocab_size=1300)
        assert trained.report is not None
        assert trained.report.character_coverage == 0.9995
        assert len(trained.encode("龘")) == 4
        full = Tokenizer.train(lines, vocab_size=1300, character_coverage=1.0)
        assert len(full.encode("龘")) <= 2

    def test_settings_out_of_range_are_refused(self) -> None:
        for wrong in (
            {"kind": "word"},
            {"normalization": "nfkc"},
            {"max_sentences": 0},
            {"vocab_size": 0},
            {"tags": ("fr", "fr")},
        ):
            with pytest.raises(ValueError, match=f"{next(iter(wrong))} .*expected"):
                Tokenizer.train(SENTENCES, **{"vocab_size": 400, **wrong})  # type: ignore[arg-type]

    def test_an_error_of_the_stream_comes_through(self) -> None:
        def broken() -> object:
            yield "a b c"
            raise DataError("a.txt:2: broken")

        with pytest.raises(DataError, match=r"a\.txt:2"):
            Tokenizer.train(broken(), vocab_size=300)  # type: ignore[arg-type]
