"""Readers: the pairs of good data, the message for bad data, and no other error for any data."""

from __future__ import annotations

import csv
import gzip
import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import datasets
import huggingface_hub
import pyarrow
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from seq2seq.data.readers import read_pairs
from seq2seq.data.store import build_dataset
from seq2seq.errors import DataError, UsageError
from seq2seq.pairs import Counts, SentencePair
from tests.limits import cpu_seconds

Pairs = list[tuple[str, str]]
BLANK, CONTROL = "blank line skipped", "control character replaced by a space"


def texts(paths: list[str], **options: Any) -> Pairs:
    return [(pair.source, pair.target) for pair in read_pairs(paths, **options)]


def fault(paths: list[str], **options: Any) -> str:
    with pytest.raises(DataError) as caught:
        list(read_pairs(paths, **options))
    return str(caught.value)


# file name, content, options, pairs, repairs
GOOD: list[tuple[str, str, dict[str, Any], Pairs, dict[str, int]]] = [
    ("t.tsv", "", {}, [], {}),
    ("t.tsv", "a\tb\nc d\te", {}, [("a", "b"), ("c d", "e")], {}),
    ("t.tsv", 'a "x\tb"\n', {}, [('a "x', 'b"')], {}),
    ("t.tsv", "\ta\nb\t\n\t\n", {}, [("", "a"), ("b", ""), ("", "")], {}),
    ("t.tsv", "\na\tb\n  \n\n", {}, [("a", "b")], {BLANK: 3}),
    ("t.tsv", "a\u2028\tb\rc\n", {}, [("a ", "b c")], {CONTROL: 2}),
    ("t.tsv", "target\tsource\nb\ta\n", {}, [("a", "b")], {}),
    ("t.tsv", "fr\ten\nb\ta\n", {"languages": ("en", "fr")}, [("a", "b")], {}),
    ("t.tsv", "x\ty\tz\n1\t2\t3\n", {"columns": ("z", "x")}, [("3", "1")], {}),
    ("t.tsv", "a\tb\tc\nd\te\tf\n", {"columns": ("3", "1")}, [("c", "a"), ("f", "d")], {}),
    ("T.TSV", "a\tb\n", {}, [("a", "b")], {}),
    ("t.csv", "a,b\nc,d", {}, [("a", "b"), ("c", "d")], {}),
    ("t.csv", '"a, b","c ""d"""\n', {}, [("a, b", 'c "d"')], {}),
    ("t.csv", '\n"a\nb\n\nc",d\n', {}, [("a b  c", "d")], {BLANK: 1, CONTROL: 3}),
    ("t.csv", "a\rb,c\n", {}, [("a b", "c")], {CONTROL: 1}),
    ("t.csv", '\ufeffid,"en",fr\n1,a,b\n', {}, [("a", "b")], {"byte order mark removed": 1}),
    ("t.csv", "source,target\r\na,b\r\n", {}, [("a", "b")], {"CRLF line end": 2}),
    ("t.csv", "de,en,fr\n1,2,3\n", {"languages": ("fr", "de")}, [("3", "1")], {}),
    ("t.csv", f'x,"{"y" * 1_000_000}"\n', {}, [("x", "y" * 1_000_000)], {}),
    ("t.jsonl", '{"source": "a", "target": "b", "n": 1}\n', {}, [("a", "b")], {}),
    ("t.jsonl", '{"source":"é\\u4e2d\\n","target":"\\ud83d\\ude00"}', {}, [("é中 ", "😀")], {CONTROL: 1}),
    ("t.jsonl", '\n{"source":"","target":""}\n \n', {}, [("", "")], {BLANK: 2}),
    (
        "t.jsonl",
        '{"x":"a","y":"b"}\n{"y":"d","x":"c"}\n',
        {"columns": ("y", "x")},
        [("b", "a"), ("d", "c")],
        {},
    ),
    ("t.jsonl", '{"translation":{"en":"a","fr":"b"}}\n', {"columns": ("fr", "en")}, [("b", "a")], {}),
    (
        "t.jsonl",
        '{"translation":{"en":"a","fr":"b","de":"c"}}\n',
        {"languages": ("de", "en")},
        [("c", "a")],
        {},
    ),
    ("t.jsonl", '{"x":"a","y":"b","translation":{"x":"c"}}\n', {"columns": ("x", "y")}, [("a", "b")], {}),
    ("t.jsonl", '{"text":"a","translation":"b"}\n', {"columns": ("text", "translation")}, [("a", "b")], {}),
]


