"""Text is kept: line ends, blank lines, spaces, capitals and numbers of lines, in each way to translate."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from seq2seq import Translator
from seq2seq.cli import main

TEXT = "\n".join(
    [
        "Good morning.",
        "",
        "THE CAT SLEEPS NEAR THE TREE.",
        "   ",
        "1. Open the door.",
        "2. Close the door.",
        "- He is here.",
        "* She is there.",
        "He sleeps.  She reads.",
        "",
        "",
        "Good night.",
    ]
)
EDGES = ["  He sleeps.", "He sleeps.   ", "\tHe sleeps.", "\u3000He sleeps.", "one\ttwo"]
Way = Callable[[str, Path, pytest.MonkeyPatch], str]


@cache
def translator() -> Translator:
    return Translator.from_pretrained("en-fr")


def by_library(text: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    return translator().translate(text).text


def by_stdin(text: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    output = io.BytesIO()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(output, encoding="utf-8"))
    assert main.run(["translate", "--model", "en-fr"]) == 0
    return output.getvalue().decode().removesuffix("\n")


def by_file(text: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (folder / "in.txt").write_bytes(text.encode())
    translator().translate_file(folder / "in.txt", folder / "out.txt")
    return (folder / "out.txt").read_bytes().decode().removesuffix("\n")


WAYS = pytest.mark.parametrize("way", [by_library, by_stdin, by_file])


@WAYS
def test_lines_stay_lines(way: Way, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = way(TEXT, tmp_path, monkeypatch).split("\n")
    source = TEXT.split("\n")
    assert len(lines) == len(source)
    assert [line for line in lines if not line.strip()] == ["", "   ", "", ""]
    assert all(line.strip() for line, typed in zip(lines, source, strict=True) if typed.strip())
    assert lines[2] == lines[2].upper() and lines[0] != lines[0].upper()
    starts = {4: "1. ", 5: "2. ", 6: "- ", 7: "* "}
    assert {number: lines[number][: len(start)] for number, start in starts.items()} == starts
    assert "  " in lines[8]


@pytest.mark.parametrize("text", EDGES)
@WAYS
def test_spaces_at_the_ends_and_tabs_stay(
    way: Way, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = way(text, tmp_path, monkeypatch)
    start, end = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
    assert answer.startswith(start) and answer.endswith(end) and answer.count("\t") == text.count("\t")
    assert answer.strip() == answer[len(start) : len(answer) - len(end)]


def test_the_ways_agree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {way(TEXT, tmp_path, monkeypatch) for way in (by_library, by_stdin, by_file)}
    assert len(answers) == 1
