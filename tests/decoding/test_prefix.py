"""Hypotheses begin with given characters, whatever the pieces."""

from __future__ import annotations

import math
import random
import re
from functools import cache

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seq2seq.config import DecodingConfig
from seq2seq.decoding.decode import decode, forbidden_tokens
from seq2seq.decoding.prefix import Beginning, ForcedPrefix, Surfaces, goes_on, surfaces_of
from seq2seq.engines.torch_engine import TorchEngine
from seq2seq.text.symbols import placeholder
from seq2seq.text.tokenizer import Tokenizer
from tests import tiny

LETTERS = "eéunqrxt uieo d-'.,!XÉ\t\n7日本😀ß\u2581\u0301"


@cache
def engine(seed: int = 0) -> TorchEngine:
    model = tiny.bundle(seed=seed).model
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(3)
    return TorchEngine(model)


def translated(beginnings: list[Beginning], *, beam_size: int, extra: int = 60) -> list[str]:
    tokenizer = tiny.tokenizer()
    sources = [tokenizer.encode("one two three")] * len(beginnings)
    config = DecodingConfig(beam_size=beam_size, max_length_factor=1.0, max_length_extra=extra, max_repeats=0)
    found = decode(
        engine(),
        sources,
        config,
        forbidden=forbidden_tokens(tokenizer),
        constraints=[ForcedPrefix(surfaces_of(tokenizer), tuple(beginnings))],
    )
    return [tokenizer.decode(hypotheses[0].tokens) for hypotheses in found]


@pytest.mark.parametrize("beam_size", [1, 3])
def test_500_random_prefixes_are_kept(beam_size: int) -> None:
    chance = random.Random(beam_size)
    words = [*tiny.FRENCH, "dix-sept", "Ünïcode"]
    texts = [
        "".join(chance.choices(LETTERS, k=chance.randint(1, 12)))
        if chance.random() < 0.5
        else " ".join(chance.choices(words, k=4))[: chance.randint(1, 20)]
        for _ in range(250)
    ]
    beginnings = [Beginning(text, closed=chance.random() < 0.2) for text in texts]
    for beginning, text in zip(beginnings, translated(beginnings, beam_size=beam_size), strict=True):
        assert text == beginning.text if beginning.closed else text.startswith(beginning.text)


@settings(max_examples=30, deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12))
def test_any_characters_can_be_a_prefix(text: str) -> None:
    assert translated([Beginning(text)], beam_size=2)[0].startswith(text)


def test_no_prefix_changes_nothing() -> None:
    plain = decode(engine(), [[270, 280]], DecodingConfig())
    rule = ForcedPrefix(surfaces_of(tiny.tokenizer()), (Beginning(""),))
    assert decode(engine(), [[270, 280]], DecodingConfig(), constraints=[rule]) == plain


def test_a_whole_word_does_not_go_on() -> None:
    cut = [word[:end] for word in tiny.FRENCH for end in range(1, len(word) + 1)]
    found = translated([Beginning(f"deux {word}", whole_word=True) for word in cut], beam_size=2)
    for word, text in zip(cut, found, strict=True):
        assert re.match(rf"deux {word}(?![\w'-])", text), text


def all_tokenisations(text: bytes, surfaces: Surfaces) -> set[tuple[int, ...]]:
    """Every sequence of tokens that spells `text`, or is the first to go beyond it, by brute force."""
    if not text:
        return {()}
    found = set[tuple[int, ...]]()
    for token, surface in enumerate(surfaces.texts):
        if surface and text.startswith(surface):
            found |= {(token, *rest) for rest in all_tokenisations(text[len(surface) :], surfaces)}
        elif surface.startswith(text):
            found.add((token,))
    return found


