"""`seq2seq data`: the cleaning report, and that what is written can be read again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seq2seq.cli import main
from seq2seq.data.pairs import Counts, SentencePair
from seq2seq.data.readers import read_pairs
from seq2seq.data.writers import WRITERS, write_pairs

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
    assert report["repaired"] == {"control character replaced by a space": 1}
    assert report["characters"]["target"] == {"median": 4, "95 %": 4, "longest": 4}


def test_check_for_people(corpus: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["data", "check", corpus, "--data.no-drop-duplicates"]) == 0
    lines = capsys.readouterr().out.split("\n")
    assert lines[0] == "6 pairs read, 4 kept"
    assert any("1 × blank (first: " in line and line.endswith("corpus.tsv:4)") for line in lines)


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
    write_pairs(sentence_pairs, (path,), languages=("en", "fr"), counts=Counts())
    expected = [(pair.source, pair.target) for pair in sentence_pairs]
    kept = [pair for pair in expected if pair[0].strip() or pair[1].strip()] if suffix == ".tsv" else expected
    found = texts(path)
    assert (
        found if suffix != ".tsv" else [pair for pair in found if pair[0].strip() or pair[1].strip()]
    ) == kept


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["check"], 2, "no data given"),
        (["check", "no.tsv"], 3, "no.tsv: cannot be read"),
        (["convert", "a.tsv"], 2, "expected the data and the file to write"),
        (["convert", "CORPUS", "x.docx"], 2, "suffix '.docx' found, expected .tsv, .csv, .jsonl, .tmx"),
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
    assert main.run(["data", "convert", str(bad), str(out)]) == 3
    assert out.read_text() == "as it was\n" and sorted(p.name for p in tmp_path.iterdir()) == [
        "bad.tsv",
        "out.tsv",
    ]
