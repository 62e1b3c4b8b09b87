"""The best model of a run on its validation pairs, at the end: its score with beam search, its confidence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict

import torch

from seq2seq.bundle.finding import BEST, resolve
from seq2seq.bundle.record import record_confidence
from seq2seq.errors import DataError
from seq2seq.evaluation.calibration import FEWEST, calibrate, judge
from seq2seq.pairs import SentencePair
from seq2seq.training.run_directory import RunDirectory
from seq2seq.training.translating import Interrupted, score_pairs, translate_pairs
from seq2seq.translation import Translation
from seq2seq.translator import Translator


def score_and_calibrate(
    run: RunDirectory,
    pairs: Sequence[SentencePair],
    device: torch.device,
    *,
    say: Callable[[str], None],
    interrupted: Callable[[], bool] = lambda: False,
) -> None:
    """Translate `pairs` with the decoding settings of the best model of `run`; say and log the BLEU, and
    store a calibrated confidence in the model. Nothing is done if the model has one already.

    `pairs` are those of the greedy BLEU, so the two can be compared. Half of them calibrate, the other half
    measures. After an interruption the model stays as it is, and a resumed run does it.
    """
    if interrupted() or not (run.path / BEST).exists():
        return
    translator = Translator.from_pretrained(run.path, device=str(device))
    if translator.bundle.confidence is not None:
        return
    try:
        made = translate_pairs(translator, pairs, interrupted)
    except Interrupted:
        return
    _score(run, translator, made, pairs, say)
    try:
        _calibrate(run, made, pairs, say)
    except DataError as error:
        say(f"confidence not calibrated: {error}")


def _score(
    run: RunDirectory,
    translator: Translator,
    made: Sequence[Translation],
    pairs: Sequence[SentencePair],
    say: Callable[[str], None],
) -> None:
    """BLEU of the translations, beside that of greedy search."""
    validation = translator.bundle.metrics.get("validation", {})
    score, each = score_pairs(translator, pairs, [one.text for one in made])
    beam = translator.bundle.decoding
    run.log(
        {
            "event": "beam",
            "step": validation.get("step", 0),
            "bleu": score.score,
            "signature": score.signature,
            "beam_size": beam.beam_size,
            **({"directions": {name: asdict(one) for name, one in each.items()}} if each else {}),
        }
    )
    greedy = validation.get("bleu")
    compared = f" (greedy {greedy:.2f})" if isinstance(greedy, int | float) else ""
    say(f"validation BLEU with beam {beam.beam_size}: {score.score:.2f}{compared}")
    for name, one in each.items():
        say(f"  {name} {one.score:.2f}")
    say(f"  {score.signature}")


def _calibrate(
    run: RunDirectory,
    made: Sequence[Translation],
    pairs: Sequence[SentencePair],
    say: Callable[[str], None],
) -> None:
    """Store a calibrated confidence in the best model. Raises DataError if there is too little to go by."""
    if len(pairs) < 2 * FEWEST:
        raise DataError(f"{len(pairs)} validation pairs, expected {2 * FEWEST} or more")
    confidence, errors = calibrate(judge(made, [pair.target for pair in pairs]))
    record_confidence(resolve(run.path), confidence)
    say(
        f"confidence calibrated on {len(pairs)} validation pairs: calibration error of words "
        f"{errors['words']:.3f}, of sentences {errors['sentences']:.3f}"
    )