@pytest.mark.parametrize("zipped", [False, True], ids=["plain", "gz"])
@pytest.mark.parametrize(("name", "content", "options", "pairs", "repaired"), GOOD)
def test_text_formats_yield_pairs_and_count_repairs(
    tmp_path: Path,
    name: str,
    content: str,
    options: dict[str, Any],
    pairs: Pairs,
    repaired: dict[str, int],
    zipped: bool,
) -> None:
    path = tmp_path / (name + ".gz" if zipped else name)
    path.write_bytes(gzip.compress(content.encode()) if zipped else content.encode())
    counts = Counts()
    assert texts([str(path)], counts=counts, **options) == pairs
    assert counts == Counts(read=len(pairs), repaired=repaired)


# file name, content, options, line, what the message says
BAD: list[tuple[str, bytes, dict[str, Any], int, str]] = [
    ("t.tsv", b"a\tb\nc\n", {}, 2, "1 column found, expected 2"),
    ("t.tsv", b"a\tb\nc\td\te\n", {}, 2, "3 columns found, expected 2"),
    ("t.tsv", b"a\tb\tc\n", {}, 1, "3 columns found, expected 2, or two names in --data.columns"),
    ("t.tsv", b"a\tb\n", {"columns": ("1", "3")}, 1, "2 columns found, expected at least 3"),
    ("t.tsv", b"a\tb\nc\n", {"columns": ("1", "2")}, 2, "1 column found, expected 2"),
    ("t.tsv", b"a\tb\n", {"columns": ("en", "fr")}, 1, "0 columns named 'en' found in 'a', 'b'"),
    ("t.tsv", b"en\tde\na\tb\n", {"languages": ("en", "fr")}, 1, "expected 'en' and 'fr'"),
    ("t.tsv", b"a\tb\nc\t\xe9\n", {}, 2, "byte 0xe9 found at byte 3 of the line"),
    ("t.tsv", "a\tb\n".encode("utf-16"), {}, 1, "UTF-16"),
    ("t.tsv", b"a\tb\nc\td\0\n", {}, 2, "NUL character found at byte 4"),
    ("t.csv", b'a,b\n"c\n\nd",e\nf\n', {}, 5, "1 column found, expected 2"),
    ("t.csv", b'a,b\n"c\nd,e\n', {}, 2, "expected CSV with every quotation mark closed"),
    ("t.csv", b'a,b\n"c"d,e\n', {}, 2, "expected CSV"),
    ("t.csv", b"a;b\n", {}, 1, "1 column found"),
    ("t.csv", b"de,en,fr\na,b,c\n", {}, 1, "expected two, or the names of two as columns"),
    ("t.jsonl", b'{"source":"a","target":"b"}\n{"source":"a"\n', {}, 2, "not JSON"),
    ("t.jsonl", b'["a","b"]\n', {}, 1, "a list found, expected an object"),
    ("t.jsonl", b'{"source":"a"}\n', {}, 1, "columns 'source' found, expected 'source' and 'target'"),
    ("t.jsonl", b'{"source":"a","target":"b"}\n{"source":"a"}\n', {}, 2, "no column 'target' found"),
    ("t.jsonl", b'{"source":"a","target":null}\n', {}, 1, "'target' is a NoneType, expected a string"),
    ("t.jsonl", b'{"source":["a"],"target":"b"}\n', {}, 1, "'source' is a list, expected a string"),
    ("t.jsonl", b'{"source":"a","target":"b\\u0000"}\n', {}, 1, "U+0000 found at character 2"),
    ("t.jsonl", b'{"source":"\\ud800","target":"b"}\n', {}, 1, "U+D800 found at character 1"),
    ("t.jsonl", b'{"a":"a","b":"b"}\n', {"columns": ("a", "c")}, 1, "0 columns named 'c'"),
    ("t.jsonl", b'{"translation":{"en":"a"}}\n', {"columns": ("en", "fr")}, 1, "0 columns named 'fr'"),
    ("t.jsonl", b"[" * 200_000, {}, 1, "nested too deep"),
    ("t.jsonl", b'{"n":' + b"1" * 5000 + b"}", {}, 1, "not JSON"),
    ("t.parquet", b"not parquet", {}, 1, "expected a Parquet file"),
    ("t.parquet", b"", {}, 1, "expected a Parquet file"),
]


