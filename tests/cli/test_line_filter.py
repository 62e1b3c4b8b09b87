"""The filter: lines in, lines out, in four forms."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seq2seq.cli import line_filter
from seq2seq.errors import DataError
from seq2seq.translation import Translation, Word

FOUND = Translation(
    "le chat\nnoir",
    log_prob=-2.0,
    score=-0.5,
    confidence=0.75,
    source_tokens=["▁cat", "</s>"],
    target_tokens=["▁chat", "</s>"],
    source_words=(Word("cat", 0, 3),),
    words=(Word("chat", 3, 7, 0.5),),
    alignment=[(0, 0)],
    alternatives=[Translation("un\rchat", score=-0.75, log_prob=-3.0)],
)


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (b"", []),
        (b"\n", [""]),
        (b"a", ["a"]),
        (b"a\n", ["a"]),
        (b"a\n\nb\n", ["a", "", "b"]),
        (b"a\r\nb\r\n", ["a", "b"]),
        (b"a\rb\n", ["a\rb"]),
        ("a\u2028b\x0cc\x85d\n".encode(), ["a\u2028b\x0cc\x85d"]),
        ("日本\nø".encode(), ["日本", "ø"]),
    ],
)
def test_read(content: bytes, lines: list[str]) -> None:
    assert list(line_filter.read(io.BytesIO(content))) == lines


@given(st.lists(st.text(st.characters(exclude_characters="\n\r", exclude_categories=["Cs"]))))
def test_read_gives_as_many_lines_as_there_are(lines: list[str]) -> None:
    assert list(line_filter.read(io.BytesIO("".join(line + "\n" for line in lines).encode()))) == lines


def test_read_names_the_line_and_the_byte() -> None:
    lines = line_filter.read(io.BytesIO(b"fine\ncaf\xe9\n"), name="in.txt")
    assert next(lines) == "fine"
    with pytest.raises(
        DataError, match=r"^in\.txt:2: byte 0xe9 found at byte 4 of the line, expected UTF-8$"
    ):
        next(lines)


class Stream(io.BytesIO):
    """Notes what was there at each flush."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[bytes] = []

    def flush(self) -> None:
        self.seen.append(self.getvalue())


def test_write_lets_go_after_every_buffer() -> None:
    stream = Stream()
    line_filter.write(iter(["a\n", "b\n", "c\n"]), stream, buffer=2)
    assert stream.seen == [b"a\nb\n", b"a\nb\nc\n"]


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("text", "le chat noir\n"),
        ("scores", "-0.500000\tle chat noir\n"),
        ("n-best", "7\t-0.500000\tle chat noir\n7\t-0.750000\tun chat\n"),
    ],
)
def test_forms(form: str, expected: str) -> None:
    assert line_filter.show(7, FOUND, form=form) == expected


def test_json() -> None:
    line = line_filter.show(0, FOUND, form="json")
    assert line.count("\n") == 1 and line.endswith("\n")
    value = json.loads(line)
    assert value["text"] == "le chat\nnoir" and value["alignment"] == [[0, 0]]
    assert value["words"] == [{"text": "chat", "start": 3, "end": 7, "confidence": 0.5}]
    assert value["alternatives"] == [{"text": "un\rchat", "score": -0.75, "log_prob": -3.0}]


@pytest.mark.parametrize("form", ["text", "scores", "n-best", "json"])
def test_a_blank_line_is_a_line(form: str) -> None:
    assert line_filter.show(0, Translation(""), form=form).count("\n") == 1
