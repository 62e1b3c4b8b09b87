"""Files by their format: what is text goes through the translator (here: capitals), the rest is kept."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import tracemalloc
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seq2seq.documents.pieces import Request
from seq2seq.documents.srt import break_lines
from seq2seq.documents.translating import read_pieces, translate_file, write_pieces
from seq2seq.errors import DataError, SeqError, UsageError
from seq2seq.translation import Translation

MARK = "\ufeff"


def capitals(texts: Iterable[str]) -> Iterator[Translation]:
    """Takes two texts at a time, as a translator takes a buffer."""
    texts = iter(texts)
    while chunk := list(islice(texts, 2)):
        yield from (Translation(text.upper()) for text in chunk)


def translated(folder: Path, name: str, content: str | bytes, **request: str) -> bytes:
    source, target = folder / name, folder / f"out-{name}"
    source.write_bytes(content.encode() if isinstance(content, str) else content)
    translate_file(source, target, capitals, Request(name, languages=("en", "fr"), **request))
    return target.read_bytes()


SRT = """1
00:00:01,000 --> 00:00:02,500
Good morning.

2
00:00:03,000 --> 00:00:05,000 X1:10
<i>I drink a cup of coffee
and read the paper.</i>


{end}00:00:06.000 --> 00:00:08.000
{{\\an8}}- Where <b>is</b> he?
- I don't
know.
"""
TMX = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE tmx SYSTEM "tmx14.dtd">
<tmx version="1.4"><header srclang="en"/><body>
  <tu tuid="1">
    <note>fine &amp; kept</note>
    <tuv xml:lang="EN-us"><seg>Go <ph>{1}</ph>&lt;home&gt; <hi>now</hi></seg></tuv>
    <tuv xml:lang="de"><seg>Heim</seg></tuv>
  </tu>
<tu><tuv xml:lang="en"><seg>caf\u00e9</seg></tuv></tu>
<tu><tuv xml:lang="en"><seg>yes</seg></tuv><tuv xml:lang="fr-CA"><seg>oui</seg></tuv></tu>
<tu><tuv xml:lang="de"><seg>nein</seg></tuv></tu><tu/>
</body></tmx>
"""

KEPT: list[tuple[str, str, dict[str, str], str]] = [
    ("a.txt", "a\n\n b \tc\r\nd", {}, "A\n\n B \tC\r\nD\n"),
    ("a.fr", f"{MARK}a\r\n", {}, f"{MARK}A\r\n"),
    ("empty.txt", "", {}, ""),
    ("empty.csv", "", {}, ""),
    ("one.tsv", "a b\nc\n", {}, "a b\tA B\nc\tC\n"),
    ("a.tsv", "id\tsource\n1\ta\n\n2\tb\n", {}, "id\tsource\ttranslation\n1\ta\tA\n\n2\tb\tB\n"),
    ("a.tsv", f"{MARK}en\tde\r\na\tx\r\n", {}, f"{MARK}en\tde\ttranslation\r\na\tx\tA\r\n"),
    ("a.tsv", "en\tfr\na\tx\n", {"into": "fr"}, "en\tfr\na\tA\n"),
    ("a.tsv", "x\ta\ny\tb\n", {"column": "2"}, "x\ta\tA\ny\tb\tB\n"),
    ("a.tsv", "x\ta\ny\tb\n", {"column": "2", "into": "1"}, "A\ta\nB\tb\n"),
    ("a.tsv", 'q\ttext\n"\ta"\n', {}, 'q\ttext\ttranslation\n"\ta"\tA"\n'),
    (
        "a.csv",
        'n,text\r\n"1,2","a, ""b""\r\nc"\r\n',
        {"into": "fr"},
        'n,text,fr\r\n"1,2","a, ""b""\r\nc","A, ""B""\r\nC"\r\n',
    ),
    ("a.csv", 'x,"a\nb"\n', {"column": "2"}, 'x,"a\nb","A\nB"\n'),
    (
        "a.jsonl",
        '{"id": 7, "source": "é\\n", "z": [1.5, null]}\n\n{"source": "b"}\r\n',
        {},
        '{"id": 7, "source": "é\\n", "z": [1.5, null], "translation": "É\\n"}\n\n'
        '{"source": "b", "translation": "B"}\r\n',
    ),
    (
        "a.jsonl",
        '{"q": "a", "a": "old", "n": 1}\n',
        {"column": "q", "into": "a"},
        '{"q": "a", "a": "A", "n": 1}\n',
    ),
    (
        "a.jsonl",
        '{"text": "a", "odd": "\\ud800"}\n',
        {},
        '{"text": "a", "odd": "\\ud800", "translation": "A"}\n',
    ),
    (
        "a.srt",
        SRT.format(end=""),
        {},
        SRT.format(end="")
        .replace("Good morning", "GOOD MORNING")
        .replace("I drink a cup of coffee\nand read the paper", "I DRINK A CUP OF COFFEE\nAND READ THE PAPER")
        .replace("Where <b>is</b> he", "WHERE <B>IS</B> HE")
        .replace("I don't\nknow", "I DON'T\nKNOW"),
    ),
    ("a.srt", SRT.replace("\n", "\r\n").format(end="3\r\n"), {}, ""),
    (
        "a.tmx",
        TMX,
        {},
        TMX.replace(
            "<seg>Heim</seg></tuv>\n",
            '<seg>Heim</seg></tuv>\n    <tuv xml:lang="fr"><seg>GO &lt;HOME&gt; NOW</seg></tuv>\n',
        ).replace("café</seg></tuv>", 'café</seg></tuv><tuv xml:lang="fr"><seg>CAFÉ</seg></tuv>'),
    ),
]


