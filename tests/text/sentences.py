"""Sentences and odd texts that the tests of the tokenizer share."""

from __future__ import annotations

import random
from collections.abc import Sequence

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

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

# Characters that the vocabulary lacks, and what the trainer or SentencePiece treat specially.
# fmt: off
ODD = [
    "", " ", "  ", " a", "a ", " a ", "a  b", "   a   b   ", "\n", "a\nb", "\r\n", "\t", "a\tb", "\v\f",
    "\x1c\x85", "\0", "a\0b", "\x01\x7f", "\u2581", "\u2581a", "a\u2581b", " \u2581 ", "\u2581\u2581 the",
    "the \u2581man", "<s>", "</s>", "<pad>", "<unk>", "<0x41>", " <s> x </s>", "the <unk> man",
    "\u2047", "\u2585", "\ufffd", "▅x", "\u00a0", "\u202f!",
    "\u2028", "\u2029", "\u3000x", "\u200b", "\u200d", "\ufeffthe", "\u00ad", "\u202ea",
    "😀", "👩‍👩‍👧‍👦", "🇫🇷", "e\u0301", "é", "\u0301", "a\u0323\u0307", "a\u0307\u0323",
    "한글", "\u1112\u1161\u11ab", "\u212b",
    "你好，世界？", "我们喜欢猫。", "สวัสดี", "שלום", "مرحبا", "\U0010ffff", "\uffff",
    "\ue000", "𝔘", "x" * 5000, "\u0958", "\u0344", "\u0f73", "\U0001d15e",
]
# fmt: on

characters = st.one_of(
    st.sampled_from(
        [" ", "\u2581", "\0", "\t", "\n", "<s>", "<0x41>", "the", "我们", "é", "e\u0301", "\u1112\u1161"]
    ),
    st.sampled_from(["\u11ab", "\u0323", "\u0307", "\u3000", "，", "\u0958", "\u0344"]),
    st.characters(exclude_categories=["Cs"]),
)
texts = st.lists(characters, max_size=40).map("".join)

# No deadline: a busy machine makes any of them fail.
patient = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def check_tiling(text: str, spans: Sequence[tuple[int, int]]) -> None:
    """Assert that each span starts where the one before ends, from the start of `text` to its end."""
    assert "".join(text[start:end] for start, end in spans) == text
    assert [start for start, _ in spans] == [0, *(end for _, end in spans)][: len(spans)]
    assert all(start <= end for start, end in spans)
