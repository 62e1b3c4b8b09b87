"""Figures say what they were given: labels, weights, curves; files are whole and of the right kind."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.image import imread

from seq2seq.errors import DataError, RunError, UsageError
from seq2seq.evaluation import figures
from seq2seq.evaluation.figures import Curve, Panel, attention_map, draw_panels, learning_curves, save

SOURCE = ["▁the", "▁cat", "</s>"]
TARGET = ["▁le", "▁chat", ".", "</s>"]
WEIGHTS = np.array([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.0, 0.2, 0.8], [0.0, 0.0, 1.0]], dtype=np.float32)


def step(number: int, loss: float | None, seconds: float) -> dict[str, Any]:
    return {"event": "step", "step": number, "loss": loss, "learning_rate": 1e-3, "seconds": seconds}


def validation(number: int, loss: float, bleu: float, seconds: float) -> dict[str, Any]:
    return {"event": "validation", "step": number, "loss": loss, "bleu": bleu, "seconds": seconds}


def panels(figure: Figure) -> tuple[Any, Any, Any]:
    """The axes of the losses, of BLEU and of the time."""
    loss, quality, *rest = figure.axes
    return loss, quality, rest[0] if rest else None


def curve(axes: Any, label: str) -> tuple[list[float], list[float]]:
    """The points of a line with this label."""
    (line,) = [line for line in axes.lines if line.get_label() == label]
    return list(line.get_xdata()), list(line.get_ydata())


def ink(path: Path) -> int:
    """Number of dark pixels in a PNG."""
    return int((imread(path)[..., :3].mean(axis=-1) < 0.3).sum())


def test_attention_map_shows_weights_and_tokens(tmp_path: Path) -> None:
    figure = attention_map(SOURCE, TARGET, WEIGHTS)
    axes = figure.axes[0]
    (mesh,) = axes.collections
    assert np.array_equal(mesh.get_array(), WEIGHTS)
    assert mesh.get_clim() == (0.0, 1.0)
    assert axes.yaxis_inverted()  # the first target token is on top
    assert [text.get_text() for text in axes.get_xticklabels()] == SOURCE
    assert [text.get_text() for text in axes.get_yticklabels()] == TARGET
    save(figure, tmp_path / "with.png")
    save(attention_map([" "] * 3, [" "] * 4, WEIGHTS), tmp_path / "without.png")
    assert ink(tmp_path / "with.png") > ink(tmp_path / "without.png") + 100


def test_attention_labels_do_not_overlap() -> None:
    """40 long tokens on either side: no label's box touches the next one, and all are inside the picture."""
    tokens = [f"▁incomprehensibility{i}" for i in range(40)]
    figure = attention_map(tokens, tokens, np.eye(40))
    FigureCanvasAgg(figure).draw()
    axes = figure.axes[0]
    across = [text.get_window_extent() for text in axes.get_xticklabels()]
    down = [text.get_window_extent() for text in axes.get_yticklabels()]
    assert all(left.x1 <= right.x0 for left, right in pairwise(across))
    assert all(upper.y0 >= lower.y1 for upper, lower in pairwise(down))
    picture = figure.bbox
    assert all(picture.x0 <= box.x0 and box.y1 <= picture.y1 for box in (*across, *down))


def test_long_maps_are_not_too_large() -> None:
    figure = attention_map(["a"] * 300, ["b"] * 10, np.zeros((10, 300)))
    assert max(figure.get_size_inches()) < 25


def test_tokens_are_shown_as_they_are(tmp_path: Path) -> None:
    """A dollar opens no formula (`$\\x$` would be an error), a line feed no line, and length is limited."""
    tokens = ["$\\x$", "a\nb", "", "w" * 500]
    figure = attention_map(tokens, ["</s>"], np.full((1, 4), 0.25))
    save(figure, tmp_path / "map.png")
    shown = [text.get_text() for text in figure.axes[0].get_xticklabels()]
    assert shown == ["$\\x$", "a b", "␣", "w" * 23 + "…"]