@pytest.mark.parametrize(("name", "content", "request_", "expected"), KEPT)
def test_the_texts_are_translated_and_the_rest_is_kept(
    tmp_path: Path, name: str, content: str, request_: dict[str, str], expected: str
) -> None:
    result = translated(tmp_path, name, content, **request_).decode()
    if not expected:  # of the last SRT: only that its line ends are kept
        assert result.count("\r\n") == result.count("\n") == content.count("\n")
        return
    assert result == expected


@pytest.mark.parametrize(("name", "content", "request_", "expected"), KEPT)
def test_gzipped_files_are_read_and_written(
    tmp_path: Path, name: str, content: str, request_: dict[str, str], expected: str
) -> None:
    plain = translated(tmp_path, name, content, **request_)
    packed = translated(tmp_path, f"{name}.gz", gzip.compress(content.encode()), **request_)
    assert gzip.decompress(packed) == plain


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "iso-8859-1"])
def test_a_memory_keeps_its_encoding(tmp_path: Path, encoding: str) -> None:
    head = MARK if encoding == "utf-16-be" else ""
    declared = TMX.replace("UTF-8", "ISO-8859-1" if "iso" in encoding else "UTF-16")
    result = translated(tmp_path, "a.tmx", f"{head}{declared}".encode(encoding))
    expected = translated(tmp_path, "b.tmx", TMX).decode()
    text = result.decode(encoding).removeprefix(MARK)
    assert text.split("\n")[1:] == expected.split("\n")[1:]


def test_a_memory_larger_than_the_buffer_is_whole(tmp_path: Path) -> None:
    """Parsed by another parser. Comments and units are longer than what is read at once."""
    comments = ["<!-- " + "x " * (n % 7) * 9000 + "-->" for n in range(40)]
    texts = [f"unit {n} " + "y" * (n % 5) * 20000 for n in range(40)]
    units = "".join(
        f'<tu>{comment}<tuv xml:lang="en"><seg>{text}</seg></tuv></tu>\n'
        for comment, text in zip(comments, texts, strict=True)
    )
    content = f'<tmx version="1.4"><header/><body>\n{units}</body></tmx>'
    tree = ElementTree.fromstring(translated(tmp_path, "a.tmx", content).decode())
    pairs = [[variant.findtext("seg") for variant in unit.iter("tuv")] for unit in tree.iter("tu")]
    assert pairs == [[text, text.upper()] for text in texts]


