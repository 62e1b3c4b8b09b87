"""Kept states: which steps are computed again, how many are kept, and several threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import torch

from seq2seq.decoding.engine import Array
from seq2seq.decoding.remembered import Memory, Recent, memory_of


class Counting:
    """The output after tokens is the source and these tokens."""

    device = torch.device("cpu")

    def __init__(self) -> None:
        self.starts, self.steps = 0, 0

    def start(self, sources: list[tuple[int, ...]]) -> tuple[Any, ...]:
        self.starts += 1
        return (sources[0],)

    def step(self, tokens: Array, state: tuple[Any, ...]) -> Any:
        self.steps += 1
        return SimpleNamespace(state=(*state, int(tokens[0, 0])))


def test_only_new_steps_are_computed() -> None:
    engine, memory = Counting(), Memory()
    calls = [
        ((1,), (5, 6, 7), 3),
        ((1,), (5, 6), 3),
        ((1,), (5, 6, 8), 4),
        ((2,), (5,), 5),
        ((1,), (5, 6, 7, 9), 6),
    ]
    for source, tokens, steps in calls:
        assert memory.along(engine, source, tokens).state == (source, *tokens)
        assert engine.steps == steps
    assert engine.starts == 2


def test_what_was_used_last_is_kept() -> None:
    recent = Recent(2)
    recent.put("a", 1)
    recent.put("b", 2)
    assert recent.get("a") == 1
    recent.put("c", 3)
    assert [recent.get(key) for key in "abc"] == [1, None, 3]


def test_threads_share_a_memory() -> None:
    engine, memory = Counting(), Memory()
    memory.steps.most = memory.sources.most = 3  # entries go while others are read

    def ask(number: int) -> bool:
        source, tokens = (number % 5,), tuple(range(number % 7 + 1))
        return memory.along(engine, source, tokens).state == (source, *tokens)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(2_000)))


def test_each_engine_has_its_memory() -> None:
    one, other = Counting(), Counting()
    assert memory_of(one) is memory_of(one) is not memory_of(other)
