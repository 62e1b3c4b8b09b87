"""Words and their pieces; positions before and after NFC."""

from __future__ import annotations

import unicodedata
from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from seq2seq.text.tokenizer import Tokenizer
from seq2seq.text.word_spans import WordSpan, nfc_boundaries
from tests.text.sentences import SENTENCES, check_tiling, patient, texts


class TestWords:
    @patient
    @given(texts)
    def test_spans_tile(self, tokenizer: Tokenizer, text: str) -> None:
        ids, spans = tokenizer.spans(text)
        assert ids == tokenizer.encode(text)
        assert len(ids) == len(spans)
        check_tiling(text, spans)

    @patient
    @given(texts)
    def test_words_are_the_text_between_spaces(self, tokenizer: Tokenizer, text: str) -> None:
        words = tokenizer.words(text)
        assert all(word.text == text[word.start : word.end] for word in words)
        assert "".join(word.text for word in words) == "".join(text.split())
        assert all(left.end <= right.start for left, right in pairwise(words))
        assert not words or words[0].pieces.start == 0
        for left, right in pairwise(words):
            assert right.pieces.start <= left.pieces.stop <= right.pieces.stop  # no piece between them
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
        # "▁the" "▁" "▁man", the emoji as "▁" and four bytes, and a space at the end
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

    def test_spans_are_positions_in_the_text_before_nfc(self) -> None:
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
    @example("a\u0f73\u0300")  # the grave accent combines with the a
    def test_nfc_boundaries_cover_the_text(self, text: str) -> None:
        boundaries = nfc_boundaries(text)
        assert len(boundaries) == len(unicodedata.normalize("NFC", text)) + 1
        assert (boundaries[0], boundaries[-1]) == (0, len(text))
        assert boundaries == sorted(boundaries)
