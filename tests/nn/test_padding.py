"""Token lists of different lengths as one tensor."""

from __future__ import annotations

import torch

from seq2seq.nn.padding import PAD_ID, pad
from seq2seq.text.tokenizer import Tokenizer
from tests import tiny


def test_the_padding_id_is_that_of_the_tokenizer() -> None:
    assert PAD_ID == Tokenizer.pad_id == tiny.tokenizer().pad_id


def test_pad_fills_up_the_shorter_lists() -> None:
    tokens, lengths = pad([[5, 6, 7], [8], []])
    assert tokens.tolist() == [[5, 6, 7], [8, 0, 0], [0, 0, 0]] and tokens.dtype == torch.int64
    assert lengths.tolist() == [3, 1, 0]
    assert pad([[5], [6, 7]], pad_id=9)[0].tolist() == [[5, 9], [6, 7]]