@pytest.mark.parametrize(("name", "content", "options", "line", "says"), BAD)
def test_errors_name_file_and_line(
    tmp_path: Path, name: str, content: bytes, options: dict[str, Any], line: int, says: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    message = fault([str(path)], **options)
    assert message.startswith(f"{path}:{line}: ")
    assert says in message
    assert "expected" in message
    assert "\n" not in message


def test_location_is_where_the_record_starts(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('\na,"b\nc"\n\nd,e\n')
    assert [pair.location for pair in read_pairs([str(path)])] == [f"{path}:2", f"{path}:5"]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("missing.tsv", "cannot be read"),
        ("missing.csv.gz", "cannot be read"),
        ("missing.parquet", "cannot be read"),
        ("folder.tsv", "a folder found"),
        ("memory.tmx", "expected --source-lang and --target-lang"),
        (
            "t.docx",
            "suffix '.docx' found, expected .tsv[.gz], .csv[.gz], .jsonl[.gz], .tmx[.gz], .parquet, hf:OWNER",
        ),
        ("t.parquet.gz", "suffix '.gz' found"),
        ("only.en", "two files of aligned text"),
        ("nul\0.tsv", "expected a text file"),
    ],
)
def test_paths_that_are_no_corpus_are_errors(tmp_path: Path, name: str, says: str) -> None:
    (tmp_path / "folder.tsv").mkdir()
    (tmp_path / "memory.tmx").write_text("<tmx/>")
    (tmp_path / "t.parquet.gz").write_bytes(b"")
    assert says in fault([f"{tmp_path}/{name}"])


@pytest.mark.parametrize("paths", [[], ["a.en", "a.fr", "a.de"], "t.tsv"])
def test_more_or_fewer_paths_than_one_corpus_are_an_error(paths: list[str]) -> None:
    with pytest.raises(UsageError, match="expected one, or two of aligned text"):
        read_pairs(paths)


def test_a_column_cannot_be_source_and_target() -> None:
    with pytest.raises(UsageError, match="two different"):
        read_pairs(["t.csv"], columns=("a", "a"))


def test_pairs_are_read_one_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "t.tsv"
    path.write_bytes(b"a\tb\nc\n")
    counts = Counts()
    pairs = read_pairs([str(path)], counts=counts)
    assert next(pairs) == SentencePair("a", "b", f"{path}:1")
    assert counts.read == 1
    with pytest.raises(DataError):
        next(pairs)


def write_sides(folder: Path, source: bytes, target: bytes) -> list[str]:
    paths = [folder / "t.en", folder / "t.fr"]
    for path, data in zip(paths, (source, target), strict=True):
        path.write_bytes(data)
    return [str(path) for path in paths]


def test_aligned_text_yields_a_pair_per_line(tmp_path: Path) -> None:
    paths = write_sides(tmp_path, b"\xef\xbb\xbfa\r\n\nc\x0cd\te\n", "b\u0085\nx\n\n".encode())
    counts = Counts()
    pairs = list(read_pairs(paths, counts=counts, languages=("en", "fr")))
    assert [(pair.source, pair.target) for pair in pairs] == [("a", "b "), ("", "x"), ("c d\te", "")]
    assert [pair.location for pair in pairs] == [f"{paths[0]}:{line}" for line in (1, 2, 3)]
    assert counts.repaired == {"byte order mark removed": 1, "CRLF line end": 1, CONTROL: 2}


