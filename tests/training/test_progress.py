"""Messages and the progress bar: what goes to stderr, and when."""

from __future__ import annotations

import io
import math
import sys
import time

import pytest

from seq2seq.training.progress import Progress


class Terminal(io.StringIO):
    """A stderr that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def run(progress: Progress, losses: list[float]) -> None:
    """A training of so many steps."""
    progress.start(0.0)
    for number, loss in enumerate(losses, start=1):
        progress.update(number / len(losses), tokens=100, loss=loss)
    progress.stop()


def test_a_file_gets_lines_not_bars(capsys: pytest.CaptureFixture[str]) -> None:
    run(Progress(every=0.0), [2.0, 1.0])
    printed = capsys.readouterr()
    assert printed.out == "" and "\r" not in printed.err
    lines = printed.err.split("\n")
    assert (
        len(lines) == 3 and lines[0].startswith(" 50.0 %") and "loss 2.000" in lines[0] and "left" in lines[0]
    )


def test_lines_are_not_too_many(capsys: pytest.CaptureFixture[str]) -> None:
    run(Progress(every=60.0), [1.0] * 100)
    assert capsys.readouterr().err == ""


def test_a_terminal_gets_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    progress = Progress()
    progress.start(0.0)
    time.sleep(0.2)  # a bar draws itself ten times a second at most
    progress.update(0.5, tokens=100, loss=2.0)
    progress.say("in between")
    progress.stop()
    assert "50%" in terminal.getvalue() and "in between\n" in terminal.getvalue()
    assert "\x1b[3" not in terminal.getvalue()  # no colours


def test_silence(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(show=False)
    run(progress, [1.0])
    progress.say("nobody hears")
    assert capsys.readouterr() == ("", "")


def test_a_loss_that_is_not_finite_does_not_stay() -> None:
    progress = Progress(show=False)
    run(progress, [2.0, math.nan, math.inf, 2.0])
    assert progress.loss == pytest.approx(2.0)


def test_no_share_known_no_time_left(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(every=0.0)
    progress.start(0.0)
    progress.update(0.0, tokens=1, loss=1.0)
    assert "left" not in capsys.readouterr().err


def test_stop_without_start_and_twice() -> None:
    progress = Progress()
    progress.stop()
    progress.stop()
