"""The same `seq2seq train` command again: with a larger limit it goes on, otherwise it says what to type."""

from __future__ import annotations

import shlex
from pathlib import Path

from seq2seq.config import Settings, TrainingConfig
from seq2seq.config.corpora import Corpora
from seq2seq.errors import UsageError
from seq2seq.training.run_settings import CHANGEABLE, SETTINGS, Difference, differences, stored_run

_LIMITS = ("minutes", "steps", "epochs")


def goes_on(settings: Settings, corpora: Corpora, out: Path) -> str:
    """What to say if `out` holds this training with other limits, so that it is to be resumed; "" if `out`
    holds no run.

    Raises UsageError, with the command that goes on, if `out` holds the same training with the same limits,
    or another one.
    """
    if not (out / SETTINGS).exists():
        return ""
    stored = stored_run(out)
    changed = differences(settings, corpora, stored)
    if changed and all(difference.name in CHANGEABLE for difference in changed):
        return f"{out} holds this training: going on with {', '.join(map(_shown, changed))}"
    others = [difference for difference in changed if difference.name not in CHANGEABLE]
    raise UsageError(
        f"{out} holds a run already"
        + (f", of which {_difference(others[0])}" if others else "")
        + f": add --resume to go on with it ({_command(stored[0].training, out)}), or choose another --out"
    )


def _shown(difference: Difference) -> str:
    return f"{difference.name} {difference.value:g} (was {difference.stored:g})"


def _difference(difference: Difference) -> str:
    return f"{difference.name} is {difference.stored!r:.100}, not {difference.value!r:.100}"


def _command(training: TrainingConfig, out: Path) -> str:
    """The command that goes on with the run in `out`, with its limit doubled."""
    words = ["seq2seq", "train", "--resume", "--out", str(out)]
    for name in _LIMITS:
        if value := getattr(training, name):
            words += [f"--training.{name}", f"{2 * value:g}"]
            break
    return shlex.join(words)