WRONG: list[tuple[str, str | bytes, dict[str, str], str]] = [
    ("a.txt", b"a\ncaf\xe9\n", {}, r"a\.txt:2: byte 0xe9 found at byte 4 of the line, expected UTF-8"),
    ("a.tsv", "en\ta\nx\n", {}, r"a\.tsv:2: 1 column found, expected 2"),
    ("a.tsv", "x\ty\n", {}, r"a\.tsv:1: columns 'x', 'y' found, expected --column"),
    ("a.tsv", "x\ty\n", {"column": "z"}, r"a\.tsv:1: 0 columns named 'z' found in 'x', 'y', expected one"),
    ("a.tsv", "x\tx\n", {"column": "x"}, r"a\.tsv:1: 2 columns named 'x' found"),
    ("a.tsv", "x\ty\n", {"column": "3"}, r"a\.tsv:1: 2 columns found, expected at least 3"),
    (
        "a.csv",
        'en,b\n1,2\n"3,4\n',
        {},
        r"a\.csv:3: unexpected end of data; expected CSV with every quotation",
    ),
    ("a.jsonl", '{"source": "a"}\n{"source": 1}\n', {}, r"a\.jsonl:2: 'source' is a int, expected a string"),
    ("a.jsonl", '{"source": "a"}\n{"x": "a"}\n', {}, r"a\.jsonl:2: no field 'source' found, expected it as"),
    ("a.jsonl", '{"source": "a"}\n[1]\n', {}, r"a\.jsonl:2: a list found, expected an object"),
    ("a.jsonl", '{"source": "a"}\nx\n', {}, r"a\.jsonl:2: not JSON \(.*\), expected an object per line"),
    ("a.jsonl", '{"q": "a"}\n', {}, r"a\.jsonl:1: fields 'q' found, expected 'source'"),
    ("a.jsonl", '{"source": "\\ud800"}\n', {}, r"a\.jsonl:1: 'source' is a text with a lone surrogate"),
    (
        "a.jsonl",
        '{"source": "a", "translation": {"fr": "x"}}\n',
        {},
        r"a\.jsonl:1: 'translation' is a dict, expected a string that may be replaced",
    ),
    ("a.srt", "Hello\n", {}, r"a\.srt:1: 'Hello' found, expected the number of a cue, or its times, such as"),
    ("a.srt", "1\nHello\n", {}, r"a\.srt:2: 'Hello' found, expected its times"),
    ("a.srt", "1\n", {}, r"a\.srt:2: '' found, expected its times"),
    ("a.srt", "0:0:1 --> 0:0:2\nHi\n2\n0:0:3 --> 0:0:4\n", {}, r"a\.srt:4: times found in the text of a cue"),
    ("a.tmx", "<tmx><body>\n<tu></body></tmx>", {}, r"a\.tmx:2: mismatched tag: .*, expected a TMX file"),
    ("a.tmx", "<html></html>", {}, r"a\.tmx:1: <html> found as the root element, expected <tmx>"),
    ("a.tmx", "<tmx>", {}, r"a\.tmx:1: no element found"),
    (
        "a.tmx",
        '<tmx><tu><tuv xml:lang="de"><seg>x</seg></tuv></tu></tmx>',
        {},
        r"a\.tmx: languages 'de' found, expected 'en'",
    ),
    (
        "a.tmx",
        '<!DOCTYPE tmx [<!ENTITY a "b">]>\n<tmx/>',
        {},
        r"a\.tmx:1: EntitiesForbidden found, expected TMX without entities",
    ),
    ("a.txt.gz", b"no gzip\n", {}, r"a\.txt\.gz: a cut or damaged gzip stream found"),
    ("a.tmx.gz", gzip.compress(TMX.encode())[:-20], {}, r"a\.tmx\.gz: a cut or damaged gzip stream found"),
]


@pytest.mark.parametrize(("name", "content", "request_", "message"), WRONG)
def test_what_is_wrong_is_named_and_nothing_is_written(
    tmp_path: Path, name: str, content: str | bytes, request_: dict[str, str], message: str
) -> None:
    (tmp_path / f"out-{name}").write_text("precious")
    with pytest.raises(DataError, match=message):
        translated(tmp_path, name, content, **request_)
    assert (tmp_path / f"out-{name}").read_text() == "precious"
    assert sorted(path.name for path in tmp_path.iterdir()) == [name, f"out-{name}"]


@pytest.mark.parametrize(
    ("source", "target"), [("a.tsv", "a.jsonl"), ("a.txt", "a.srt"), ("a.srt.gz", "b.tmx")]
)
def test_another_format_for_the_output_is_refused(tmp_path: Path, source: str, target: str) -> None:
    (tmp_path / source).write_text("a\n")
    with pytest.raises(UsageError, match=r"suffix '.*' found, expected '.*' as in"):
        translate_file(tmp_path / source, tmp_path / target, capitals, Request(source))


