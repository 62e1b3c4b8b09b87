"""A first look at a corpus: counts against those of a corpus made by hand."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from seq2seq.config import DataConfig
from seq2seq.errors import DataError
from seq2seq.pairs import SentencePair
from seq2seq.planning.look import can_be_read_twice, count_rows, look
from tests.planning.corpora import english_german, write


def test_counts_examples_and_overlap(tmp_path: Path) -> None:
    pairs = english_german(100)
    odd = [SentencePair("twice", "doppelt"), SentencePair("twice", "doppelt"), SentencePair("same", "same")]
    long = SentencePair("short", "very long " * 20)
    train = write(tmp_path / "train.tsv", [*pairs, *odd, long])
    valid = write(tmp_path / "valid.tsv", [pairs[3], SentencePair(pairs[4].source, "anders")])
    found = look([[train]], [[valid]], DataConfig())
    assert (found.counts.read, found.counts.kept, found.pairs, found.complete) == (104, 102, 102, True)
    assert found.examples["duplicate"].target == "doppelt"
    assert found.examples["length ratio above 4"].source == "short"
    assert (found.identical, found.valid, found.overlap, found.overlap_sources) == (1, 2, 1, 2)
    assert len(found.sample) == 102


def test_without_validation_data_some_pairs_are_held_out(tmp_path: Path) -> None:
    train = write(tmp_path / "train.tsv", english_german(200))
    assert look([[train]], [], DataConfig()).pairs == 196  # one in 50


@pytest.mark.parametrize("packed", [False, True])
def test_of_a_large_corpus_only_a_part_is_read(tmp_path: Path, packed: bool) -> None:
    path = write(tmp_path / "train.tsv", english_german(300))
    if packed:
        (tmp_path / "train.tsv.gz").write_bytes(gzip.compress(Path(path).read_bytes()))
        path += ".gz"
    found = look([[path]], [[path]], DataConfig(), most=50)
    assert (found.counts.read, found.complete, found.pairs) == (50, False, 300)


def test_two_corpora_are_both_looked_at(tmp_path: Path) -> None:
    one, other = english_german(60), [SentencePair(f"x {n}", f"y {n}") for n in range(60)]
    paths = [[write(tmp_path / f"{n}.tsv", pairs)] for n, pairs in enumerate((one, other))]
    found = look(paths, paths, DataConfig(), most=40)
    assert found.pairs == 120 and {pair.source[0] == "x" for pair in found.sample} == {True, False}


def test_units_of_a_translation_memory_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "memory.tmx"
    path.write_text("<tmx><body>" + "<tu><tuv/></tu>" * 7 + "</body></tmx>")
    assert count_rows([str(path)]) == 7


def test_wrong_data_is_an_error_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "bad.tsv"
    path.write_text("a\tb\nc\n")
    with pytest.raises(DataError, match=r"bad\.tsv:2"):
        look([[str(path)]], [], DataConfig())


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_cannot_be_read_twice(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.tsv")
    assert not can_be_read_twice([[str(tmp_path / "pipe.tsv")]])
    assert can_be_read_twice([[write(tmp_path / "file.tsv", english_german(1))], ["hf:a/b"], ["missing.tsv"]])


def test_an_epoch_has_the_pairs_of_the_mix(tmp_path: Path) -> None:
    """Half of one corpus and the other twice: 200 / 2 + 3 × 100, and the sample has them in this ratio."""
    one, other = english_german(200), [SentencePair(f"x {n}", f"y {n}") for n in range(100)]
    paths = [[write(tmp_path / f"{n}.tsv", pairs)] for n, pairs in enumerate((one, other))]
    found = look(paths, paths, DataConfig(mix="0.5,3"))
    assert (found.pairs, found.stored, found.counts.kept) == (400, 300, 300)
    of_other = [pair.source for pair in found.sample if pair.source[0] == "x"]
    assert len(of_other) == 300 and set(map(of_other.count, of_other)) == {3}
    assert len(found.sample) - 300 == pytest.approx(100, abs=35)  # five standard deviations of 200 draws


def test_a_corpus_that_the_mix_leaves_out_is_not_in_the_sample(tmp_path: Path) -> None:
    one, other = english_german(60), [SentencePair(f"x {n}", f"y {n}") for n in range(60)]
    paths = [[write(tmp_path / f"{n}.tsv", pairs)] for n, pairs in enumerate((one, other))]
    found = look(paths, paths, DataConfig(mix="0,1"))
    assert (found.pairs, found.stored) == (60, 60) and {pair.source[0] for pair in found.sample} == {"x"}
