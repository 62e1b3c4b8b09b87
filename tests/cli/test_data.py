"""`seq2seq data`: the cleaning report, and that what is written can be read again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seq2seq.cli import main
from seq2seq.data.readers import read_pairs
from seq2seq.data.writers import WRITERS, write_pairs
from seq2seq.pairs import Counts, SentencePair
from tests.limits import cpu_seconds

PAIRS = [("one", "un"), ("two", "deux"), ("one", "un"), ("", "vide"), ("x" * 30, "y"), ("two\u2028", "deux")]
LANGUAGES = ["--source-lang", "en", "--target-lang", "fr"]


@pytest.fixture
def corpus(tmp_path: Path) -> str:
    path = tmp_path / "corpus.tsv"
    path.write_text("".join(f"{source}\t{target}\n" for source, target in PAIRS), encoding="utf-8")
    return str(path)


def texts(*paths: Path) -> list[tuple[str, str]]:
    pairs = read_pairs([str(path) for path in paths], languages=("en", "fr"))
    return [(pair.source, pair.target) for pair in pairs]


def test_check_counts_and_gives_examples(corpus: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["data", "check", corpus, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["read"], report["kept"]) == (6, 3)
    assert report["dropped"] == {
        "blank": {"pairs": 1, "example": f"{corpus}:4"},
        "duplicate": {"pairs": 1, "example": f"{corpus}:3"},
        "length ratio above 4": {"pairs": 1, "example": f"{corpus}:5"},
    }
    assert report["repaired"] == {
        "control character replaced by a space": {"times": 1, "example": f"{corpus}:6"}
    }
    assert report["characters"]["target"] == {"median": 4, "95 %": 4, "longest": 4}


def test_check_for_people(corpus: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["data", "check", corpus, "--data.no-drop-duplicates"]) == 0
    lines = capsys.readouterr().out.split("\n")
    assert lines[0] == "6 pairs read, 4 kept"
    assert lines[1:] == [
        f"dropped           1 × blank (first: {corpus}:4)",
        f"dropped           1 × length ratio above 4 (first: {corpus}:5)",
        f"repaired          1 × control character replaced by a space (first: {corpus}:6)",
        "source characters: median 3, 95 % 4, longest 4",
        "target characters: median 4, 95 % 4, longest 4",
        "",
    ]


def test_check_counts_pairs_that_are_too_long_for_training(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [f"{number} is a number\t{number} est un nombre" for number in range(200)]
    rows += [" ".join(map(str, range(start, start + 120))) + "\tx" for start in range(3)]
    path = tmp_path / "long.tsv"
    path.write_text("\n".join(rows) + "\n")
    assert main.run(["data", "check", str(path), "--data.max-ratio", "0", "--tokens", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["read"], report["kept"]) == (203, 200)
    assert report["dropped"]["longer than 100 tokens (data.max_length)"]["pairs"] == 3


def test_check_reads_several_corpora(corpus: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, line in (("x.en", "three"), ("x.fr", "trois")):
        (tmp_path / name).write_text(line + "\n")
    files = [corpus, str(tmp_path / "x.en"), str(tmp_path / "x.fr"), corpus]
    assert main.run(["data", "check", *files, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["read"], report["kept"]) == (13, 4)


def test_check_of_nothing_worth_keeping(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty.tsv").write_text("\ta\n")
    assert main.run(["data", "check", str(tmp_path / "empty.tsv"), "--tokens"]) == 0
    assert capsys.readouterr().out.startswith("1 pairs read, 0 kept\n")


def test_clean_writes_what_is_kept(corpus: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "clean.jsonl"
    assert main.run(["data", "clean", corpus, "--out", str(out), *LANGUAGES]) == 0
    assert texts(out) == [("one", "un"), ("two", "deux"), ("two ", "deux")]
    assert "6 pairs read, 3 kept" in capsys.readouterr().err


def test_split_keeps_a_source_in_one_part(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus.tsv"
    rows = [(f"source {number % 500}", f"target {number}") for number in range(2000)]
    corpus.write_text("".join(f"{source}\t{target}\n" for source, target in rows))
    out = str(tmp_path / "parts")
    assert main.run(["data", "split", str(corpus), "--out", out, "--valid", "0.1", "--test", "0.2"]) == 0
    parts = [texts(tmp_path / "parts" / f"{name}.tsv") for name in ("train", "valid", "test")]
    assert sorted(pair for part in parts for pair in part) == sorted(rows)
    sources = [{source for source, _ in part} for part in parts]
    assert not sources[0] & sources[1] and not sources[0] & sources[2] and not sources[1] & sources[2]
    assert 20 < len(sources[1]) < 80 < len(sources[2]) < 130


@pytest.mark.parametrize("suffix", WRITERS)
def test_convert_there_and_back(corpus: str, tmp_path: Path, suffix: str) -> None:
    there, back = tmp_path / f"there{suffix}", tmp_path / "back.tsv"
    assert main.run(["data", "convert", corpus, str(there), *LANGUAGES]) == 0
    assert main.run(["data", "convert", str(there), str(back), *LANGUAGES]) == 0
    assert texts(back) == texts(Path(corpus))


def test_convert_to_aligned_text_and_gzip(corpus: str, tmp_path: Path) -> None:
    pairs = texts(Path(corpus))
    sides = [str(tmp_path / "out.en"), str(tmp_path / "out.fr")]
    assert main.run(["data", "convert", corpus, *sides]) == 0
    assert (tmp_path / "out.en").read_text().split("\n") == [*(source for source, _ in pairs), ""]
    for suffix in WRITERS:
        packed = tmp_path / f"packed{suffix}.gz"
        assert main.run(["data", "convert", *sides, str(packed), *LANGUAGES]) == 0
        assert packed.read_bytes()[:2] == b"\x1f\x8b" and texts(packed) == pairs


def test_what_a_format_cannot_hold_becomes_a_space_and_is_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = tmp_path / "tabs.jsonl", tmp_path / "out.tsv"
    path.write_text('{"source": "a\\tb\\tc", "target": "d"}\n{"source": "\\ufeffe", "target": "\\uffff"}\n')
    assert main.run(["data", "convert", str(path), str(out)]) == 0
    assert texts(out) == [("a b c", "d"), ("e", "\uffff")]
    message = capsys.readouterr().err
    assert "2 × character that the format cannot hold replaced by a space" in message
    assert "1 × byte order mark removed" in message
    assert main.run(["data", "convert", str(path), str(tmp_path / "out.tmx"), *LANGUAGES]) == 0
    assert texts(tmp_path / "out.tmx") == [("a\tb\tc", "d"), ("\ufeffe", " ")]
    assert "1 × character that the format cannot hold" in capsys.readouterr().err


@pytest.mark.parametrize("suffix", [".tsv", ".csv"])
@pytest.mark.parametrize("languages", [("", ""), ("en", "fr"), ("ayr", "tlh"), ("pt-PT", "pt-BR")])
@pytest.mark.parametrize("first", [("source", "target"), ("en", "fr"), ("ayr", "tlh"), ("a", "b")])
def test_a_pair_like_a_header_stays_a_pair(
    tmp_path: Path, suffix: str, languages: tuple[str, str], first: tuple[str, str]
) -> None:
    path = tmp_path / f"out{suffix}"
    write_pairs([SentencePair(*first)], (path,), languages=languages, counts=Counts())
    for requested in (None, languages) if all(languages) else (None,):
        assert [(p.source, p.target) for p in read_pairs([str(path)], languages=requested)] == [first]


def test_a_file_that_is_read_is_not_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, link = tmp_path / "train.tsv", tmp_path / "link.tsv"
    path.write_text("a\tb\n")
    link.hardlink_to(path)
    for arguments in (
        ["split", str(path), "--out", str(tmp_path)],
        ["clean", str(path), "--out", str(link)],
        ["convert", str(path), str(link), "--overwrite"],
    ):
        assert main.run(["data", *arguments]) == 2
        assert "is read and would be written" in capsys.readouterr().err
    assert path.read_text() == "a\tb\n"


def test_convert_replaces_a_file_only_with_overwrite(
    corpus: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.tsv"
    other.write_text("a\tb\n")
    assert main.run(["data", "convert", corpus, str(other)]) == 2
    assert "other.tsv exists and would be written: add --overwrite" in capsys.readouterr().err
    assert other.read_text() == "a\tb\n"
    assert main.run(["data", "convert", corpus, str(other), "--overwrite"]) == 0
    assert texts(other) == texts(Path(corpus))


@settings(max_examples=60)
@given(st.lists(st.tuples(*[st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), min_size=1)] * 2)))
@pytest.mark.parametrize("suffix", WRITERS)
def test_any_text_survives(
    tmp_path_factory: pytest.TempPathFactory, suffix: str, pairs: list[tuple[str, str]]
) -> None:
    path = tmp_path_factory.getbasetemp() / f"any{suffix}"
    sentence_pairs = [
        SentencePair("head", "tête"),
        *(SentencePair(source, target) for source, target in pairs),
    ]
    expected = [(pair.source, pair.target) for pair in sentence_pairs]
    with cpu_seconds(2):
        write_pairs(sentence_pairs, (path,), languages=("en", "fr"), counts=Counts())
        assert texts(path) == expected


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["check"], 2, "no data given"),
        (["check", "no.tsv"], 3, "no.tsv: cannot be read"),
        (["convert", "a.tsv"], 2, "expected the data and the file to write"),
        (
            ["convert", "CORPUS", "x.docx"],
            2,
            "suffix '.docx' found, expected .tsv, .csv, .jsonl, .tmx, or two",
        ),
        (["convert", "CORPUS", "x.tmx"], 2, "expected --source-lang and --target-lang"),
        (["split", "CORPUS", "--valid", "0.6", "--test", "0.5"], 2, "expected shares that sum to below 1"),
        (["clean", "CORPUS", "--data.max-ratio", "0.5"], 2, "max_ratio is 0.5, expected 0 (no limit)"),
    ],
)
def test_wrong_usage(
    corpus: str, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, message: str
) -> None:
    arguments = [corpus if argument == "CORPUS" else argument for argument in arguments]
    assert main.run(["data", *arguments]) == code
    assert message in capsys.readouterr().err


def test_a_failed_conversion_leaves_the_old_file(tmp_path: Path) -> None:
    bad, out = tmp_path / "bad.tsv", tmp_path / "out.tsv"
    bad.write_bytes(b"a\tb\ncaf\xe9\tb\n")
    out.write_text("as it was\n")
    assert main.run(["data", "convert", str(bad), str(out), "--overwrite"]) == 3
    assert out.read_text() == "as it was\n" and sorted(p.name for p in tmp_path.iterdir()) == [
        "bad.tsv",
        "out.tsv",
    ]


def test_options_have_the_names_of_training_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "table.tsv"
    path.write_text("id\tgerman\tenglish\n1\tGuten Abend.\tGood evening.\n")
    assert main.run(["data", "check", str(path), "--data.columns", "english", "german", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["kept"] == 1