def test_a_memory_needs_languages(tmp_path: Path) -> None:
    (tmp_path / "a.tmx").write_text(TMX)
    with pytest.raises(UsageError, match="TMX needs the languages of the model"):
        translate_file(tmp_path / "a.tmx", tmp_path / "b.tmx", capitals, Request("a.tmx"))


@pytest.mark.parametrize(
    ("text", "lengths", "lines"),
    [
        ("un deux trois quatre", [10], ["un deux trois quatre"]),
        ("un deux trois quatre", [10, 10], ["un deux", "trois quatre"]),
        ("un deux trois quatre", [3, 20], ["un", "deux trois quatre"]),
        ("Que voulez-vous ?", [16, 2], ["Que", "voulez-vous ?"]),
        ('<font color="red">un deux</font>', [5, 5], ['<font color="red">un', "deux</font>"]),
        ("un", [5, 5], ["un"]),
        ("", [5, 5], [""]),
    ],
)
def test_a_text_is_broken_into_lines(text: str, lengths: list[int], lines: list[str]) -> None:
    assert break_lines(text, lengths) == lines


LETTERS = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters=MARK), max_size=12)


@given(st.lists(st.lists(LETTERS, min_size=3, max_size=3), max_size=6))
def test_any_csv_keeps_its_cells(rows: list[list[str]]) -> None:
    """Read back by the csv module of Python."""
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows([["a", "text", "b"], *rows])
    pieces = read_pieces(io.BytesIO(written.getvalue().encode()), ".csv", Request("a.csv"))
    write_pieces(pieces, output := io.BytesIO(), capitals)
    _, *found = csv.reader(io.StringIO(output.getvalue().decode(), newline=""))
    assert found == [[*row, row[1].upper()] for row in rows]


@given(st.lists(st.dictionaries(st.text(max_size=5), LETTERS | st.integers() | st.none()), max_size=5))
def test_any_jsonl_keeps_its_fields(records: list[dict[str, object]]) -> None:
    records = [{**record, "source": f"text {n}"} for n, record in enumerate(records)]
    for record in records:
        record.pop("translation", None)
    content = "".join(json.dumps(record) + "\n" for record in records).encode()
    write_pieces(read_pieces(io.BytesIO(content), ".jsonl", Request("a")), output := io.BytesIO(), capitals)
    found = [json.loads(line) for line in output.getvalue().decode().split("\n")[:-1]]
    assert found == [{**record, "translation": str(record["source"]).upper()} for record in records]
    assert [list(one)[:-1] for one in found] == [list(record) for record in records]


@pytest.mark.parametrize("kind", [".txt", ".tsv", ".jsonl", ".tmx"])
def test_a_large_file_is_not_held_in_memory(kind: str) -> None:
    """20,000 rows, 5 MB, in less than 1 MB. The row and the text are not the same object twice."""
    row = {
        ".txt": "line {} {}\n",
        ".tsv": "x\tline {} {}\n",
        ".jsonl": '{{"source": "line {} {}"}}\n',
        ".tmx": '<tu><tuv xml:lang="en"><seg>line {} {}</seg></tuv></tu>\n',
    }[kind]
    start, end = ('<tmx version="1.4"><body>\n', "</body></tmx>") if kind == ".tmx" else ("", "")
    content = (start + "".join(row.format(n, "x" * 250) for n in range(20_000)) + end).encode()
    request = Request("in", column="2" if kind == ".tsv" else "", languages=("en", "fr"))
    source = io.BytesIO(content)
    with open(os.devnull, "wb") as output:
        tracemalloc.start()
        texts = write_pieces(read_pieces(source, kind, request), output, capitals)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert texts == 20_000 and len(content) > 5e6 and peak < 1e6


def test_the_output_of_every_format_is_read_back_alike() -> None:
    """A second pass into the same column changes nothing: the translation of capitals is themselves."""
    for name, content, request, _ in KEPT:
        kind = Path(name).suffix
        column = {**request, "into": request.get("into", "translation")}
        once, twice = io.BytesIO(), io.BytesIO()
        if kind == ".tmx" or request.get("column", "").isdigit() or name == "one.tsv":
            continue
        try:
            asked = Request(name, languages=("en", "fr"), **column)
            write_pieces(read_pieces(io.BytesIO(content.encode()), kind, asked), once, capitals)
            write_pieces(read_pieces(io.BytesIO(once.getvalue()), kind, asked), twice, capitals)
        except SeqError as error:
            raise AssertionError(name) from error
        assert twice.getvalue() == once.getvalue(), name
