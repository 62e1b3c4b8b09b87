"""Signals: the first one is noted and acted on at a safe point, the second one stops at once."""

from __future__ import annotations

import signal
import weakref

import pytest

from seq2seq.processes.interruption import Interruption


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_is_recorded_and_the_second_stops_at_once(number: signal.Signals) -> None:
    interruption = Interruption()
    interruption.graceful = True
    with interruption.watch():
        assert not interruption()
        signal.raise_signal(number)
        assert interruption() and interruption.signal == number
        interruption.check()  # the training saves first
        with pytest.raises(SystemExit) as stop:
            signal.raise_signal(signal.SIGTERM)
    assert stop.value.code == 143


def test_with_nothing_to_save_the_first_signal_ends_the_process_at_the_next_safe_point() -> None:
    interruption = Interruption()
    interruption.check()
    with interruption.watch():
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(SystemExit) as stop:
            interruption.check()
    assert stop.value.code == 130


class Thing:
    """Can have a weak reference."""


def test_a_signal_inside_a_callback_that_swallows_exceptions_is_not_lost() -> None:
    """Python prints and drops what a weak reference's callback raises."""
    interruption, seen = Interruption(), list[int]()

    def items() -> list[int]:
        thing = Thing()
        _reference = weakref.ref(thing, lambda _: signal.raise_signal(signal.SIGTERM))
        del thing
        return [1, 2, 3]

    with interruption.watch(), pytest.raises(SystemExit) as stop:
        for item in interruption.checked(items()):
            seen.append(item)
    assert stop.value.code == 143 and seen == []


def test_handlers_are_restored() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyError), Interruption().watch():
        raise KeyError
    assert signal.getsignal(signal.SIGTERM) is before
