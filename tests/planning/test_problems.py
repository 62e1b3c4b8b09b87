"""What is refused and what is warned of: broken corpora, each broken in one way."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from seq2seq.config import DataConfig, Settings
from seq2seq.errors import DataError, RunError
from seq2seq.pairs import SentencePair
from seq2seq.planning.look import Look, look
from seq2seq.planning.machine import Machine
from seq2seq.planning.pieces import cut_into_pieces
from seq2seq.planning.problems import check_data, check_machine, warnings_about
from tests.planning.corpora import english_german, swapped, write

CORPORA = (("corpus.tsv",),)
GERMAN = ("en", "de")


def seen(tmp_path: Path, pairs: list[SentencePair], valid: list[SentencePair] | None = None) -> Look:
    validation = [[write(tmp_path / "valid.tsv", valid)]] if valid else []
    return look([[write(tmp_path / "corpus.tsv", pairs)]], validation, DataConfig())


def refusal(found: Look, languages: tuple[str, str] = GERMAN) -> str:
    with pytest.raises(DataError) as error:
        check_data(found, CORPORA, languages)
    return str(error.value)


def test_a_sound_corpus_passes_without_a_word(tmp_path: Path) -> None:
    found = seen(tmp_path, english_german(300))
    check_data(found, CORPORA, GERMAN)
    pieces = cut_into_pieces(found.sample, DataConfig(vocab_size=400), seed=1)
    assert warnings_about(found, pieces, Settings(), GERMAN) == []


def test_few_pairs_are_refused(tmp_path: Path) -> None:
    message = refusal(seen(tmp_path, english_german(10)))
    assert "corpus.tsv: only 10 pairs" in message and "at least 50" in message


def test_a_mix_that_leaves_too_little_is_refused(tmp_path: Path) -> None:
    corpus = write(tmp_path / "corpus.tsv", english_german(300))
    message = refusal(look([[corpus]], [], DataConfig(mix="0.01")))
    assert "data.mix leaves" in message and "of 300 pairs" in message


def test_of_a_corpus_read_in_part_the_mix_is_that_of_all(tmp_path: Path) -> None:
    corpus = write(tmp_path / "corpus.tsv", english_german(1000))
    found = look([[corpus]], [], DataConfig(mix="0.09"), most=300)
    assert 2 < found.drawn < 50 and found.pairs == 89  # 90, one of them held out
    check_data(found, CORPORA, GERMAN)
    fewer = look([[corpus]], [], DataConfig(mix="0.04"), most=300)
    assert "data.mix leaves 40 of 1,000 pairs" in refusal(fewer)


def test_one_pair_repeated_is_one_pair(tmp_path: Path) -> None:
    assert "only 1 pair (" in refusal(seen(tmp_path, english_german(1) * 200))


def test_equal_sides_are_refused(tmp_path: Path) -> None:
    pairs = [SentencePair(pair.source, pair.source) for pair in english_german(200)]
    assert "the same text in 200 of 200 pairs" in refusal(seen(tmp_path, pairs))


def test_one_target_for_all_is_refused(tmp_path: Path) -> None:
    pairs = [SentencePair(pair.source, "the same for all") for pair in english_german(200)]
    assert "the target is 'the same for all' in all pairs" in refusal(seen(tmp_path, pairs))


def test_swapped_columns_are_refused_with_the_way_out(tmp_path: Path) -> None:
    found = seen(tmp_path, swapped(english_german(300)))
    message = refusal(found)
    assert "the first side is German and the second English" in message
    assert "--source-lang de --target-lang en" in message
    check_data(found, CORPORA, ("de", "en"))
    check_data(found, CORPORA, ("", ""))  # nothing is claimed, so nothing is wrong


def warnings(tmp_path: Path, pairs: list[SentencePair], languages: tuple[str, str] = GERMAN) -> str:
    found = seen(tmp_path, pairs)
    pieces = cut_into_pieces(found.sample, DataConfig(vocab_size=400), seed=1)
    return " ".join(warnings_about(found, pieces, Settings(), languages))


def test_wrong_language_of_one_side(tmp_path: Path) -> None:
    text = warnings(tmp_path, english_german(300), ("en", "fr"))
    assert "the target is given as French, but looks like German" in text


def test_the_same_language_twice(tmp_path: Path) -> None:
    pairs = [SentencePair(pair.source, pair.source.upper()) for pair in english_german(300)]
    assert "source and target are both English" in warnings(tmp_path, pairs, ("", ""))


def test_mixed_languages(tmp_path: Path) -> None:
    pairs = english_german(300)
    foreign = [
        SentencePair(f"the man {n} and she", f"she is not here and he was with her {n}") for n in range(20)
    ]
    text = warnings(tmp_path, [*pairs, *foreign])
    assert "6 % of the target texts look like English" in text


def test_shuffled_lines(tmp_path: Path) -> None:
    chance = random.Random(1)
    words = [" ".join(["ein", "anderes", "Wort"] * chance.randint(1, 20)) + f" {n}" for n in range(300)]
    shuffled = chance.sample(words, len(words))
    pairs = [SentencePair(source, target) for source, target in zip(words, shuffled, strict=True)]
    config = DataConfig(max_ratio=0)
    found = look([[write(tmp_path / "corpus.tsv", pairs)]], [], config)
    pieces = cut_into_pieces(found.sample, DataConfig(vocab_size=400), seed=1)
    assert "are the lines aligned?" in " ".join(warnings_about(found, pieces, Settings(), ("", "")))


def test_quoting_of_a_spreadsheet(tmp_path: Path) -> None:
    pairs = english_german(300)
    quoted = [SentencePair(f'"{pair.source}"', pair.target) for pair in pairs]
    text = warnings(tmp_path, quoted)
    assert "100 % of the sources stand in quotation marks" in text and "of the targets stand" not in text
    assert "quotation marks" not in warnings(tmp_path, [*quoted[:150], *pairs[150:]])


def test_validation_pairs_in_the_training_data(tmp_path: Path) -> None:
    pairs = english_german(300)
    found = seen(tmp_path, pairs, pairs[:30])
    pieces = cut_into_pieces(found.sample, DataConfig(vocab_size=400), seed=1)
    assert "30 training pairs are validation pairs" in warnings_about(found, pieces, Settings(), GERMAN)[0]


def test_pairs_dropped_for_one_reason_come_with_the_option_that_keeps_them(tmp_path: Path) -> None:
    labels = [
        SentencePair("pos", f"a rather long review of some film that nobody saw {n}") for n in range(60)
    ]
    text = warnings(tmp_path, [*english_german(300), *labels])
    assert "17 % of the pairs are dropped (length ratio above 4)" in text and "--data.max-ratio 0" in text


def test_a_full_disk_and_a_network_too_large() -> None:
    machine = Machine("", threads=2, bfloat16=False, memory=10**9, disk=10**9)
    check_machine(machine, weights=10**7, disk=10**8)
    with pytest.raises(RunError, match=r"needs about 2\.0 GB of disk, 1\.0 GB are free"):
        check_machine(machine, weights=10**7, disk=2 * 10**9)
    small = Machine("", threads=2, bfloat16=False, memory=10**9, disk=400_000)
    with pytest.raises(RunError, match=r"needs about 30\.0 MB of disk, 0\.4 MB are free"):
        check_machine(small, weights=10**6, disk=3 * 10**7)
    with pytest.raises(RunError, match=r"100,000,000 weights need 2\.0 GB of memory"):
        check_machine(machine, weights=10**8, disk=0)
    check_machine(Machine("", 2, False, memory=0, disk=0), weights=10**9, disk=10**12)  # nothing is known
