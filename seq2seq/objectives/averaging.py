"""The average of the best weights of a run (Junczys-Dowmunt et al., 2016, section 2).

Each validation stores the weights, if they are among the N best so far, in `averaging/` in the run directory:

step-N.safetensors   the weights after update N in float32, with their scores as metadata

At the end of the run, their mean is validated like any model, and kept if it is not worse than the best one.
A run that is resumed finds the files of its earlier part. Those that it writes again are the same.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save
from torch import Tensor, nn

from seq2seq import files
from seq2seq.bundle.model_directory import Bundle
from seq2seq.errors import ModelError

FOLDER = "averaging"
"""The folder in a run directory."""
SCORES = "bleu loss"
"""The metadata of a file: one text with both numbers, because the order of several texts is random."""
_NAME = re.compile(r"step-(\d+)\.safetensors")


def remember(run: Path, model: nn.Module, validation: Mapping[str, Any], number: int) -> None:
    """Store the weights of `model` in the run directory `run` if they are among the `number` best.

    `validation` has the `step`, the `bleu` and the `loss` (None: not known) of the model. A higher BLEU is
    better, then a lower loss, then a later step. A loss that is not finite is never good. With a `number`
    below 2 nothing is done. Raises RunError if the system cannot write.
    """
    loss = math.inf if validation["loss"] is None else validation["loss"]
    if number < 2 or not (math.isfinite(loss) or validation["loss"] is None):
        return
    folder, scores = run / FOLDER, {SCORES: f"{float(validation['bleu'])!r} {float(loss)!r}"}
    weights = {name: weight.detach().cpu().contiguous() for name, weight in model.named_parameters()}
    with files.writing(folder):
        folder.mkdir(exist_ok=True)
    files.write_bytes(folder / f"step-{validation['step']}.safetensors", save(weights, scores))
    for path in stored(run)[number:]:
        path.unlink(missing_ok=True)


def stored(run: Path) -> list[Path]:
    """The stored weights of a run, best first. Damaged files are left out."""
    paths = [path for path in (run / FOLDER).glob("step-*.safetensors") if _NAME.fullmatch(path.name)]
    ranked = [(*scores, path) for path in paths if (scores := _scores(path)) is not None]
    return [path for *_, path in sorted(ranked, reverse=True)]


def _scores(path: Path) -> tuple[float, float, int] | None:
    """What weights are compared by: BLEU, minus the loss, and the step. None for a damaged file."""
    try:
        with safe_open(path, "pt") as file:
            bleu, loss = map(float, file.metadata()[SCORES].split())
        return bleu, -loss, step_of(path)
    except (OSError, SafetensorError, LookupError, TypeError, ValueError):
        return None


def step_of(path: Path) -> int:
    """The update after which the weights in `path` were stored."""
    match = _NAME.fullmatch(path.name)
    assert match is not None, path
    return int(match[1])


class Scores(Protocol):
    """What a validation returns: `bleu` with its `signature`, and the `loss`, if there is one."""

    @property
    def loss(self) -> float | None: ...
    @property
    def bleu(self) -> float: ...
    @property
    def signature(self) -> str: ...


def validated_mean(best: Bundle, run: Path, score: Callable[[Bundle], Scores]) -> Bundle | None:
    """The model with the mean of the weights that `run` has stored, validated by `score`.

    The rest is that of `best`, the best model of the run, whose weights are overwritten; the record of the
    validation is in its metrics, and its confidence is not calibrated. None if fewer than two are stored.
    """
    paths = stored(run)
    if len(paths) < 2:
        return None
    set_to_mean(best.model, paths)
    scores, steps = score(best), sorted(map(step_of, paths))
    record = {"event": "average", "step": steps[-1], "steps": steps}
    record |= {"loss": scores.loss, "bleu": scores.bleu, "signature": scores.signature}
    return replace(best, metrics={**best.metrics, "validation": record}, confidence=None)


@torch.no_grad()
def set_to_mean(model: nn.Module, paths: list[Path]) -> None:
    """Set the weights of `model` to the mean of those in `paths`, computed in float64.

    Raises ModelError if a file is damaged or of another network.
    """
    sums = {name: torch.zeros_like(weight, dtype=torch.float64) for name, weight in model.named_parameters()}
    for path in paths:
        for name, weight in _weights(path, sums).items():
            sums[name] += weight.to(sums[name].device)
    for name, weight in model.named_parameters():
        weight.copy_(sums[name] / len(paths))


def _weights(path: Path, like: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights in `path`, with names and shapes as in `like`."""
    try:
        weights = load_file(path)
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{path}: not the weights of a model ({error})") from None
    if {name: weight.shape for name, weight in weights.items()} != {n: w.shape for n, w in like.items()}:
        raise ModelError(f"{path}: the weights are of another network")
    return weights
