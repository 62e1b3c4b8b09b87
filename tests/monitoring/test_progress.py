"""Messages and the progress bar: what goes to stderr, and when."""

from __future__ import annotations

import io
import math
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from seq2seq.monitoring import progress as module
from seq2seq.monitoring.progress import Outlook, Progress
from tests import tiny
from tests.training.tiny_trainer import make_trainer


class Terminal(io.StringIO):
    """A stderr that is a terminal."""

    def isatty(self) -> bool:
        return True


def at(share: float) -> Outlook:
    """A training of which a share is done."""
    return Outlook(share, share, 1 - share)


def run(progress: Progress, losses: list[float]) -> None:
    """A training with an update for each loss."""
    progress.start(at(0.0))
    for number, loss in enumerate(losses, start=1):
        progress.update(at(number / len(losses)), tokens=100, loss=loss)
    progress.stop()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Sets the time that progress goes by."""
    now = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])

    def advance(seconds: float) -> None:
        now[0] += seconds

    return advance


def test_a_file_gets_lines_without_a_bar(capsys: pytest.CaptureFixture[str]) -> None:
    run(Progress(every=0.0), [2.0, 1.0])
    printed = capsys.readouterr()
    assert printed.out == "" and "\r" not in printed.err
    lines = printed.err.split("\n")
    assert len(lines) == 3
    assert lines[0].startswith(" 50.0 %") and "loss 2.000" in lines[0] and "left" in lines[0]


def test_lines_are_not_too_many(capsys: pytest.CaptureFixture[str]) -> None:
    run(Progress(every=60.0), [1.0] * 100)
    assert capsys.readouterr().err == ""


def test_a_terminal_gets_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    progress = Progress()
    progress.start(at(0.0))
    time.sleep(0.2)  # a bar draws itself at most ten times a second
    progress.update(at(0.5), tokens=100, loss=2.0)
    progress.say("in between")
    progress.stop()
    assert "50% |" in terminal.getvalue() and "in between\n" in terminal.getvalue()
    assert "\x1b[3" not in terminal.getvalue()  # no colours


def test_a_bar_says_what_it_is_a_part_of_and_may_go_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """With patience only, an improvement starts the bar again."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    progress = Progress()
    progress.start(at(0.0))
    for share in (0.8, 0.2):
        time.sleep(0.2)
        progress.update(Outlook(share, share, 1.0, "patience"), tokens=100, loss=2.0)
    progress.stop()
    shown = re.findall(r"(\d+)% \|.{8}\| of patience", terminal.getvalue())
    assert shown[0] == "80" and shown[-1] == "20"


def test_without_show_nothing_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(show=False)
    run(progress, [1.0])
    progress.say("not printed")
    assert capsys.readouterr() == ("", "")


def test_a_loss_that_is_not_finite_does_not_stay_in_the_mean() -> None:
    progress = Progress(show=False)
    run(progress, [2.0, math.nan, math.inf, 2.0])
    assert progress.loss == pytest.approx(2.0)


def test_time_left_follows_from_the_work_done(
    clock: Callable[[float], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """Half an hour for one and a half of four units: two and a half take 50 minutes."""
    progress = Progress(every=0.0)
    progress.start(Outlook(0.9, 7.0, 4.0))
    clock(1800.0)
    progress.update(
        Outlook(0.1, 8.5, 2.5, "patience", "epoch 9 (50 %)", "at least {} left"), tokens=1, loss=1.0
    )
    line = capsys.readouterr().err
    assert line.startswith(" 10.0 % of patience  at least 50:00 left  loss 1.000  ")
    assert line.endswith("tokens/s  epoch 9 (50 %)\n")
    clock(7200.0 * 3)
    progress.update(Outlook(0.1, 8.5, 2.5), tokens=1, loss=1.0)
    assert capsys.readouterr().err.startswith(" 10.0 %  10:50:00 left  ")


def test_without_work_done_no_time_left_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(every=0.0)
    progress.start(at(0.0))
    progress.update(at(0.0), tokens=1, loss=1.0)
    assert "left" not in capsys.readouterr().err


def test_the_bar_of_a_run_with_patience_only_moves(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The recipe `default` has no other limit."""
    trainer = make_trainer(
        tmp_path, tiny.settings(patience=2, learning_rate=1e-9), progress=Progress(every=0.0)
    )
    assert trainer.run().stopped == "patience"
    lines = [line for line in capsys.readouterr().err.split("\n") if "of patience" in line]
    shares = [float(line.split("%")[0]) for line in lines]
    assert 0 < shares[0] < 50 and max(shares) > 90
    assert all(re.search(r"at least \d+:\d\d left", line) for line in lines[1:])
    assert any("epoch 3" in line and "1 of 2 validations without improvement" in line for line in lines)


@pytest.mark.parametrize(
    "limits",
    [
        {"epochs": 2},
        {"steps": 9},
        {"minutes": 0.01},
        {"patience": 1, "validate_every": 3},
        {"epochs": 2, "patience": 9},
    ],
)
def test_time_left_is_shown_under_every_stopping_rule(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], limits: dict[str, Any]
) -> None:
    progress = Progress(every=0.0)
    make_trainer(tmp_path, tiny.settings(learning_rate=1e-9, **limits), progress=progress).run()
    lines = [line for line in capsys.readouterr().err.split("\n") if "tokens/s" in line]
    left = "at least " * (set(limits) == {"patience", "validate_every"}) + r"\d+:\d\d left  loss \d"
    assert len(lines) > 1 and all(re.search(left, line) for line in lines[1:])


def test_stop_without_start_and_twice() -> None:
    progress = Progress()
    progress.stop()
    progress.stop()
