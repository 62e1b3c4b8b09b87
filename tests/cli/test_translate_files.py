"""`seq2seq translate` on files: formats, alignment, several processes, and text that is kept."""

from __future__ import annotations

import gzip
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from seq2seq.bundle import model_directory
from seq2seq.cli import main
from seq2seq.cli.output_forms import pharaoh
from seq2seq.translation import Translation, Word
from seq2seq.translator import Translator
from tests import tiny

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Result:
    """Exit code and output of a command."""

    code: int
    out: str
    err: str


Command = Callable[..., Result]


@pytest.fixture
def command(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, model: Path, tmp_path: Path
) -> Command:
    """`translate` with the tiny model, in the folder of the test."""
    monkeypatch.chdir(tmp_path)
    for name in ("WORLD_SIZE", "RANK"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: str, stdin: bytes = b"") -> Result:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        capsys.readouterr()
        code = main.run(["translate", "--model", str(model), "--beam-size", "1", *arguments])
        sys.stdout.flush()
        printed = capsys.readouterr()
        assert "Traceback" not in printed.err
        return Result(code, printed.out, printed.err)

    return run


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained model."""
    path = tmp_path_factory.mktemp("model") / "tiny"
    model_directory.save(path, tiny.bundle())
    return path


@pytest.fixture(scope="module")
def one(model: Path) -> str:
    """The translation of "one", on one line."""
    text = Translator.from_pretrained(model).translate("one", beam_size=1).text
    return re.sub("[\r\n\t]", " ", text)


def test_a_table_is_translated(command: Command, one: str) -> None:
    Path("a.tsv").write_bytes(b"\xef\xbb\xbfid\ten\r\n1\tone\r\n")
    assert command("--in", "a.tsv", "--out", "b.tsv") == Result(0, "", "")
    assert Path("b.tsv").read_bytes().decode() == f"\ufeffid\ten\ttranslation\r\n1\tone\t{one}\r\n"
    assert command("--in", "a.tsv", "--column", "id", "--into", "en").out.startswith("\ufeffid\ten")


def test_fields_of_json_are_translated(command: Command) -> None:
    Path("a.jsonl.gz").write_bytes(gzip.compress(b'{"q": "one", "n": 1}\n'))
    assert command("--in", "a.jsonl.gz", "--out", "b.jsonl", "--field", "q", "--into", "a").code == 0
    record = json.loads(Path("b.jsonl").read_text(encoding="utf-8"))
    assert list(record) == ["q", "n", "a"] and record["q"] == "one" and isinstance(record["a"], str)


def test_a_memory_gets_the_languages_of_the_model(command: Command) -> None:
    Path("a.tmx").write_text('<tmx><tu><tuv xml:lang="en"><seg>one</seg></tuv></tu></tmx>')
    result = command("--in", "a.tmx")
    assert result.code == 0 and '<tuv xml:lang="fr"><seg>' in result.out


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (
            ["--in", "a.tsv", "--column", "x"],
            3,
            "a.tsv:1: 0 columns named 'x' found in 'en', 'b', expected one",
        ),
        (["--in", "nothing.srt"], 3, "nothing.srt: cannot be read (No such file or directory)"),
        (["--in", "a.srt"], 3, "a.srt:1: 'one' found, expected the number of a cue"),
        (["--in", "a.tsv", "--out", "b.srt"], 2, "b.srt: suffix '.srt' found, expected '.tsv' as in a.tsv"),
        (["--in", "a.tsv", "--json"], 2, "a.tsv: no plain text, expected that with --scores"),
        (["--alignment", "--json"], 2, "--alignment found with --scores, --json or --n-best"),
        (
            ["--shards", "2"],
            2,
            "several processes and --shards need --in with plain text, not gzipped, and --out",
        ),
        (["--shards", "2", "--in", "a.tsv", "--out", "b.tsv"], 2, "several processes and --shards need --in"),
        (["--shards", "2", "--in", "a.gz", "--out", "b"], 2, "several processes and --shards need --in"),
        (["--shards", "-1"], 2, "--shards is -1, expected 0 or more"),
        (["--in", "a.txt", "--out", "a.tsv/b"], 5, "a.tsv/b: cannot be written"),
    ],
)
def test_mistakes_are_named(command: Command, arguments: list[str], code: int, message: str) -> None:
    Path("a.tsv").write_text("en\tb\none\tx\n")
    for name in ("a.srt", "a.txt"):
        Path(name).write_text("one\n")
    before = sorted(os.listdir())
    result = command(*arguments)
    assert (result.code, result.out) == (code, "") and message in result.err
    assert sorted(os.listdir()) == before


def test_alignment_follows_the_text(command: Command) -> None:
    lines = command("--alignment", stdin=b"one two\n\nthree\n").out.split("\n")[:-1]
    plain = command(stdin=b"one two\n\nthree\n").out.split("\n")[:-1]
    assert [line.rpartition("\t")[0] for line in lines] == plain and lines[1] == "\t"
    for line, source in zip(lines, ["one two", "", "three"], strict=True):
        text, _, links = line.rpartition("\t")
        pairs = [tuple(map(int, link.split("-"))) for link in links.split()]
        assert pairs == sorted(set(pairs))
        assert all(s < len(source.split()) and t < len(text.split()) for s, t in pairs)


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("  a\u00a0 b", "x", "1-0"),  # the second word of the source
        ("a b", "日本", "1-0"),  # two words of the translation, no space between them
        ("a b", "x 日", "1-1"),
    ],
)
def test_words_of_an_alignment_are_between_spaces(source: str, target: str, expected: str) -> None:
    words = tuple(Word(target[i], i, i + 1) for i in range(len(target)) if not target[i].isspace())
    place = source.index("b") if "b" in source else 0
    links = [(0, len(words) - 1)]
    translation = Translation(
        target, source_words=(Word("b", place, place + 1),), words=words, alignment=links
    )
    assert pharaoh(source, translation) == expected


def test_a_byte_order_mark_changes_nothing(command: Command, one: str) -> None:
    assert command(stdin=b"\xef\xbb\xbfone\n").out == command(stdin=b"one\n").out == one + "\n"
    Path("a.txt").write_bytes(b"\xef\xbb\xbfone\r\n\r\none")
    assert command("--in", "a.txt", "--out", "b.txt").code == 0
    assert Path("b.txt").read_bytes().decode() == f"\ufeff{one}\r\n\r\n{one}\n"


def test_lines_before_a_bad_byte_are_answered(command: Command, one: str) -> None:
    """Also those that were read together with the bad line."""
    result = command(stdin=b"one\n" * 1499 + b"caf\xe9\n" + b"one\n" * 10)
    assert (
        result.code == 3 and "stdin:1500: byte 0xe9 found at byte 4 of the line, expected UTF-8" in result.err
    )
    assert result.out == f"{one}\n" * 1499
    Path("bad.txt").write_bytes(b"one\n" * 3 + b"\xff\n")
    Path("out.txt").write_text("as it was")
    assert command("--in", "bad.txt", "--out", "out.txt").code == 3
    assert Path("out.txt").read_text() == "as it was"  # a file is written whole or not at all


def test_torchrun_shares_a_file(model: Path, tmp_path: Path, command: Command) -> None:
    """What two processes write is what one writes, and nothing is done twice."""
    Path("in.txt").write_text("".join(pair.source + "\n" for pair in tiny.pairs(40)))
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone"]
    arguments = [
        "--model",
        str(model),
        "--beam-size",
        "1",
        "--in",
        "in.txt",
        "--out",
        "out.txt",
        "--shards",
        "5",
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    script = [*torchrun, str(ROOT / "scripts" / "translate.py"), *arguments]
    done = subprocess.run(script, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    said = re.findall(r"shards translated here: ([\d, ]+|none);", done.stderr)
    shards = sorted(shard for line in said if line != "none" for shard in line.split(", "))
    assert len(said) == 2 and shards == ["0", "1", "2", "3", "4"]
    assert command("--in", "in.txt", "--out", "alone.txt").code == 0
    assert Path("out.txt").read_bytes() == Path("alone.txt").read_bytes()