def test_one_file_of_aligned_text_may_be_gzipped(tmp_path: Path) -> None:
    paths = [tmp_path / "t.en.gz", tmp_path / "t.fr"]
    paths[0].write_bytes(gzip.compress(b"a\nb"))
    paths[1].write_bytes(b"c\nd\n")
    assert texts([str(path) for path in paths]) == [("a", "c"), ("b", "d")]


@pytest.mark.parametrize(
    ("source", "target", "short", "line", "ends", "expected"),
    [
        (b"a\nb\n", b"c\nd\ne\nf\n", 0, 3, 2, 4),
        (b"a\nb\nc", b"d\n", 1, 2, 1, 3),
        (b"", b"d\n", 0, 1, 0, 1),
        (b"a\n\n", b"d\n", 1, 2, 1, 2),  # a blank line counts
        (b"a\n", "b\u2028\nc\n".encode(), 0, 2, 1, 2),
    ],
)
def test_unequal_numbers_of_lines_are_an_error(
    tmp_path: Path, source: bytes, target: bytes, short: int, line: int, ends: int, expected: int
) -> None:
    paths = write_sides(tmp_path, source, target)
    says = f"the file ends after {ends} lines, expected {expected} as in {paths[1 - short]}"
    assert fault(paths) == f"{paths[short]}:{line}: {says}"


def test_lines_inside_lines_do_not_misalign(tmp_path: Path) -> None:
    source = "".join(f"{n}{c}x\n" for n, c in enumerate("\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"))
    target = "".join(f"{n}\n" for n in range(9))
    for left, right in texts(write_sides(tmp_path, source.encode(), target.encode())):
        assert left == f"{right} x"


def test_swapped_files_are_noticed_by_their_names(tmp_path: Path) -> None:
    paths = write_sides(tmp_path, b"a\n", b"b\n")
    assert "expected" in fault(paths[::-1], languages=("en-GB", "fr"))
    assert texts(paths[::-1], languages=("en", "de")) == [("b", "a")]


def test_two_corpora_are_not_aligned_text(tmp_path: Path) -> None:
    assert "a corpus of its own" in fault(["a.tsv", "b.tsv"])
    assert "the same file" in fault(["a.txt", "a.txt"])


def write_parquet(path: Path, columns: dict[str, Any], **options: Any) -> str:
    parquet.write_table(pyarrow.table(columns), path, **options)
    return str(path)


@pytest.mark.parametrize(
    ("columns", "options", "pairs"),
    [
        ({"source": ["a", "c\n"], "target": ["b", "d"]}, {}, [("a", "b"), ("c ", "d")]),
        ({"x": [1], "fr": ["b"], "en": ["a"]}, {"languages": ("en", "fr")}, [("a", "b")]),
        ({"x": ["1"], "y": ["2"], "z": [b"3"]}, {"columns": ("y", "x")}, [("2", "1")]),
        ({"translation": [{"en": "a", "fr": "b"}]}, {}, [("a", "b")]),
        ({"id": [1], "translation": [{"en": "a", "fr": "b"}]}, {"columns": ("fr", "en")}, [("b", "a")]),
        ({"text": ["a"], "translation": ["b"]}, {"columns": ("text", "translation")}, [("a", "b")]),
        ({"source": [], "target": []}, {}, []),
        (
            {
                "source": pyarrow.array(["a", "a"]).dictionary_encode(),
                "target": pyarrow.array(["b", "c"], "large_string"),
            },
            {},
            [("a", "b"), ("a", "c")],
        ),
    ],
)
def test_parquet_yields_pairs(
    tmp_path: Path, columns: dict[str, Any], options: dict[str, Any], pairs: Pairs
) -> None:
    assert texts([write_parquet(tmp_path / "t.parquet", columns)], **options) == pairs


def invalid_utf8(number: int) -> pyarrow.Array:
    """`number` strings, the last of which is not UTF-8, as some programs write them."""
    raw = pyarrow.array([b"fine"] * (number - 1) + [b"ab\xe9"], pyarrow.binary())
    return pyarrow.Array.from_buffers(pyarrow.string(), number, raw.buffers())


