"""Shards: processes share a file, a killed one loses its shard only, the output is that of one process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from seq2seq.documents.pieces import Request
from seq2seq.documents.shards import Progress, processes_of_launcher, translate_shards
from seq2seq.errors import DataError, RunError, UsageError
from seq2seq.translation import Translation

LINES = [f"line {number}" + " word" * (number % 5) for number in range(1, 101)]

WORKER = """
import sys, time
from pathlib import Path
from seq2seq.documents.pieces import Request
from seq2seq.documents.shards import translate_shards
from seq2seq.translation import Translation

source, target, log, wait, rank = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4], sys.argv[5]

def translate(texts):
    for text in texts:
        if text == wait:
            time.sleep(600)
        with open(log, "a") as file:
            file.write(text + chr(10))
        yield Translation(text.upper())

progress = translate_shards(source, target, translate, Request("in"), settings={}, shards=10, processes=2,
                            rank=int(rank))
print(progress.done)
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "in.txt"
    path.write_text("".join(line + "\n" for line in LINES))
    return path


class Counting:
    """Capitals, and what was translated."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def __call__(self, texts: Iterable[str]) -> Iterator[Translation]:
        for text in texts:
            self.texts.append(text)
            yield Translation(text.upper())


def run(source: Path, translate: Any = None, **options: Any) -> Progress:
    options = {"settings": {}, "shards": 10, **options}
    target = source.with_name("out.txt")
    return translate_shards(source, target, translate or Counting(), Request("in.txt"), **options)


def output(source: Path) -> list[str]:
    return source.with_name("out.txt").read_text().split("\n")[:-1]


def worker(source: Path, *, wait: str = "", rank: int = 0) -> subprocess.Popen[str]:
    arguments = [source, source.with_name("out.txt"), source.with_name("log.txt"), wait, rank]
    command = [sys.executable, "-c", WORKER, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])


@pytest.mark.parametrize("shards", [1, 3, 10, 100, 137])
def test_one_process_does_all_shards(source: Path, shards: int) -> None:
    translate = Counting()
    progress = run(source, translate, shards=shards)
    assert progress == Progress(tuple(range(shards)), done=True)
    assert output(source) == [line.upper() for line in LINES] and translate.texts == LINES
    assert [path.name for path in source.parent.glob("out.txt.shards/*.txt")] == []


def test_a_finished_translation_is_not_done_again_until_the_input_changes(source: Path) -> None:
    run(source)
    assert run(source) == Progress((), done=True)
    source.write_text("other\n")
    assert run(source).done and output(source) == ["OTHER"]
    source.with_name("out.txt").unlink()
    assert run(source).done and output(source) == ["OTHER"]


@pytest.mark.parametrize("content", ["", "a", "\n\n", "\ufeffa\r\nb\nc", "a\n" * 30])
def test_every_input_gives_what_one_process_gives(source: Path, content: str) -> None:
    source.write_bytes(content.encode())
    run(source, shards=4)
    end = "\n" if content and not content.endswith("\n") else ""
    assert source.with_name("out.txt").read_bytes().decode() == content.upper() + end


def test_a_killed_process_loses_its_shard_only(source: Path) -> None:
    """The process is killed at line 37, in the fourth shard of ten lines."""
    first = worker(source, wait=LINES[36])
    log = source.with_name("log.txt")
    deadline = time.monotonic() + 60
    while not (log.exists() and log.read_text().count("\n") == 36) and time.monotonic() < deadline:
        time.sleep(0.05)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    marks = sorted(path.stem for path in source.parent.glob("out.txt.shards/*.json"))
    assert marks == ["00000", "00001", "00002", "plan"] and not source.with_name("out.txt").exists()
    translate = Counting()
    assert run(source, translate, shards=0) == Progress((3, 4, 5, 6, 7, 8, 9), done=True)
    assert translate.texts == LINES[30:]
    assert output(source) == [line.upper() for line in LINES]
    assert not list(source.parent.glob("out.txt.shards/.seq2seq-*"))


def test_two_processes_share_the_shards(source: Path) -> None:
    """The first one hangs in its first shard, so that the second does the nine others; then it goes on."""
    first = worker(source, wait=LINES[4])
    log = source.with_name("log.txt")
    while not log.exists() or log.read_text().count("\n") < 4:
        time.sleep(0.05)
    second = worker(source, rank=1)
    try:
        assert second.communicate(timeout=100)[0] == "False\n"
        assert log.read_text().split("\n")[4:-1] == [*LINES[50:], *LINES[10:50]]  # it begins in the middle
    finally:
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
    translate = Counting()
    assert run(source, translate) == Progress((0,), done=True) and translate.texts == LINES[:10]
    assert output(source) == [line.upper() for line in LINES]


def test_shards_of_other_settings_are_refused(source: Path) -> None:
    def fail(texts: Iterable[str]) -> Iterator[Translation]:
        yield from (Translation(text) for text in islice(texts, 5))
        raise RunError("the disk is full")

    with pytest.raises(RunError, match="the disk is full"):
        run(source, fail)
    for change in ({"settings": {"beam": 1}}, {"shards": 9}):
        with pytest.raises(UsageError, match="shards of another input, other settings or another number"):
            run(source, **change)
    source.write_text("other\n")
    with pytest.raises(UsageError, match="delete the folder to begin anew"):
        run(source)


def test_a_shard_that_was_changed_is_not_merged(source: Path) -> None:
    def change(texts: Iterable[str]) -> Iterator[Translation]:
        for text in texts:
            if text == LINES[-1]:
                (source.parent / "out.txt.shards" / "00003.txt").write_text("less\n")
            yield Translation(text)

    with pytest.raises(RunError, match=r"00003\.txt: changed after it was complete; delete 00003\.json"):
        run(source, change)
    assert not source.with_name("out.txt").exists()


def test_a_wrong_number_of_translations_is_found(source: Path) -> None:
    with pytest.raises(RunError, match=r"00000\.txt: 7 lines translated, expected 10"):
        run(source, lambda texts: (Translation(text) for text in islice(texts, 7)))
    plan = json.loads((source.parent / "out.txt.shards" / "plan.json").read_text())
    assert plan["lines"] == 100 and plan["done"] is False


def test_an_error_names_the_line_of_the_whole_file(source: Path) -> None:
    source.write_bytes("".join(line + "\n" for line in LINES).encode() + b"caf\xe9\n")
    with pytest.raises(
        DataError, match=r"^in\.txt:101: byte 0xe9 found at byte 4 of the line, expected UTF-8"
    ):
        run(source)
    with pytest.raises(DataError, match="cannot be read"):
        run(source.with_name("nothing"))


@pytest.mark.parametrize(
    ("variables", "expected"),
    [({}, (1, 0)), ({"WORLD_SIZE": "4", "RANK": "3"}, (4, 3)), ({"WORLD_SIZE": "1"}, (1, 0))],
)
def test_a_launcher_says_how_many_processes_there_are(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], expected: tuple[int, int]
) -> None:
    for name in ("WORLD_SIZE", "RANK"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert processes_of_launcher() == expected


@pytest.mark.parametrize(("size", "rank"), [("2", "2"), ("x", "0"), ("0", "0"), ("2", "-1")])
def test_wrong_numbers_of_processes_are_refused(
    monkeypatch: pytest.MonkeyPatch, size: str, rank: str
) -> None:
    monkeypatch.setenv("WORLD_SIZE", size)
    monkeypatch.setenv("RANK", rank)
    with pytest.raises(UsageError, match=f"WORLD_SIZE is '{size}' and RANK '{rank}', expected"):
        processes_of_launcher()
