"""The table and the curves of gradients, and the command that writes them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from seq2seq.bundle import model_directory
from seq2seq.cli import main
from seq2seq.experiments.gradient_report import panels, table
from seq2seq.experiments.gradients import GradientNorms
from tests import tiny

RESULTS = [
    GradientNorms("rnn", [4.0, 2.0, 1.0, 0.5], 2.0),
    GradientNorms(
        "lstm", [0.0, 0.0, 0.0, 0.0], 1.0, scale=2.0, clip_norm=1.0, losses=[3.0], gradient_norms=[9.0]
    ),
    GradientNorms("lstm", [2.0, 2.0, 2.0, 4.0], 0.5, losses=[3.0, 1.0], gradient_norms=[9.0, 8.0]),
]


def test_table_agrees_with_shares_by_hand() -> None:
    assert table(RESULTS).split("\n") == [
        "| state of | d = 1 | d = 2 | d = 4 | loss |",
        "|---|---|---|---|---|",
        "| rnn | 1.0e+00 | 5.0e-01 | 1.2e-01 | 2.00 |",
        "| lstm, weights × 2, trained, clipped at 1 | nan | nan | nan | 1.00 |",
        "| lstm, trained, not clipped | 1.0e+00 | 1.0e+00 | 2.0e+00 | 0.50 |",
    ]


def test_panels_show_what_was_measured() -> None:
    first, after, losses, clipped, unclipped, models = panels(RESULTS[:1], RESULTS[1:], RESULTS[:1])
    assert first.title == "at initialisation" and list(first.curves[0].y) == [1.0, 0.5, 0.25, 0.125]
    assert [(curve.label, curve.dashed) for curve in after.curves] == [("lstm", False), ("lstm", True)]
    assert list(after.curves[1].x) == [1, 2, 3, 4] and list(after.curves[1].y) == [1.0, 1.0, 1.0, 2.0]
    assert [list(curve.y) for curve in losses.curves] == [[3.0], [3.0, 1.0]]
    assert (clipped.line, [list(curve.y) for curve in clipped.curves]) == (1.0, [[9.0]])
    assert (unclipped.line, [list(curve.y) for curve in unclipped.curves]) == (None, [[9.0, 8.0]])
    assert models.curves[0].colour == first.curves[0].colour != after.curves[0].colour


def run(*arguments: str | Path) -> int:
    return main.run(["gradients", *map(str, arguments), "--threads", "1"])


SMALL = ["--task.distance", "4", "--task.hidden-size", "4", "--task.steps", "3", "--task.scales", "1"]


def test_command_writes_figures_and_a_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib")
    assert run("--cells", "gru", "lstm", *SMALL, "--out", tmp_path) == 0
    out, err = capsys.readouterr()
    assert out.count("\n") == 2 + 2 * 3 and out.startswith("| state of | d = 1 |")
    assert "gru, trained, clipped at 1: 3 updates" in err
    stored = json.loads((tmp_path / "gradients.json").read_text())
    assert [result["label"] for result in stored["trained"]] == ["gru", "gru", "lstm", "lstm"]
    assert len(stored["initial"][0]["norms"]) == stored["task"]["distance"] == 4
    assert (tmp_path / "gradients.png").read_bytes().startswith(b"\x89PNG")


def test_command_measures_models(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib")
    model, test = tmp_path / "model", tmp_path / "test.tsv"
    model_directory.save(model, tiny.bundle())
    test.write_text("one two three\tun deux trois quatre\n", encoding="utf-8")
    options = ["--model", str(model), "--test", str(test), "--out", str(tmp_path / "out")]
    assert run(*options, "--tokens", "3") == 0
    assert capsys.readouterr().out.count(f"| {model} |") == 1
    stored = json.loads((tmp_path / "out" / "gradients.json").read_text())
    assert stored["initial"] == [] and len(stored["models"][0]["norms"]) == 3
    assert run(*options, "--tokens", "99") == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--cells", "grl"], "'grl'"),
        (["--model", "en-fr"], "--model and --test belong together"),
        (["--test", "x.tsv"], "--model and --test belong together"),
        (["--task.steps", "-1"], "expected"),
    ],
)
def test_wrong_usage_writes_nothing(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*arguments, "--out", tmp_path / "out") == 2
    out, err = capsys.readouterr()
    assert out == "" and message in err and "Traceback" not in err and not (tmp_path / "out").exists()
