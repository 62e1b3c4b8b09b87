"""The table and the curves of a comparison, with figures calculated by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from seq2seq.evaluation.significance import paired_significance
from seq2seq.experiments.comparison_table import markdown, panels
from tests import tiny
from tests.experiments.experiment_data import experiment, read_results, write_result


def test_table_agrees_with_figures_by_hand(data: Path) -> None:
    """BLEU 30, 32, 37: mean 33, deviation √13; b differs by −4 and −2 from the same seeds of a."""
    comparison = experiment(data, "a @1,2,3", "b | c @1,2,4: model.cell=lstm", "d @1,2")
    wrong = {"a-seed1": 0, "a-seed2": 0, "a-seed3": 0, "b-c-seed1": 20, "b-c-seed2": 0}
    scores = {"a-seed1": 30.0, "a-seed2": 32.0, "a-seed3": 37.0, "b-c-seed1": 26.0, "b-c-seed2": 30.0}
    for _, _, job in comparison.jobs():
        if job.name in scores:
            memory = 600_000_000 if job.name == "a-seed2" else 500_000_000
            write_result(job, scores[job.name], wrong=wrong[job.name], peak_memory=memory)
    comparison.failures["b-c-seed4"] = "killed by signal 9"
    report = read_results(comparison).report()
    a, b, d = report["rows"]
    assert a["mean"]["bleu"] == 33.0 and a["deviation"]["bleu"] == pytest.approx(13**0.5)
    assert a["mean"]["tokens_per_second"] == 1000.0 and a["deviation"]["minutes"] == 0.0
    assert a["against_first"] == [] and a["parameters"] == 1234 and len(a["runs"]) == 3
    assert b["changes"] == {"model": {"cell": "lstm"}} and b["troubles"] == {"4": "killed by signal 9"}
    texts = [pair.target for pair in tiny.pairs(40, seed=5)]
    expected = paired_significance(texts, ["zut"] * 20 + texts[20:], texts, language="fr")
    assert [test["seed"] for test in b["against_first"]] == [1, 2]
    assert b["against_first"][0]["p_value"] == expected.p_value < 0.01
    assert b["against_first"][0]["score_a"] == pytest.approx(100.0)
    assert b["against_first"][1]["p_value"] == 1.0  # the same output
    assert d["runs"] == [] and d["parameters"] is None
    assert "translations" not in json.dumps(report)
    difference = (expected.score_b - expected.score_a) / 2
    assert markdown(report).split("\n")[:5] == [
        "| setting | seeds | BLEU | Δ | p | chrF | parameters | tokens/s | memory, MB | minutes | updates "
        "| validation BLEU |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
        "| a | 1 2 3 | 33.0 ± 3.6 |  |  | 66.0 ± 7.2 | 1,234 | 1,000 | 600 | 2.0 ± 0.0 | 30 | 20.0 ± 0.0 |",
        "| b \\| c | 1 2 (4: killed by signal 9) | 28.0 ± 2.8 "
        f"| {difference:+.1f} | {expected.p_value:.3f}, 1.000 | 56.0 ± 5.7 | 1,234 | 1,000 | 500 | 2.0 ± 0.0 "
        "| 30 | 20.0 ± 0.0 |",
        "| d | (1, 2: to come) |  |  |  |  |  |  |  |  |  |  |",
    ]
    assert "Limits: steps 3; ended by steps. Device cpu, threads 1, torch 2. BLEU: `b`." in markdown(report)


def test_notes_name_what_differs_between_runs(data: Path) -> None:
    comparison = experiment(data, "a", "b: training.steps=0, training.minutes=1.5")
    a, b = (job for _, _, job in comparison.jobs())
    write_result(a, 30.0)
    write_result(b, 30.0, stopped="minutes", device="cuda", threads=4, device_memory=700_000_000)
    text = markdown(read_results(comparison).report())
    assert (
        "Limits: a: steps 3; b: minutes 1.5; ended by minutes, steps. Device cpu, cuda, threads 1, 4," in text
    )
    assert "| 500 |" in text.split("\n")[2] and "| 700 |" in text.split("\n")[3]  # that of the GPU


def test_one_seed_has_no_deviation(data: Path) -> None:
    comparison = experiment(data, "a")
    write_result(comparison.jobs()[0][2], 12.34)
    (row,) = read_results(comparison).report()["rows"]
    assert row["deviation"] == {} and "| a | 1 | 12.3 |  |  | 24.7 |" in markdown(comparison.report())


def test_curves_against_updates_and_minutes(data: Path) -> None:
    comparison = experiment(data, "a", "b @1,2")
    for _, _, job in comparison.jobs():
        write_result(job, 40.0)
    by_step, by_minute, loss, last = panels(read_results(comparison).report())
    assert [(curve.label, curve.colour) for curve in by_step.curves] == [("a", 0), ("b", 1), ("b", 1)]
    assert (by_step.curves[0].x, by_step.curves[0].y) == ([10, 30], [20.0, 40.0])
    assert by_minute.curves[0].x == last.curves[0].x == [1.0, 2.0]
    assert loss.curves[0].y == [3.0, None] and loss.y_label == "validation loss (nats a token)"
    assert [panel.x_label for panel in (by_step, by_minute, loss, last)] == ["updates", "minutes"] * 2
