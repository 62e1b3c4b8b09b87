"""`data.mix`: how much of each corpus an epoch has."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from seq2seq.config import DataConfig
from seq2seq.config.corpora import Corpora
from seq2seq.config.data import mix_shares
from seq2seq.data.splitting import hold_out
from seq2seq.errors import UsageError
from seq2seq.pairs import Counts, SentencePair
from seq2seq.training_data.corpora import read_train
from seq2seq.training_data.prepared import load_prepared, prepare


@pytest.fixture
def corpora(tmp_path: Path) -> list[tuple[str, ...]]:
    """Two corpora of 1,000 pairs; the first pair is in both."""
    paths = tmp_path / "a.tsv", tmp_path / "b.tsv"
    for path in paths:
        lines = ["both\tdeux\n", *(f"{path.stem} {n}\tle {path.stem} {n}\n" for n in range(999))]
        path.write_text("".join(lines), encoding="utf-8")
    return [(str(path),) for path in paths]


def read(corpora: list[tuple[str, ...]], mix: str) -> tuple[Counter[str], Counts]:
    """How often each source is read, and the counts."""
    counts = Counts()
    return Counter(
        pair.source for pair in read_train(Corpora(tuple(corpora)), DataConfig(mix=mix), counts)
    ), counts


def of(corpus: str, found: Counter[str]) -> list[int]:
    return [number for source, number in found.items() if source.startswith(f"{corpus} ")]


def test_without_a_mix_each_pair_is_used_once(corpora: list[tuple[str, ...]]) -> None:
    found, counts = read(corpora, "")
    assert set(found.values()) == {1} and len(found) == 1999
    assert counts.dropped == {"duplicate": 1}


def test_each_pair_is_read_once_with_the_share_of_its_corpus(corpora: list[tuple[str, ...]]) -> None:
    found, counts = read(corpora, "2.5,0.25")
    assert set(found.values()) == {1} and counts.kept == 1999
    mixed = read_train(Corpora(tuple(corpora)), DataConfig(mix="2.5,0.25"), Counts())
    assert {(pair.source[0], pair.share) for pair in mixed} == {("a", 2.5), ("b", 0.25), ("b", 2.5)}  # both


@pytest.mark.parametrize("more", [{}, {"phrases": 0.3}])
def test_the_shares_are_stored_and_an_epoch_follows_them(
    corpora: list[tuple[str, ...]], tmp_path: Path, more: dict[str, float]
) -> None:
    """The vocabulary is that of an epoch: a corpus that is hardly read gets hardly any pieces."""
    config = DataConfig(mix="1,0.25", vocab_size=300, **more)  # type: ignore[arg-type]
    pairs = read_train(Corpora(tuple(corpora)), config, Counts())
    prepare(pairs, tmp_path, config, counts=Counts(), seed=1, say=lambda message: None)
    prepared = load_prepared(tmp_path)
    assert prepared.shares is not None and set(prepared.shares) == {1.0, 0.25}
    rows = prepared.data[list(range(len(prepared.lengths)))]["source"]
    of_b = [share for text, share in zip(rows, prepared.shares, strict=True) if text.startswith("b ")]
    assert len(of_b) >= 999 and set(of_b) == {0.25}


def test_fewer_pairs_are_held_out_of_a_small_share(corpora: list[tuple[str, ...]]) -> None:
    held = list[SentencePair]()
    pairs = read_train(Corpora(tuple(corpora)), DataConfig(mix="1,0.01"), Counts())
    list(hold_out(pairs, held, where="", counts=Counts()))
    starts = Counter(pair.source[:2] for pair in held)
    assert starts["a "] >= 10 > 1 >= starts["b "]


def test_a_corpus_can_be_left_out(corpora: list[tuple[str, ...]]) -> None:
    found, _ = read(corpora, "0,1")
    assert not of("a", found) and len(of("b", found)) == 999


@pytest.mark.parametrize("mix", ["1", "1,1,1", "1,x", "1,-1", "0,0", "1,101", "nan,1", "1,"])
def test_what_is_no_mix_of_two_corpora(corpora: list[tuple[str, ...]], mix: str) -> None:
    with pytest.raises(UsageError, match=r"data\.mix is .*expected (2 )?numbers from 0 to 100"):
        read(corpora, mix)


def test_shares() -> None:
    assert mix_shares("1, 0.25") == (1.0, 0.25)
    assert mix_shares("", corpora=3) == (1.0, 1.0, 1.0)
