"""`data.mix`: how much of each corpus is used."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from seq2seq.config import DataConfig
from seq2seq.config.corpora import Corpora
from seq2seq.config.data import mix_shares
from seq2seq.errors import UsageError
from seq2seq.pairs import Counts
from seq2seq.training_data.corpora import read_train


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


def test_a_share_below_one_takes_some_pairs_and_one_above_repeats_them(
    corpora: list[tuple[str, ...]],
) -> None:
    found, counts = read(corpora, "2.5,0.25")
    assert set(of("a", found)) == {2, 3}
    assert of("a", found).count(3) == pytest.approx(500, abs=80)  # five standard deviations of 1,000 draws
    assert set(of("b", found)) == {1}
    assert len(of("b", found)) == pytest.approx(250, abs=70)
    assert counts.dropped["left out (data.mix)"] == 999 - len(of("b", found))
    assert counts.kept == 1000 + len(of("b", found))
    assert read(corpora, "2.5,0.25")[0] == found


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
