"""A task that only memory solves, and cells that are trained on it.

The input is a sequence of random symbols; the answer, at its end, is the first of them. This is the latching
problem of Bengio et al. (1994) with more than two classes. Training is plain gradient descent, as in Pascanu
et al. (2013).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from seq2seq.errors import UsageError
from seq2seq.experiments.gradients import GradientNorms, through_time
from seq2seq.nn.cells import build_cell
from seq2seq.nn.losses import cross_entropy
from seq2seq.training.optimization import clip_gradients, gradient_norm


@dataclass(frozen=True)
class RecallTask:
    """A task of memory: name the first of a sequence of random symbols at its end."""

    distance: int = 30
    """Greatest distance in time: steps between the first symbol and the answer."""
    hidden_size: int = 64
    """H, units of the cell."""
    symbols: int = 8
    """Number of different symbols, which is the width of the input too."""
    batch_size: int = 32
    """Sequences in a batch."""
    steps: int = 800
    """Updates of the training; 0: no training."""
    learning_rate: float = 0.2
    """Learning rate of plain gradient descent."""
    clip_norm: float = 1.0
    """Limit of the norm of the whole gradient, in the training with clipping."""
    scales: tuple[float, ...] = (1.0, 2.0)
    """Factors on the weight matrices of the cell at initialisation. Large ones make gradients explode. The
    training starts from the last one."""
    seed: int = 1
    """Seed of weights and sequences."""

    def __post_init__(self) -> None:
        for name in ("distance", "hidden_size", "batch_size"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} is {getattr(self, name)}, expected a whole number from 1")
        if self.symbols < 2:
            raise UsageError(f"symbols is {self.symbols}, expected 2 or more")
        if self.steps < 0 or not 0 < self.learning_rate < math.inf or not 0 < self.clip_norm < math.inf:
            raise UsageError(
                f"steps, learning_rate and clip_norm are {self.steps}, {self.learning_rate} and "
                f"{self.clip_norm}, expected steps from 0, the others above 0 and finite"
            )
        if not self.scales or not all(0 < scale < math.inf for scale in self.scales):
            raise UsageError(f"scales is {self.scales}, expected one or more numbers above 0")
        if not 0 <= self.seed < 2**32:
            raise UsageError(f"seed is {self.seed}, expected 0 to {2**32 - 1:,}")


class RecallModel:
    """A cell with a linear output. The initial weights of the cell are multiplied by `scale`."""

    def __init__(self, kind: str, task: RecallTask, scale: float) -> None:
        self.kind, self.task, self.scale = kind, task, scale
        torch.manual_seed(task.seed)
        self.cell = build_cell(kind, task.symbols, task.hidden_size)
        self.output = nn.Linear(task.hidden_size, task.symbols)
        self.parameters = [*self.cell.parameters(), *self.output.parameters()]
        with torch.no_grad():
            for parameter in self.cell.parameters():
                parameter.mul_(scale if parameter.dim() > 1 else 1.0)

    def train(self, clip_norm: float) -> GradientNorms:
        """Train by plain gradient descent and measure. A `clip_norm` of 0 clips nothing.

        The training ends early if the gradient is not finite.
        """
        losses, norms = [], []
        for inputs, first in self._batches(self.task.seed + 1, self.task.steps):
            outputs, _ = self.cell(inputs)
            loss = cross_entropy(self.output(outputs[:, -1]), first) / len(inputs)
            loss.backward()
            norm = gradient_norm(self.parameters)
            losses.append(loss.item())
            norms.append(norm.item())
            if not math.isfinite(norms[-1]):
                break
            clip_gradients(self.parameters, norm=norm, limit=clip_norm)
            self._update()
        return replace(self.measure(), clip_norm=clip_norm, losses=losses, gradient_norms=norms)

    @torch.no_grad()
    def _update(self) -> None:
        """One step of gradient descent. (torch.optim.SGD would import 800 modules, which takes seconds.)"""
        for parameter in self.parameters:
            if parameter.grad is not None:
                parameter.sub_(self.task.learning_rate * parameter.grad)
                parameter.grad = None

    def measure(self) -> GradientNorms:
        """Gradient norms and accuracy now, on sequences that the training does not see."""
        ((inputs, first),) = self._batches(self.task.seed, 1)
        logits: list[Tensor] = []

        def loss(outputs: Tensor) -> Tensor:
            logits.append(self.output(outputs))
            return cross_entropy(logits[0], first)

        norms, value = through_time(self.cell, inputs, loss)
        accuracy = (logits[0].argmax(-1) == first).float().mean().item()
        return GradientNorms(self.kind, norms, value, self.scale, accuracy=accuracy)

    def _batches(self, seed: int, number: int) -> Iterator[tuple[Tensor, Tensor]]:
        """One-hot inputs (B,T,I), and the first symbol (B,) of each sequence."""
        task, generator = self.task, torch.Generator().manual_seed(seed)
        for _ in range(number):
            symbols = torch.randint(task.symbols, (task.batch_size, task.distance + 1), generator=generator)
            yield F.one_hot(symbols, task.symbols).float(), symbols[:, 0]


def measure_untrained(cells: Sequence[str], task: RecallTask) -> list[GradientNorms]:
    """Measure every kind of cell at every scale, without training."""
    return [RecallModel(kind, task, scale).measure() for scale in task.scales for kind in cells]


def measure_trained(
    cells: Sequence[str], task: RecallTask, say: Callable[[str], None]
) -> list[GradientNorms]:
    """Measure every cell after training with clipping, and without, from the same initial weights."""
    results = []
    for kind in cells if task.steps else ():
        for clip_norm in (task.clip_norm, 0.0):
            result = RecallModel(kind, task, task.scales[-1]).train(clip_norm)
            say(f"{result.describe()}: {len(result.losses)} updates, accuracy {result.accuracy:.2f}")
            results.append(result)
    return results
