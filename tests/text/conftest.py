"""Small tokenizers, trained once per module."""

from __future__ import annotations

import pytest

from seq2seq.text.tokenizer import Tokenizer
from tests.text.sentences import SENTENCES

KINDS = [(kind, form) for kind in ("unigram", "bpe") for form in ("identity", "nfc")]


@pytest.fixture(scope="module", params=KINDS, ids=["-".join(kind) for kind in KINDS])
def tokenizer(request: pytest.FixtureRequest) -> Tokenizer:
    kind, form = request.param
    return Tokenizer.train(SENTENCES, vocab_size=520, kind=kind, normalization=form)


@pytest.fixture(scope="module")
def unigram() -> Tokenizer:
    return Tokenizer.train(SENTENCES, vocab_size=520)