@pytest.mark.parametrize(
    ("columns", "options", "line", "says"),
    [
        ({"a": ["x"], "b": ["y"]}, {}, 1, "columns 'a', 'b' found"),
        ({"source": ["x"], "b": ["y"]}, {"columns": ("source", "c")}, 1, "0 columns named 'c'"),
        ({"source": ["x", "z"], "target": ["y", None]}, {}, 2, "'target' is a NoneType"),
        ({"source": [1], "target": ["y"]}, {}, 1, "'source' is a int"),
        ({"source": [b"x"], "target": ["y"]}, {}, 1, "'source' is a bytes"),
        ({"translation": [{"en": "a", "fr": "b"}, None]}, {}, 2, "no column 'en' found"),
        (
            {"source": invalid_utf8(700), "target": ["y"] * 700},
            {},
            700,
            "byte 0xe9 found at byte 3 of a text",
        ),
    ],
)
def test_parquet_errors_name_file_and_row(
    tmp_path: Path, columns: dict[str, Any], options: dict[str, Any], line: int, says: str
) -> None:
    path = write_parquet(tmp_path / "t.parquet", columns)
    message = fault([path], **options)
    assert message.startswith(f"{path}:{line}: "), message
    assert says in message


def test_truncated_parquet_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    write_parquet(path, {"source": ["a"] * 100, "target": ["b"] * 100})
    whole = path.read_bytes()
    for size in range(0, len(whole), 97):
        path.write_bytes(whole[:size])
        assert "expected a Parquet file" in fault([str(path)])


