"""Validation: loss and BLEU of a model on the validation set, and whether they are better than before."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from itertools import islice
from typing import Any

import torch

from seq2seq.bundle.model_directory import Bundle
from seq2seq.data.batching import Batch, Batches
from seq2seq.evaluation.metrics import Score
from seq2seq.monitoring.losses import mean_loss, source_gain
from seq2seq.monitoring.samples import Sample, lines
from seq2seq.pairs import SentencePair
from seq2seq.processes import distributed
from seq2seq.training.run_state import RunState
from seq2seq.training.translating import (
    Interrupted,
    samples_of_each,
    score_pairs,
    share_of_different,
    stoppable,
    translate_pairs,
)
from seq2seq.translator import Translator

LOSS_PAIRS = 5_000
"""The validation loss is that of at most so many pairs of each direction: a validation takes bounded time."""
PROBE_BATCHES = 2
"""What the source adds is measured on so many batches of each kind."""


@dataclass(frozen=True)
class ValidationScores:
    """`loss` in nats a target token, None if no validation pair is within the length limit; greedy `bleu`
    with the `signature` that reproduces it. With several directions it is the mean of `directions`, the BLEU
    of each by its name.

    The rest shows how the model translates: `source_gain` and `valid_source_gain` are what the source adds on
    training and validation pairs (see `monitoring.losses.source_gain`), `distinct` is the number of different
    translations divided by that of different sources, `samples` are a few translations.
    """

    loss: float | None
    bleu: float
    signature: str = ""
    source_gain: float | None = None
    valid_source_gain: float | None = None
    distinct: float | None = None
    samples: tuple[Sample, ...] = ()
    directions: Mapping[str, Score] = field(default_factory=dict)

    def __str__(self) -> str:
        loss = "none (all pairs are too long)" if self.loss is None else f"{self.loss:.3f}"
        parts = ", ".join(f"{name} {score.score:.2f}" for name, score in self.directions.items())
        return f"validation loss {loss}  greedy BLEU {self.bleu:.2f}" + (f" ({parts})" if parts else "")

    def record(self, state: RunState) -> dict[str, Any]:
        """The scores at `state`, for the log and for the model."""
        each = {name: asdict(score) for name, score in self.directions.items()}
        return {
            "event": "validation",
            "step": state.step,
            "epoch": state.epoch,
            "loss": self.loss,
            "bleu": self.bleu,
            "signature": self.signature,
            **({"directions": each} if each else {}),
            "seconds": round(state.seconds, 3),
        }

    def details(self) -> dict[str, Any]:
        """What the log holds beside the scores."""
        names = ("source_gain", "valid_source_gain", "distinct")
        numbers = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        return numbers | {"samples": [sample.to_dict() for sample in self.samples]}


class Validator:
    """Scores models on the pairs of a validation set.

    The loss is that of `batches`, which leave out pairs beyond the length limit. BLEU is that of the greedy
    translations of `pairs`, made by the same `Translator` that users have. `interrupted` is called every few
    sentences. `train_batches` are those of the training, of which two show what the source adds.
    """

    def __init__(
        self,
        pairs: Sequence[SentencePair],
        batches: Batches,
        device: torch.device,
        interrupted: Callable[[], bool] = lambda: False,
        train_batches: Batches | None = None,
    ) -> None:
        self.pairs, self.batches, self.device, self.interrupted = pairs, batches, device, interrupted
        self.train_batches = train_batches

    def score(self, bundle: Bundle) -> ValidationScores:
        """Loss and BLEU of the model of `bundle`. Raises Interrupted as soon as `interrupted` is true."""
        batches = stoppable(self.batches.epoch(0), self.interrupted)
        loss = mean_loss(bundle.model, batches, self.device) if self.has_loss else None
        bundle.model.eval()
        translator = Translator(replace(bundle, decoding=bundle.decoding.greedy()), device=str(self.device))
        texts = [one.text for one in translate_pairs(translator, self.pairs, self.interrupted)]
        score, each = score_pairs(translator, self.pairs, texts)
        tagged = bool(self.batches.tags)
        gain, valid_gain = (
            source_gain(bundle.model, stoppable(batches, self.interrupted), self.device, tagged=tagged)
            for batches in (self._train_probe, self._valid_probe)
        )
        return ValidationScores(
            loss,
            score.score,
            score.signature,
            source_gain=gain,
            valid_source_gain=valid_gain,
            distinct=share_of_different(self.pairs, texts),
            samples=samples_of_each(self.pairs, texts),
            directions=each,
        )

    @cached_property
    def _train_probe(self) -> list[Batch]:
        """The training pairs on which the use of the source is measured: the same each time."""
        return _first(self.train_batches)

    @cached_property
    def _valid_probe(self) -> list[Batch]:
        return _first(self.batches)

    def score_on_main(self, bundle: Callable[[], Bundle]) -> ValidationScores | None:
        """Scores of the model that `bundle` returns, or None after an interruption.

        The main process computes them; the others are told loss and BLEU.
        """
        scores, interrupted = ValidationScores(0.0, 0.0), False
        if distributed.is_main():
            try:
                scores = self.score(bundle())
            except Interrupted:
                interrupted = True
        if distributed.from_main(float(interrupted), self.device):
            return None
        bleu = distributed.from_main(scores.bleu, self.device)
        loss = distributed.from_main(math.nan if scores.loss is None else scores.loss, self.device)
        return replace(scores, bleu=bleu, loss=loss if self.has_loss else None)

    @property
    def has_loss(self) -> bool:
        """Whether any pair is within the length limit."""
        return len(self.batches.rows) > 0


def _first(batches: Batches | None) -> list[Batch]:
    """The first `PROBE_BATCHES` batches of the first epoch."""
    return list(islice(batches.epoch(0), PROBE_BATCHES)) if batches is not None else []


def validation_lines(scores: ValidationScores, state: RunState, *, patience: int, better: bool) -> list[str]:
    """What a validation says: its scores and what they mean for the run, and sample translations."""
    waited = f"{state.bad_validations} of {patience}" if patience else f"{state.bad_validations}"
    return [
        f"step {state.step}  epoch {state.epoch}  {state.seconds / 60:.1f} min  {scores}  "
        + ("(best)" if better else f"({waited} validations without improvement)"),
        *lines(scores.samples),
    ]


def is_better(scores: ValidationScores, state: RunState) -> bool:
    """Whether `scores` are better than the best ones of the run: a higher BLEU, or the same BLEU and a lower
    loss (a hard task has a BLEU of 0 for hours). A loss that is not finite is never better."""
    if scores.loss is not None and not math.isfinite(scores.loss):
        return False
    if scores.bleu != state.best_bleu:
        return scores.bleu > state.best_bleu
    return scores.loss is not None and scores.loss < state.best_loss
