"""Lines of plain text: as many out as in."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seq2seq.errors import DataError
from seq2seq.text.plain_lines import read_lines, write_lines


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
    assert list(read_lines(io.BytesIO(content))) == lines


@given(st.lists(st.text(st.characters(exclude_characters="\n\r", exclude_categories=["Cs"]))))
def test_read_gives_as_many_lines_as_there_are(lines: list[str]) -> None:
    assert list(read_lines(io.BytesIO("".join(line + "\n" for line in lines).encode()))) == lines


def test_read_names_the_line_and_the_byte() -> None:
    lines = read_lines(io.BytesIO(b"fine\ncaf\xe9\n"), name="in.txt")
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
    write_lines(iter(["a\n", "b\n", "c\n"]), stream, buffer=2)
    assert stream.seen == [b"a\nb\n", b"a\nb\nc\n"]
