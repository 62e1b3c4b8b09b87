"""Signals: the first one asks to stop, the second one stops at once."""

from __future__ import annotations

import signal

import pytest

from seq2seq.training.interruption import Interruption


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_is_recorded_and_the_second_stops_at_once(number: signal.Signals) -> None:
    interruption = Interruption()
    interruption.graceful = True
    with interruption.watch():
        assert not interruption()
        signal.raise_signal(number)
        assert interruption() and interruption.signal == number
        with pytest.raises(SystemExit) as stop:
            signal.raise_signal(signal.SIGTERM)
    assert stop.value.code == 143


def test_the_first_signal_stops_at_once_if_there_is_nothing_to_save() -> None:
    interruption = Interruption()
    with interruption.watch(), pytest.raises(SystemExit) as stop:
        signal.raise_signal(signal.SIGINT)
    assert stop.value.code == 130


def test_handlers_are_restored() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyError), Interruption().watch():
        raise KeyError
    assert signal.getsignal(signal.SIGTERM) is before
