"""Lines of text files: bytes and the lines they give, or the error with its place."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seq2seq.data.lines import MAX_LINE, read_lines, repair
from seq2seq.errors import DataError
from seq2seq.pairs import Counts

CRLF, BOM = "CRLF line end", "byte order mark removed"
CONTROL = "control character replaced by a space"


def read(path: Path, data: bytes) -> tuple[list[str], dict[str, int]]:
    path.write_bytes(data)
    counts = Counts()
    lines = list(read_lines(str(path), counts))
    assert [number for number, _ in lines] == list(range(1, len(lines) + 1))
    return [line for _, line in lines], counts.repaired


@pytest.mark.parametrize(
    ("data", "lines", "repaired"),
    [
        (b"", [], {}),
        (b"a\nb\n", ["a", "b"], {}),
        (b"a\nb", ["a", "b"], {}),
        (b"a\n\n", ["a", ""], {}),
        (b"\n", [""], {}),
        ("é\t中 \n".encode(), ["é\t中 "], {}),
        (b"a\r\nb\r\n", ["a", "b"], {CRLF: 2}),
        (b"a\r\r\nb\r", ["a", "b"], {CRLF: 2}),
        (b"a\rb\n", ["a b"], {CONTROL: 1}),
        (b"\xef\xbb\xbfa\n", ["a"], {BOM: 1}),
        (b"\xef\xbb\xbf\n\xef\xbb\xbfb", ["", "b"], {BOM: 2}),
        ("a\ufeffb\n".encode(), ["a\ufeffb"], {}),
        ("a\u2028b\u2029c\n".encode(), ["a b c"], {CONTROL: 2}),
        ("a\u0085b\x0cc\x0bd\x1ce\n".encode(), ["a b c d e"], {CONTROL: 4}),
        (b"a\x1b[0m\x7f\n", ["a [0m "], {CONTROL: 2}),
        ("a\u00a0b\u3000c\u200bd\n".encode(), ["a\u00a0b\u3000c\u200bd"], {}),
        (b"x" * 1_000_000 + b"\ny", ["x" * 1_000_000, "y"], {}),
    ],
)
@pytest.mark.parametrize("zipped", [False, True])
def test_lines_are_read_and_repairs_counted(
    tmp_path: Path, data: bytes, lines: list[str], repaired: dict[str, int], zipped: bool
) -> None:
    if zipped and data:
        assert read(tmp_path / "t.gz", gzip.compress(data)) == (lines, repaired)
    else:
        assert read(tmp_path / "t.txt", data) == (lines, repaired)


@pytest.mark.parametrize(
    ("data", "line", "message"),
    [
        (b"fine\nab\xe9c\n", 2, "byte 0xe9 found at byte 3 of the line, expected UTF-8"),
        (b"\xc3", 1, "byte 0xc3 found at byte 1"),
        (b"\xed\xa0\x80", 1, "byte 0xed found at byte 1"),  # a surrogate
        (b"\xff\xfea\0\n\0", 1, "UTF-16"),
        (b"\xfe\xff\0a\0\n", 1, "UTF-16"),
        (b"\xff\xfe-N\x87e\n", 1, "UTF-16"),  # Chinese: no NUL
        ("ab\n".encode("utf-16-le"), 1, "UTF-16"),
        ("fine\n".encode("utf-32-be"), 1, "UTF-32"),
        (b"fine\nno NUL is \0 here\n", 2, "NUL character found at byte 11"),
        (b"x" * (MAX_LINE + 1), 1, f"over {MAX_LINE} bytes"),
    ],
)
def test_errors_name_line_and_byte(tmp_path: Path, data: bytes, line: int, message: str) -> None:
    path = tmp_path / "t.txt"
    with pytest.raises(DataError) as caught:
        read(path, data)
    assert str(caught.value).startswith(f"{path}:{line}: ")
    assert message in str(caught.value)
    assert "expected" in str(caught.value)


def test_the_longest_allowed_line_is_read(tmp_path: Path) -> None:
    lines, _ = read(tmp_path / "t.txt", b"x" * (MAX_LINE - 1) + b"\nb")
    assert [len(line) for line in lines] == [MAX_LINE - 1, 1]


WHOLE = gzip.compress(b"".join(b"line %d\n" % number for number in range(5000)))


@pytest.mark.parametrize(
    "data",
    [
        WHOLE[: len(WHOLE) // 2],
        WHOLE[:-1],
        WHOLE[:1],
        b"",
        b"plain text\n",
        WHOLE + b"rest",
        WHOLE[:-8] + bytes(8),
    ],
    ids=["half", "last byte", "first byte", "empty", "no gzip", "rest", "checksum"],
)
def test_damaged_gzip_is_an_error(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "t.gz"
    with pytest.raises(DataError, match="gzip") as caught:
        read(path, data)
    assert str(caught.value).startswith(f"{path}:")


def test_truncated_gzip_yields_its_lines_before_the_error(tmp_path: Path) -> None:
    path = tmp_path / "t.gz"
    path.write_bytes(WHOLE[:-1])
    lines = []
    with pytest.raises(DataError, match=f"{path}:5001: "):
        for _, line in read_lines(str(path), Counts()):
            lines.append(line)
    assert len(lines) == 5000


@pytest.mark.parametrize("name", ["missing.txt", "missing.gz", ".", "nul\0.txt", "n" * 300])
def test_files_that_cannot_be_opened_are_errors(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match="expected a text file"):
        list(read_lines(f"{tmp_path}/{name}", Counts()))


def test_lines_are_read_one_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "t.txt"
    path.write_bytes(b"first\n\xff\n")
    lines = read_lines(str(path), Counts())
    assert next(lines) == (1, "first")
    with pytest.raises(DataError):
        next(lines)


@pytest.mark.parametrize("text", ["a\0b", "\ud800", "x\udfffy"])
def test_repair_refuses_nul_and_surrogates(text: str) -> None:
    with pytest.raises(DataError, match=r"^here: U\+"):
        repair(text, "here", Counts())


@settings(max_examples=50, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"], exclude_characters="\ufeff")))
def test_repair_leaves_ordinary_text_unchanged(text: str) -> None:
    counts = Counts()
    assert repair(text, "here", counts) == text
    assert counts.repaired == {}


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\n")), max_size=5))
def test_only_newline_ends_a_line(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    path = tmp_path_factory.getbasetemp() / "property.txt"
    lines, _ = read(path, "".join(text + "\n" for text in texts).encode())
    assert len(lines) == len(texts)
    assert not any(set(line) & set("\r\n\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029") for line in lines)
