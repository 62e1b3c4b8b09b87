"""Turns: a limit on how many compute at once, and batches of what waits."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

pytest.importorskip("gradio")

from seq2seq.serving.turns import MAX_BATCH, Busy, Turns
from seq2seq.translation import Translation
from tests.webui.client import wait_until


class Recorder:
    """Translates to capitals, once it is let go, and records its batches."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.go = threading.Event()

    def __call__(self, texts: list[str]) -> list[Translation]:
        self.batches.append(list(texts))
        assert self.go.wait(20)
        if "bad" in texts:
            raise ValueError
        return [Translation(text.upper()) for text in texts]


def run(jobs: list[tuple[str, list[str]]], turns: Turns) -> tuple[Recorder, list[list[str]]]:
    """Begin with a job of its own kind, let the others wait for it, and return all batches and answers."""
    recorder = Recorder()
    with ThreadPoolExecutor(len(jobs) + 1) as pool:
        first = pool.submit(turns.together, "first", ["first"], recorder)
        wait_until(lambda: len(recorder.batches) == 1)
        others = []
        for number, (kind, texts) in enumerate(jobs):
            others.append(pool.submit(turns.together, kind, texts, recorder))
            wait_until(lambda number=number: len(turns._waiting) == number + 1)  # type: ignore[misc]
        recorder.go.set()
        first.result()
        answers = [
            [one.text for one in other.result()] if other.exception() is None else ["?"] for other in others
        ]
    return recorder, answers


def test_what_waits_is_translated_together() -> None:
    jobs = [("a", [f"x{n}", f"y{n}"]) for n in range(4)] + [("b", ["z"])]
    recorder, answers = run(jobs, Turns(1))
    assert answers == [[text.upper() for text in texts] for _, texts in jobs]
    assert sorted(map(len, recorder.batches)) == [1, 1, 8]


def test_batches_have_a_limit() -> None:
    jobs = [("a", [f"{n}"]) for n in range(MAX_BATCH + 3)]
    recorder, answers = run(jobs, Turns(1))
    assert answers == [[text] for _, (text,) in jobs]
    assert sorted(map(len, recorder.batches)) == [1, 3, MAX_BATCH]


def test_text_that_fails_takes_no_other_along() -> None:
    turns = Turns(1)
    _, answers = run([("a", ["x"]), ("a", ["bad"]), ("a", ["y"])], turns)
    assert answers == [["X"], ["?"], ["Y"]] and turns.free == 1


def test_no_turn_in_time_is_busy() -> None:
    turns = Turns(1, timeout=0.05)
    with turns.alone():
        with pytest.raises(Busy):
            turns.together("a", ["x"], lambda texts: [])
        with pytest.raises(Busy), turns.alone():
            pass
    assert turns.free == 1 and not turns._waiting
    with turns.alone():
        assert turns.free == 0
