"""Lines of plain text: every line with its end."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seq2seq.errors import DataError
from seq2seq.text.plain_lines import LONGEST, Lines, chunks


def read(content: bytes) -> list[tuple[str, str]]:
    return [(line.text, line.end) for line in Lines(io.BytesIO(content))]


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (b"", []),
        (b"\n", [("", "\n")]),
        (b"a", [("a", "\n")]),
        (b"a\n", [("a", "\n")]),
        (b"a\n\nb\n", [("a", "\n"), ("", "\n"), ("b", "\n")]),
        (b"a\r\nb\r\n", [("a", "\r\n"), ("b", "\r\n")]),
        (b"a\r\nb\n\r\n", [("a", "\r\n"), ("b", "\n"), ("", "\r\n")]),
        (b"a\rb\n", [("a\rb", "\n")]),
        ("a\u2028b\x0cc\x85d\n".encode(), [("a\u2028b\x0cc\x85d", "\n")]),
        ("日本\nø".encode(), [("日本", "\n"), ("ø", "\n")]),
        ("\ufeffa\n\ufeffb\n".encode(), [("a", "\n"), ("\ufeffb", "\n")]),
    ],
)
def test_read(content: bytes, lines: list[tuple[str, str]]) -> None:
    assert read(content) == lines


@given(
    st.lists(
        st.tuples(
            st.text(st.characters(exclude_characters="\n\r\ufeff", exclude_categories=["Cs"])),
            st.sampled_from(["\n", "\r\n"]),
        )
    )
)
def test_read_gives_every_line_with_its_end(lines: list[tuple[str, str]]) -> None:
    assert read("".join(text + end for text, end in lines).encode()) == lines


def test_a_mark_is_reported_once_the_first_line_is_read() -> None:
    for content, expected in [("\ufeffa\n", True), ("a\ufeff\n", False), ("", False)]:
        lines = Lines(io.BytesIO(content.encode()))
        next(iter(lines), None)
        assert lines.marked is expected


def test_read_names_the_line_and_the_byte() -> None:
    lines = iter(Lines(io.BytesIO(b"fine\ncaf\xe9\n"), name="in.txt"))
    assert next(lines).text == "fine"
    with pytest.raises(
        DataError, match=r"^in\.txt:2: byte 0xe9 found at byte 4 of the line, expected UTF-8$"
    ):
        next(lines)


def test_a_file_without_line_ends_is_refused() -> None:
    with pytest.raises(DataError, match=r"^stdin:1: a line of over 16,777,216 bytes found"):
        read(b"x" * (LONGEST + 1))


@given(st.integers(0, 30), st.integers(1, 12), st.booleans())
def test_chunks_lose_nothing_before_an_error(number: int, size: int, fails: bool) -> None:
    def items() -> Iterator[int]:
        yield from range(number)
        if fails:
            raise DataError("line")

    found, error = list[list[int]](), ""
    try:
        for chunk in chunks(items(), size):
            found.append(chunk)
    except DataError as reason:
        error = str(reason)
    assert [item for chunk in found for item in chunk] == list(range(number))
    assert all(len(chunk) == size for chunk in found[:-1]) and all(found)
    assert error == ("line" if fails else "")