@pytest.mark.parametrize("text", ["de", "ux", "é", "s"])
def test_all_tokenisations_are_allowed_and_no_others(text: str) -> None:
    surfaces = surfaces_of(tiny.tokenizer())
    rule = ForcedPrefix(surfaces, (Beginning(text),))
    size = len(surfaces.texts)

    def walk(tokens: tuple[int, ...]) -> set[tuple[int, ...]]:
        prefixes = torch.tensor([[tokens]], dtype=torch.int64).reshape(1, 1, -1)
        logits = rule.apply(torch.zeros(1, 1, size), prefixes, torch.tensor([0]), None)[0, 0]
        if torch.isfinite(logits).all():
            return {tokens}
        return {
            path
            for token in logits.isfinite().nonzero().flatten().tolist()
            for path in walk((*tokens, token))
        }

    assert walk(()) == all_tokenisations(b" " + text.encode(), surfaces)


def test_rules_hold_behind_the_prefix_only() -> None:
    class Never:
        def select(self, sentences: object) -> Never:
            return self

        def apply(self, logits: torch.Tensor, *_: object) -> torch.Tensor:
            return logits.fill_(-math.inf)

    tokenizer = tiny.tokenizer()
    rule = ForcedPrefix(surfaces_of(tokenizer), (Beginning("un"),), (Never(),))
    inside = rule.apply(
        torch.zeros(1, 1, tokenizer.vocab_size), torch.zeros(1, 1, 0).long(), torch.zeros(1).long(), None
    )
    assert inside.isfinite().any()
    tokens = torch.tensor([[tokenizer.encode("un")]])
    behind = rule.apply(torch.zeros(1, 1, tokenizer.vocab_size), tokens, torch.zeros(1).long(), None)
    assert not behind.isfinite().any()


def test_a_shortlist_is_obeyed() -> None:
    tokenizer = tiny.tokenizer()
    rule = ForcedPrefix(surfaces_of(tokenizer), (Beginning("un"),))
    un = tokenizer.encode("un")[0]
    shortlist = torch.tensor([tokenizer.eos_id, un, tokenizer.encode("sept")[0]])
    logits = rule.apply(torch.zeros(1, 1, 3), torch.zeros(1, 1, 0).long(), torch.zeros(1).long(), shortlist)
    assert logits[0, 0].isfinite().tolist() == [False, True, False]


class TestPlaceholders:
    @pytest.mark.parametrize(
        ("text", "fillings", "marked"),
        [
            ("J'ai 50 ans", ("50",), "J'ai {0} ans"),
            ("J'ai 50 ans", ("5",), "J'ai 50 ans"),
            ("2 et 2", ("2", "2"), "{0} et {1}"),
            ("le 5 mai 2025", ("5", "5 mai 2025"), "le {1}"),
            ("rien", ("",), "rien"),
        ],
    )
    def test_stand_for_what_is_kept(self, text: str, fillings: tuple[str, ...], marked: str) -> None:
        assert Beginning(text, fillings).marked == marked.format(placeholder(0), placeholder(1))

    def test_one_is_taken_where_the_prefix_has_its_filling(self) -> None:
        tokenizer = Tokenizer.train(["un deux trois"] * 9, vocab_size=300, placeholders=2)
        rule = ForcedPrefix(surfaces_of(tokenizer), (Beginning("un 50", ("50", "507 et 8")),))
        first, second = tokenizer.placeholder_ids
        before = tokenizer.encode("un ")
        assert rule.rest(0, [*before, first]) is None
        assert first in rule.allowed(0, rule.rest(0, before) or b"")
        assert second not in rule.allowed(0, rule.rest(0, before) or b"")

    def test_one_is_possible_where_the_prefix_ends_inside_its_filling(self) -> None:
        tokenizer = Tokenizer.train(["un deux trois"] * 9, vocab_size=300, placeholders=2)
        rule = ForcedPrefix(surfaces_of(tokenizer), (Beginning("un 50", ("70", "507 et 8")),))
        _, second = tokenizer.placeholder_ids
        before = tokenizer.encode("un ")
        assert second in rule.allowed(0, rule.rest(0, before) or b"")
        assert rule.rest(0, [*before, second]) is None


@pytest.mark.parametrize(
    ("text", "longer"),
    [
        ("x", True),
        ("-tu", True),
        ("'ami", True),
        ("7", True),
        ("\u0301", True),
        (" x", False),
        (",", False),
        ("日", False),
        ("", False),
    ],
)
def test_goes_on(text: str, longer: bool) -> None:
    assert goes_on(text) is longer
