"""The report: what it says about a corpus, and that it fits a terminal."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from seq2seq.config import DataConfig, Settings, TrainingConfig, find_recipe
from seq2seq.pairs import SentencePair
from seq2seq.planning.expectation import expected_bleu
from seq2seq.planning.lines import entry, shortened, table, width
from seq2seq.planning.look import look
from seq2seq.planning.machine import Machine, find_machine
from seq2seq.planning.needs import disk_needed, memory_needed
from seq2seq.planning.pieces import cut_into_pieces
from seq2seq.planning.report import Preflight, duration, report
from tests.planning.corpora import english_german, write


@pytest.fixture
def preflight(tmp_path: Path) -> Preflight:
    """Of 300 pairs and one that is dropped, at 1,000 tokens a second."""
    odd = SentencePair("你好" * 3, "a long text that translates nothing of it, and " * 5)
    found = look([[write(tmp_path / "train.tsv", [*english_german(300), odd])]], [], DataConfig())
    config = DataConfig(vocab_size=400)
    return Preflight(
        found=found,
        pieces=cut_into_pieces(found.sample, config, seed=1),
        machine=Machine("", threads=2, bfloat16=False, memory=8 * 10**9, disk=10**11),
        settings=Settings(data=config, training=TrainingConfig(epochs=10)),
        languages=("en", "de"),
        weights=1_500_000,
        memory=2 * 10**9,
        disk=10**8,
        speed=1000.0,
        busy=False,
        valid_given=False,
    )


def test_report_fits_80_columns_and_names_what_was_found(preflight: Preflight) -> None:
    lines = report(preflight)
    text = " ".join(" ".join(lines).split())
    assert max(map(width, lines)) <= 80
    assert "301 read, 300 kept" in text and "dropped 1 × length ratio above 4, such as 你好你好你好" in text
    assert "English to German" in text and "3 of 3 texts come back unchanged" in text
    assert "memory about 2.0 GB (free: 8.0 GB)" in text and "1,000 target tokens/s" in text


def test_time_is_the_tokens_by_the_speed(preflight: Preflight) -> None:
    tokens = preflight.found.pairs * float(preflight.pieces.lengths[:, 1].mean())
    assert preflight.tokens_per_epoch == pytest.approx(tokens)
    assert preflight.seconds == pytest.approx(10 * 1.15 * tokens / 1000)
    faster = replace(preflight, speed=2000.0)
    assert faster.seconds == pytest.approx(preflight.seconds / 2)


@pytest.mark.parametrize(("limits", "epochs"), [({"epochs": 3}, 3.0), ({"minutes": 1.0}, None), ({}, 0.0)])
def test_the_nearest_limit_ends_the_training(
    preflight: Preflight, limits: dict[str, float], epochs: float | None
) -> None:
    training = TrainingConfig(**limits)  # type: ignore[arg-type]
    limited = replace(preflight, settings=replace(preflight.settings, training=training))
    expected = 60 / limited.seconds_per_epoch if epochs is None else epochs
    assert limited.epochs == pytest.approx(expected)


def test_json_has_the_numbers(preflight: Preflight) -> None:
    values = preflight.to_json()
    assert values["pairs"] == 294 and values["dropped"] == {"length ratio above 4": 1}
    expected = expected_bleu(294, preflight.epochs)
    assert values["expected_bleu"] == [round(expected.low, 1), round(expected.high, 1)]


def test_memory_of_the_measured_trainings_is_met_within_a_third() -> None:
    # 6.9 GB: recipe multi30k in bfloat16; 1.6 GB: default in float32 (BENCHMARKS.md)
    multi30k = memory_needed(
        find_recipe("multi30k"), weights=6_300_000, vocabulary=4000, gpu=False, bfloat16=True
    )
    default = memory_needed(
        find_recipe("default"), weights=5_900_000, vocabulary=8000, gpu=False, bfloat16=False
    )
    assert 6.9e9 / 1.33 < multi30k < 6.9e9 * 1.33 and 1.6e9 / 1.33 < default < 1.6e9 * 1.33


def test_disk_holds_the_text_and_the_checkpoints() -> None:
    # three checkpoints with weights, average and two of the optimizer, 4 bytes each; two models; the text
    needed = disk_needed(Settings(), weights=10**6, text_bytes=10**8)
    assert needed == 10**8 + 3 * 16 * 10**6 + 8 * 10**6 + 5 * 10**6


def test_this_machine_has_memory_and_disk(tmp_path: Path) -> None:
    machine = find_machine("cpu", tmp_path / "not" / "yet" / "there")
    assert machine.threads >= 1 and machine.disk > 0 and machine.memory > 10**8 and not machine.gpu


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "a second"), (40, "40 seconds"), (600, "10 minutes"), (9000, "2.5 hours"), (10**6, "12 days")],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_lines_are_wrapped_by_columns_not_characters() -> None:
    assert width("你好a") == 5 and shortened("你好你好", 5) == "你好…" and shortened("a  b\tc", 9) == "a b c"
    lines = entry("title", "word " * 40)
    assert max(map(width, lines)) <= 80 and lines[1].startswith(" " * 15 + "word")
    assert table([("你好", "x"), ("a", "y")]) == ["  你好  x", "  a     y"]


def test_of_generated_texts_no_bleu_is_told(preflight: Preflight) -> None:
    sample = [
        SentencePair(f"he sees house {n % 9} {n // 9}", f"il voit maison {n % 9} {n // 9}")
        for n in range(900)
    ]
    generated = replace(preflight, found=replace(preflight.found, sample=sample))
    assert generated.expected is None and generated.to_json()["expected_bleu"] is None
    assert "no BLEU can be told" in " ".join(report(generated))


def test_a_short_limit_is_said_to_be_one_with_what_more_time_gives(preflight: Preflight) -> None:
    training = TrainingConfig(minutes=0.01)  # 0.6 of the seconds that an epoch takes
    short = replace(preflight, settings=replace(preflight.settings, training=training))
    text = " ".join(" ".join(report(short)).split())
    usual = expected_bleu(294, short.usual_epochs)
    minutes = -(-short.usual_epochs * short.seconds_per_epoch // 60)
    assert f"reads {100 * short.epochs:.0f} % of the pairs once" in text
    assert f"with --training.minutes {minutes:.0f} (" in text and text.endswith(str(usual))
    enough = replace(training, minutes=0.0, epochs=short.usual_epochs)
    assert "short" not in " ".join(report(replace(short, settings=replace(short.settings, training=enough))))
