"""Calibrates the confidence of the best model of a run on its validation pairs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from seq2seq.bundle.finding import BEST, resolve
from seq2seq.bundle.record import record_confidence
from seq2seq.errors import DataError
from seq2seq.evaluation.calibration import FEWEST, calibrate, judge
from seq2seq.pairs import SentencePair
from seq2seq.training.run_directory import RunDirectory
from seq2seq.training.validation import Interrupted, translate_all
from seq2seq.translator import Translator

MOST = 1_000
"""So many validation pairs are translated at most."""


def calibrate_best(
    run: RunDirectory,
    pairs: Sequence[SentencePair],
    device: torch.device,
    *,
    say: Callable[[str], None],
    interrupted: Callable[[], bool] = lambda: False,
) -> None:
    """Store a calibrated confidence in the best model of `run`, unless it has one.

    The model translates the first `MOST` of `pairs` with its own decoding settings. Half of them calibrate,
    the other half measures. `say` receives a line with the result, or why there is none. After an
    interruption the model stays as it is, and a resumed run does it.
    """
    if interrupted() or not (run.path / BEST).exists():
        return
    if len(pairs) < 2 * FEWEST:
        say(f"confidence not calibrated: {len(pairs)} validation pairs, expected {2 * FEWEST} or more")
        return
    translator = Translator.from_pretrained(run.path, device=str(device))
    if translator.bundle.confidence is not None:
        return
    chosen = pairs[:MOST]
    try:
        made = translate_all(translator, [pair.source for pair in chosen], interrupted)
        confidence, errors = calibrate(judge(made, [pair.target for pair in chosen]))
    except Interrupted:
        return
    except DataError as error:
        say(f"confidence not calibrated: {error}")
        return
    record_confidence(resolve(run.path), confidence)
    say(
        f"confidence calibrated on {len(chosen)} validation pairs: calibration error of words "
        f"{errors['words']:.3f}, of sentences {errors['sentences']:.3f}"
    )