@pytest.mark.parametrize("shape", [(3, 4), (4, 2), (12,), (0, 3)])
def test_attention_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"expected \(4, 3\)"):
        attention_map(SOURCE, TARGET, np.zeros(shape))


def test_learning_curves_show_the_log() -> None:
    records = [
        step(1, 9.0, 60.0),
        step(2, 7.0, 120.0),
        validation(2, 7.5, 3.0, 180.0),
        step(3, 5.0, 240.0),
        step(4, 4.0, 300.0),
        validation(4, 5.5, 2.0, 360.0),
        {"event": "resumed", "step": 4},
    ]
    loss, quality, time = panels(learning_curves(records))
    assert curve(loss, "training") == ([1, 2, 3, 4], [9.0, 7.0, 5.0, 4.0])  # too few to be smoothed
    assert curve(loss, "validation") == ([2, 4], [7.5, 5.5])
    assert curve(quality, "best: 3.0 at step 2") == ([2], [3.0])
    assert list(quality.lines[0].get_ydata()) == [3.0, 2.0]
    assert (loss.get_ylabel(), quality.get_ylabel()) == ("loss (nats a token)", "validation BLEU")
    # A minute a step, and one more for the validation at step 2: three minutes are step 2, four are step 3.
    at = dict(zip([text.get_text() for text in time.get_xticklabels()], time.get_xticks(), strict=True))
    assert time.get_xlabel() == "minutes"
    assert at["1"] == pytest.approx(1.0)
    assert at["4"] == pytest.approx(3.0)
    assert time.get_xlim() == loss.get_xlim()


def test_smoothing_moves_no_loss_to_another_step() -> None:
    """On a straight line the mean of neighbours changes nothing; on a zigzag it takes the swing out."""
    line = [step(i, 10 - i / 100, i) for i in range(1, 801)]
    x, y = curve(panels(learning_curves(line))[0], "training")
    assert y[50:-50] == pytest.approx([10 - i / 100 for i in x][50:-50])
    zigzag = [step(i, 5 + (-1) ** i, i) for i in range(1, 801)]
    _, y = curve(panels(learning_curves(zigzag))[0], "training")
    assert max(abs(value - 5) for value in y) < 0.25


def test_a_loss_that_is_not_finite_leaves_a_gap() -> None:
    records = [step(1, 5.0, 1), step(2, float("nan"), 2), step(3, None, 3), step(4, 4.0, 4)]
    _, y = curve(panels(learning_curves(records))[0], "training")
    assert [bool(np.isfinite(value)) for value in y] == [True, False, False, True]
    many = [step(i, float("inf") if i == 400 else 5.0, i) for i in range(1, 801)]
    _, y = curve(panels(learning_curves(many))[0], "training")
    assert y == pytest.approx([5.0] * 800)


def test_curves_of_a_run_with_one_step(tmp_path: Path) -> None:
    figure = learning_curves([step(1, 9.0, 0.5)])
    save(figure, tmp_path / "curves.png")
    loss, quality, time = panels(figure)
    assert loss.lines[-1].get_marker() == "o"  # a line of one point would not be seen
    assert [text.get_text() for text in quality.texts] == ["no validation yet"]
    assert time.get_xlabel() == "seconds"
    without_time = [
        {"event": "step", "step": 1, "loss": 2.0},
        {"event": "validation", "step": 1, "loss": 2.0},
    ]
    assert panels(learning_curves(without_time))[2] is None


def test_curves_of_nothing_are_refused() -> None:
    with pytest.raises(DataError, match="1 records, expected at least one step or validation"):
        learning_curves([{"event": "start"}])


@pytest.mark.parametrize(
    ("name", "value"), [("step", "two"), ("loss", "low"), ("seconds", [1]), ("step", None), ("loss", True)]
)
def test_a_record_with_a_value_that_is_no_number_is_refused(name: str, value: Any) -> None:
    with pytest.raises(DataError, match=r"expected a number|without its number of steps"):
        learning_curves([step(1, 5.0, 1), step(2, 4.0, 2) | {name: value}])