def test_parquet_is_streamed(tmp_path: Path) -> None:
    """A row group of 80 MB is never completely in memory."""
    rows = 4000
    columns = {side: [os.urandom(5_000).hex() for _ in range(rows)] for side in ("source", "target")}
    path = write_parquet(
        tmp_path / "t.parquet", columns, row_group_size=rows, compression="none", use_dictionary=False
    )
    del columns
    pool = pyarrow.default_memory_pool()
    before = pool.bytes_allocated()
    used = [pool.bytes_allocated() - before for _ in read_pairs([path])]
    assert len(used) == rows
    assert 1_000_000 < max(used) < 40_000_000


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("the network was requests")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def data_folder(folder: Path) -> str:
    """A folder of data files in two splits."""
    folder.mkdir()
    for split in ("train", "test"):
        records = [{"translation": {"en": f"{split} {n}", "fr": f"fr {n}"}} for n in range(3)]
        (folder / f"{split}.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    return str(folder)


@pytest.mark.usefixtures("no_network")
def test_a_local_folder_needs_no_network(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    name = "hf:" + data_folder(tmp_path / "data")
    pairs = list(read_pairs([name], columns=("en", "fr")))
    assert pairs == [SentencePair(f"train {n}", f"fr {n}", f"{name}:{n + 1}") for n in range(3)]
    assert texts([name], columns=("fr", "en"), split="test")[0] == ("fr 0", "test 0")
    assert capfd.readouterr() == ("", "")
    assert not datasets.utils.are_progress_bars_disabled()


@pytest.mark.usefixtures("no_network")
def test_a_local_parquet_folder(tmp_path: Path) -> None:
    write_parquet(tmp_path / "train.parquet", {"source": ["a", "c\r"], "target": ["b", "d"]})
    assert texts([f"hf:{tmp_path}"]) == [("a", "b"), ("c ", "d")]


@pytest.mark.usefixtures("no_network")
def test_data_sets_saved_by_datasets_are_read(tmp_path: Path) -> None:
    saved = build_dataset([SentencePair("a", "b")], tmp_path / "one")
    assert texts([f"hf:{tmp_path / 'one'}"]) == [("a", "b")]
    datasets.DatasetDict({"test": saved}).save_to_disk(str(tmp_path / "splits"))
    assert texts([f"hf:{tmp_path / 'splits'}"], split="test") == [("a", "b")]
    assert "splits test found, expected 'train'" in fault([f"hf:{tmp_path / 'splits'}"])


@pytest.mark.usefixtures("no_network")
def test_data_set_errors_name_the_data_set(tmp_path: Path) -> None:
    name = "hf:" + data_folder(tmp_path / "data")
    assert "Bad split: dev" in fault([name], split="dev")
    assert "'other' not found" in fault([f"{name}:other"])
    assert f"{name}:1: 0 columns named 'de'" in fault([name], columns=("en", "de"))
    for missing in ("hf:", "hf:./nowhere", "hf:csv", f"hf:{tmp_path}/nowhere", "hf:a/b/c", "hf:../x"):
        assert fault([missing]).startswith(f"{missing}: no folder ")
    (tmp_path / "empty").mkdir()
    assert "cannot be read by datasets" in fault([f"hf:{tmp_path / 'empty'}"])
    (tmp_path / "data" / "train.jsonl").write_text('{"translation": 3}\n{"translation": ')
    assert "cannot be read by datasets" in fault([name])


@pytest.mark.parametrize("local", [True, False])
def test_local_data_is_read_offline_and_bars_show_on_terminals_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, local: bool
) -> None:
    seen = []

    def load(*_: Any, **__: Any) -> datasets.Dataset:
        seen.append((datasets.config.HF_HUB_OFFLINE, huggingface_hub.constants.HF_HUB_OFFLINE))
        seen.append(datasets.utils.are_progress_bars_disabled())
        return datasets.Dataset.from_dict({"source": ["a"], "target": ["b"]})

    monkeypatch.setattr(datasets, "load_dataset", load)
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    name = str(tmp_path) if local else "owner/name"
    for terminal in (False, True):
        monkeypatch.setattr(sys.stderr, "isatty", lambda shown=terminal: shown, raising=False)
        assert texts([f"hf:{name}"]) == [("a", "b")]
    assert seen == [(local, local), True, (local, local), False]
    assert not datasets.config.HF_HUB_OFFLINE
    assert not huggingface_hub.constants.HF_HUB_OFFLINE


def test_a_hub_data_set_yields_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    features = datasets.Features(
        {"id": datasets.Value("string"), "translation": datasets.Translation(["en", "fr"])}
    )
    rows = {"id": ["1", "2"], "translation": [{"en": "a", "fr": "b"}, {"en": "c", "fr": "d"}]}
    requests = []

    def load(*arguments: Any, **options: Any) -> datasets.Dataset:
        requests.append((arguments, options["split"]))
        return datasets.Dataset.from_dict(rows, features=features)

    monkeypatch.setattr(datasets, "load_dataset", load)
    assert texts(["hf:owner/name:en-fr"], languages=("fr", "en"), split="dev") == [("b", "a"), ("d", "c")]
    assert texts(["hf:owner/name"]) == [("a", "b"), ("c", "d")]
    assert requests == [(("owner/name", "en-fr"), "dev"), (("owner/name", None), "train")]


def test_importing_readers_imports_no_datasets() -> None:
    imports = "import sys, seq2seq.data.readers, seq2seq.data.store"
    script = imports + "; print({'datasets', 'pyarrow'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
    assert done.stderr == ""


# Bytes that readers often get wrong: line ends, quotes, byte order marks, controls, surrogates, tags.
TRICKY_PARTS = [
    *(
        b"\n",
        b"\r\n",
        b"\r",
        b"\t",
        b",",
        b'"',
        b"a",
        b"en",
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"\0",
        b"\xe9",
        b"\x0c",
    ),
    *(b"\xed\xa0\x80", b"\xc2\x85", b"\xe2\x80\xa8", b"{", b"}", b"[", b":", b"\\ud800", b"en,fr\n"),
    *(b'{"source":"a","target":"b"}\n', b'{"translation":{"en":"a","fr":"b"}}\n', b"source\ttarget\n"),
    *(
        b"<tmx>",
        b"<tu>",
        b'<tuv xml:lang="en">',
        b"<seg>",
        b"</seg>",
        b"</tuv>",
        b"</tu>",
        b"</tmx>",
        b"&#9;",
    ),
    b'<tmx><tu><tuv lang="en"><seg>a</seg></tuv><tuv lang="fr"><seg>b</seg></tuv></tu></tmx>',
]
TRICKY = st.lists(st.sampled_from(TRICKY_PARTS), max_size=30).map(b"".join)
DATA = (
    TRICKY
    | st.binary(max_size=100)
    | st.text(max_size=50).map(lambda text: text.encode("utf-8", "surrogatepass"))
)
OPTIONS = st.fixed_dictionaries(
    {
        "columns": st.sampled_from([None, ("en", "fr"), ("2", "1"), ("a", "")]),
        "languages": st.sampled_from([None, ("en", "fr")]),
    }
)


def survives(paths: list[str], options: dict[str, Any]) -> None:
    """The files yield pairs of clean text, or one line of DataError that names a file, within two seconds."""
    try:
        with cpu_seconds(2):
            for source, target in texts(paths, **options):
                assert (source + target).encode("utf-8").find(b"\n") < 0
    except DataError as error:
        assert any(str(error).startswith(path) for path in paths)
        assert "\n" not in str(error)


@pytest.mark.parametrize(
    "name",
    ["t.tsv", "t.csv", "t.jsonl", "t.tmx", "t.parquet", "t.tsv.gz", "t.csv.gz", "t.jsonl.gz", "t.tmx.gz"],
)
@given(data=DATA, options=OPTIONS)
@settings(max_examples=40, deadline=None)
def test_random_files_yield_pairs_or_a_data_error(
    tmp_path_factory: pytest.TempPathFactory, name: str, data: bytes, options: Any
) -> None:
    path = tmp_path_factory.getbasetemp() / f"fuzz-{name}"
    path.write_bytes(data)
    survives([str(path)], options)


@given(source=DATA, target=DATA)
@settings(max_examples=40, deadline=None)
def test_random_aligned_text_yields_pairs_or_a_data_error(
    tmp_path_factory: pytest.TempPathFactory, source: bytes, target: bytes
) -> None:
    survives(write_sides(tmp_path_factory.getbasetemp(), source, target), {})


GZIPPED = gzip.compress(b"a\tb\n" * 50)
PARQUET = pyarrow.BufferOutputStream()
parquet.write_table(pyarrow.table({"source": ["a", "é"] * 20, "target": ["c", "d"] * 20}), PARQUET)


@pytest.mark.parametrize(
    ("name", "whole"),
    [("t.tsv.gz", GZIPPED), ("t.parquet", PARQUET.getvalue().to_pybytes())],
    ids=["gz", "parquet"],
)
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_damaged_files_yield_pairs_or_a_data_error(
    tmp_path_factory: pytest.TempPathFactory, name: str, whole: bytes, data: Any
) -> None:
    places = st.integers(0, len(whole) - 1)
    damaged = bytearray(whole)
    for place, value in data.draw(st.lists(st.tuples(places, st.integers(0, 255)), max_size=4)):
        damaged[place] = value
    path = tmp_path_factory.getbasetemp() / f"damage-{name}"
    path.write_bytes(damaged[: data.draw(st.none() | places)])
    survives([str(path)], {})


@given(st.lists(st.tuples(st.text(), st.text()).map(lambda pair: {"source": pair[0], "target": pair[1]})))
@settings(max_examples=25, deadline=None)
def test_all_formats_yield_the_same_pairs(
    tmp_path_factory: pytest.TempPathFactory, records: list[dict[str, str]]
) -> None:
    """The same pairs as CSV (by Python's writer), JSONL and Parquet are read the same."""
    records = [
        {key: value.replace("\0", "").replace("\r", "") for key, value in row.items()} for row in records
    ]
    folder = tmp_path_factory.getbasetemp()
    paths = [str(folder / f"same.{suffix}") for suffix in ("csv", "jsonl", "parquet")]
    with open(paths[0], "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["source", "target"], quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writeheader()
        writer.writerows(records)
    with open(paths[1], "w", encoding="utf-8", newline="\n") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in records)
    write_parquet(
        Path(paths[2]),
        {key: pyarrow.array([row[key] for row in records], "string") for key in ("source", "target")},
    )
    read = [texts([path]) for path in paths]
    assert read[0] == read[1] == read[2]
    assert len(read[0]) == len(records)
