"""Shortlists: what is in them, that a sentence has the same answer in any batch, and who uses all pieces."""

from __future__ import annotations

import random
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch

from seq2seq.config import DecodingConfig
from seq2seq.decoding.decode import FORBIDDEN, decode
from seq2seq.decoding.following import Following
from seq2seq.engines.onnx_engine import OnnxEngine
from seq2seq.engines.shortlist import Shortlist, train_shortlist
from tests import tiny

SIZE = 40
SEARCH = DecodingConfig(beam_size=4, max_length_factor=1.0, max_length_extra=5)


@cache
def table() -> Shortlist:
    made = train_shortlist(tiny.pairs(400, seed=2), tiny.tokenizer(), tiny.tokenizer(), size=SIZE)
    assert made is not None
    return made


def engine(number_type: Any = "int8", *, listed: bool = True) -> OnnxEngine:
    model = tiny.bundle(seed=4, cell="lstm", encoder_layers=2).model
    return OnnxEngine(model, number_type, table() if listed else None)


def sources(number: int) -> list[list[int]]:
    return [tiny.tokenizer().encode(pair.source) for pair in tiny.pairs(number, seed=5)]


def test_the_translation_of_each_word_is_likely() -> None:
    tokenizer = tiny.tokenizer()
    for english, french in zip(tiny.ENGLISH, tiny.FRENCH, strict=True):
        candidates = set(table().candidates([*tokenizer.encode(english), tokenizer.eos_id]).tolist())
        assert candidates >= {*tokenizer.encode(french), tokenizer.eos_id}


def test_candidates_by_hand() -> None:
    """Symbol 3, usual piece 10; source piece 0 has 20 and 21, piece 1 has 22, 23 and 20; 30 to 34 are
    frequent."""
    lists = [3], [10], [10, 30, 31, 32, 33], [20, 21, 22, 23, 20], [0, 2, 5, 5]
    shortlist = Shortlist(*map(np.array, lists))
    assert shortlist.candidates([2]).tolist() == [3, 10, 30, 31, 32]
    assert shortlist.candidates([0, 0, 2]).tolist() == [3, 10, 20, 21, 30]
    assert shortlist.candidates([1, 0, 2]).tolist() == [3, 10, 20, 22, 23]  # 22, 20, 23
    assert shortlist.candidates([0, 1, 2]).tolist() == [3, 10, 20, 21, 22]  # 20, 22, then 21


def test_every_sentence_has_as_many_different_candidates() -> None:
    chance = random.Random(1)
    for length in (0, 1, 5, 60):
        candidates = table().candidates([*(chance.randrange(300) for _ in range(length)), 3]).tolist()
        assert len(set(candidates)) == len(candidates) == SIZE
        assert candidates[0] == tiny.tokenizer().eos_id and not {*FORBIDDEN} & {*candidates}


def test_a_small_vocabulary_has_no_table() -> None:
    assert train_shortlist(tiny.pairs(50), tiny.tokenizer(), tiny.tokenizer()) is None


@torch.inference_mode()
@pytest.mark.parametrize("number_type", ["int8", "float32"])
def test_scores_are_those_of_all_pieces_but_for_the_normaliser(number_type: str) -> None:
    one, batch = engine(number_type), [[*ids, 3] for ids in sources(6)]
    bos = torch.full((len(batch), 1), 2)
    listed, full = one.step(bos, one.start_listed(batch)), one.step(bos, one.start(batch))
    assert listed.candidates is not None and full.candidates is None
    logits, candidates = torch.as_tensor(full.logits), torch.as_tensor(listed.candidates)
    expected = logits.gather(2, candidates.unsqueeze(1)).log_softmax(-1)
    torch.testing.assert_close(torch.as_tensor(listed.logits), expected, atol=2e-6, rtol=0)


@pytest.mark.parametrize("beam_size", [1, 4])
def test_a_sentence_has_the_same_answer_and_score_in_any_batch(beam_size: int) -> None:
    one, texts, config = engine(), sources(60), replace(SEARCH, beam_size=beam_size)
    alone = [decode(one, [source], config)[0] for source in texts]
    for size in (3, 60):
        order = random.Random(size).sample(range(60), 60)
        together = decode(one, [texts[row] for row in order], replace(config, batch_size=size))
        assert together == [alone[row] for row in order]  # tokens and all floats, bit for bit


def test_translations_hold_candidates_alone() -> None:
    one, texts = engine(), sources(40)
    for source, hypotheses in zip(texts, decode(one, texts, replace(SEARCH, n_best=4)), strict=True):
        candidates = set(table().candidates([*source, 3]).tolist())
        assert all(candidates.issuperset(found.tokens) for found in hypotheses)


def test_loops_end_as_with_all_pieces() -> None:
    """The random network repeats itself; the rule about repetition finds the columns of its tokens."""
    config = replace(SEARCH, max_length_extra=60, max_repeats=2)
    for (best, *_), source in zip(decode(engine(), sources(20), config), sources(20), strict=True):
        assert len(best.tokens) <= len(source) + 60
        last = best.tokens[-9:]
        assert len(last) < 9 or len(set(last)) > 1


@pytest.mark.parametrize(
    ("changes", "rules"),
    [
        ({"shortlist": False}, ()),
        ({"temperature": 1.0}, ()),
        ({"repetition_penalty": 2.0}, ()),
        ({}, (Following(((299,),), 0.999),)),
    ],
)
def test_who_may_need_any_piece_gets_all(changes: dict[str, Any], rules: tuple[Any, ...]) -> None:
    with_table, without, source = engine(), engine(listed=False), sources(1)
    config = replace(SEARCH, **changes)
    assert decode(with_table, source, config, constraints=rules) == decode(
        without, source, config, constraints=rules
    )