def test_panels_show_their_curves() -> None:
    panels_ = [
        Panel("one", "step", "loss", [Curve([1, 2, 3], [3.0, 2.0, 4.0], 0, "a"), Curve([1], [2.0], 1, "b")]),
        Panel("two", "d", "share", [Curve([1, 2, 3], [1.0, 0.0, 1e-9], 0, "a", dashed=True)], log=True),
        Panel(
            "three", "d", "share", [Curve([1, 2], [1.0, 0.0], 8, thin=True)], log=True, line=0.5, floor=0.1
        ),
    ]
    figure = draw_panels(panels_)
    one, two, three, four = figure.axes
    assert [axes.get_title() for axes in (one, two, three)] == ["one", "two", "three"] and not four.axison
    assert curve(one, "a") == ([1, 2, 3], [3.0, 2.0, 4.0])
    assert [line.get_marker() for line in one.lines] == ["", "o"]  # a line of one point would not be seen
    assert (one.get_yscale(), two.get_yscale()) == ("linear", "log")
    assert np.isnan(two.lines[0].get_ydata()[1]) and two.lines[0].get_linestyle() == "--"
    assert list(three.lines[0].get_ydata()) == [1.0, 0.1] and list(three.lines[1].get_ydata()) == [0.5, 0.5]
    assert one.lines[0].get_color() == two.lines[0].get_color() != one.lines[1].get_color()
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["a", "b"]
    assert legend.legend_handles[0].get_linestyle() == "-"  # as in the first panel


def test_panels_take_running_means() -> None:
    (axes,) = draw_panels([Panel("", "", "", [Curve(range(4), [1.0, 2.0, 6.0, 4.0], 0, mean=1)])]).axes
    assert list(axes.lines[0].get_ydata()) == [1.5, 3.0, 4.0, 5.0]


def test_panels_of_nothing_are_refused() -> None:
    empty = Panel("", "", "", [Curve([1], [float("nan")], 0)])
    with pytest.raises(DataError, match="nothing to draw"):
        draw_panels([empty])


@pytest.mark.parametrize(
    ("name", "start"),
    [("a.png", b"\x89PNG\r\n\x1a\n"), ("a.SVG", b"<?xml"), ("new/folder/a.png", b"\x89PNG")],
)
def test_save_writes_the_kind_of_its_suffix(name: str, start: bytes, tmp_path: Path) -> None:
    path = tmp_path / name
    save(attention_map(SOURCE, TARGET, WEIGHTS), path)
    save(attention_map(SOURCE, TARGET, WEIGHTS), path)  # over the first one
    assert path.read_bytes().startswith(start)
    assert path.stat().st_mode & 0o044 == 0o044
    assert list(path.parent.iterdir()) == [path]


def test_save_that_fails_leaves_the_old_file_and_no_debris(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"old")
    figure = attention_map(SOURCE, TARGET, WEIGHTS)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(figures.os, "replace", full)
    with pytest.raises(RunError, match=r"a\.png: cannot be written \(No space left on device\)"):
        save(figure, path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(UsageError, match=r"a\.pdf: expected a name ending in \.png or \.svg"):
        save(figure, tmp_path / "a.pdf")


def test_pyplot_is_never_loaded(tmp_path: Path) -> None:
    code = f"""
import sys
import numpy as np
from seq2seq.evaluation import figures
assert "matplotlib" not in sys.modules
figures.save(figures.attention_map(["a"], ["b"], np.ones((1, 1))), {str(tmp_path / "a.png")!r})
curves = figures.learning_curves([{{"event": "step", "step": 1, "loss": 1.0}}])
figures.save(curves, {str(tmp_path / "b.svg")!r})
assert "matplotlib.pyplot" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])


def test_missing_matplotlib_is_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(UsageError, match="pip install matplotlib"):
        attention_map(SOURCE, TARGET, WEIGHTS)
