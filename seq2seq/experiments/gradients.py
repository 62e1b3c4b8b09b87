"""How far a gradient reaches back in time: the experiment behind gates and gradient clipping.

The gradient of a loss at step t with respect to the state d steps before is a product of d Jacobians (Bengio
et al., 1994; Pascanu et al., 2013):

    ∂L_t / ∂h_{t-d} = ∂L_t / ∂h_t · ∂h_t / ∂h_{t-1} ⋯ ∂h_{t-d+1} / ∂h_{t-d}

Where they shrink what they are given, it vanishes exponentially with d and nothing distant is learned; where
they stretch it, it explodes, and one update may ruin the weights, which clipping prevents. Gates let a state
pass as it is. Measured here: the norm of that gradient, of the state as a whole (h, or h and C together), the
mean over the rows of a batch, for cells on a task of memory and for decoders of trained models.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from seq2seq.data.pairs import SentencePair
from seq2seq.errors import DataError, UsageError
from seq2seq.evaluation.figures import Curve, Panel
from seq2seq.nn.cells import build_cell
from seq2seq.nn.losses import cross_entropy
from seq2seq.nn.padding import pad
from seq2seq.training.optimization import clip_gradients, gradient_norm
from seq2seq.translator import Translator

SENTENCES = 64  # of a test set, over which the gradients of a trained model are averaged
FLOOR = 1e-6  # a share that is less is drawn as this: a saturated cell passes on nothing at all


@dataclass(frozen=True)
class Recall:
    """A task that only memory solves: name, at the end of a sequence of random symbols, the first of them.

    The latching problem of Bengio et al. (1994), with more than two classes. `distance` steps lie between
    them; training is plain gradient descent, as in Pascanu et al. (2013).
    """

    distance: int = 30
    """Greatest distance in time."""
    hidden_size: int = 64
    """H, units of the cell."""
    symbols: int = 8
    """Number of different symbols, which are the inputs' width too."""
    batch_size: int = 32
    """Sequences of a batch."""
    steps: int = 800
    """Updates of the short training; 0: none."""
    learning_rate: float = 0.2
    """Rate of plain gradient descent."""
    clip_norm: float = 1.0
    """Greatest norm of the whole gradient, in the training that clips."""
    scales: tuple[float, ...] = (1.0, 2.0)
    """Factors on the cell's weight matrices at initialisation: large ones make gradients explode. Training
    starts from the last."""
    seed: int = 1
    """Of weights and sequences."""

    def __post_init__(self) -> None:
        for name in ("distance", "hidden_size", "batch_size"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} is {getattr(self, name)}, expected a whole number from 1")
        if self.symbols < 2:
            raise UsageError(f"symbols is {self.symbols}, expected 2 or more")
        if self.steps < 0 or self.learning_rate <= 0 or self.clip_norm <= 0:
            raise UsageError("expected steps from 0, learning_rate and clip_norm above 0")
        if not self.scales or min(self.scales) <= 0:
            raise UsageError(f"scales is {self.scales}, expected one number above 0, or several")


@dataclass(frozen=True)
class Reach:
    """`norms[d-1]` is the gradient's norm d steps before the loss. After a training, `loss` (nats) and
    `accuracy` tell what was learned; of each update there are its loss and the whole gradient's norm before
    clipping."""

    label: str
    norms: list[float]
    loss: float
    scale: float = 1.0
    clip_norm: float = 0.0
    accuracy: float = math.nan
    losses: list[float] = field(default_factory=list)
    gradient_norms: list[float] = field(default_factory=list)

    def relative(self) -> list[float]:
        """The norms as shares of the first: what one step passes on, two steps, three …"""
        first = self.norms[0]
        return [norm / first if first > 0 else math.nan for norm in self.norms]

    def describe(self) -> str:
        """The cell or model, and how it was treated."""
        text = self.label + (f", weights × {self.scale:g}" if self.scale != 1 else "")
        if not self.losses:
            return text
        how = f"clipped at {self.clip_norm:g}" if self.clip_norm else "not clipped"
        return f"{text}, trained, {how}"

    def to_dict(self) -> dict[str, Any]:
        """For JSON, which has no form for what is not a number."""
        return {name: _plain(value) for name, value in asdict(self).items()}


def _plain(value: Any) -> Any:
    """Floats with six digits, None for those that are not finite."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if not isinstance(value, float):
        return value
    return float(f"{value:.6g}") if math.isfinite(value) else None


def norms_by_distance(loss: Tensor, states: Sequence[Sequence[Tensor]]) -> list[float]:
    """Norms of the gradient of `loss`, a sum over rows, to the states after each step, oldest first, each of
    (1,B,H) tensors; the newest, one step before the loss, comes first in the result."""
    parts = [part for state in states for part in state]
    gradients = torch.autograd.grad(loss, parts, allow_unused=True, materialize_grads=True)
    squares = iter(gradient.square().sum((0, 2)) for gradient in gradients)  # (B,) each
    norms = [torch.stack([next(squares) for _ in state]).sum(0).sqrt().mean().item() for state in states]
    return norms[::-1]


def through_time(
    layer: nn.Module, inputs: Tensor, loss: Callable[[Tensor], Tensor]
) -> tuple[list[float], float]:
    """Norms by distance for a recurrent `layer` that reads `inputs` (B,T,I), T − 1 of them, and the loss.

    `loss` turns the last step's outputs (B,H) into a sum over rows. Any layer of the interface of `cells`
    will do: it is called a step at a time, and asked for nothing but its state.
    """
    state, states = None, []
    for step in inputs.unbind(1):
        outputs, state = layer(step.unsqueeze(1), state)
        states.append(state)
    value = loss(outputs[:, 0])
    return norms_by_distance(value, states[:-1]), value.item() / len(inputs)


class Learner:
    """A cell with a linear output on the task: its first weights are those of the seed, times `scale`."""

    def __init__(self, kind: str, task: Recall, scale: float) -> None:
        self.kind, self.task, self.scale = kind, task, scale
        torch.manual_seed(task.seed)
        self.cell = build_cell(kind, task.symbols, task.hidden_size)
        self.output = nn.Linear(task.hidden_size, task.symbols)
        self.parameters = [*self.cell.parameters(), *self.output.parameters()]
        with torch.no_grad():
            for parameter in self.cell.parameters():
                parameter.mul_(scale if parameter.dim() > 1 else 1.0)

    def train(self, clip_norm: float) -> Reach:
        """Train by plain gradient descent; 0 clips nothing. It ends where the gradient is not finite."""
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
            self._descend()
        return replace(self.reach(), clip_norm=clip_norm, losses=losses, gradient_norms=norms)

    @torch.no_grad()
    def _descend(self) -> None:
        """One step against the gradient. (Torch's own class for it loads 800 modules, for seconds.)"""
        for parameter in self.parameters:
            if parameter.grad is not None:
                parameter.sub_(self.task.learning_rate * parameter.grad)
                parameter.grad = None

    def reach(self) -> Reach:
        """How far its gradient reaches now, and how well it does, on sequences that training never saw."""
        ((inputs, first),) = self._batches(self.task.seed, 1)
        logits: list[Tensor] = []

        def loss(outputs: Tensor) -> Tensor:
            logits.append(self.output(outputs))
            return cross_entropy(logits[0], first)

        norms, value = through_time(self.cell, inputs, loss)
        accuracy = (logits[0].argmax(-1) == first).float().mean().item()
        return Reach(self.kind, norms, value, self.scale, accuracy=accuracy)

    def _batches(self, seed: int, number: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Inputs (B,T,I), one-hot, and the symbol (B,) that each begins with."""
        task, chance = self.task, torch.Generator().manual_seed(seed)
        for _ in range(number):
            symbols = torch.randint(task.symbols, (task.batch_size, task.distance + 1), generator=chance)
            yield F.one_hot(symbols, task.symbols).float(), symbols[:, 0]


def initial(cells: Sequence[str], task: Recall) -> list[Reach]:
    """Every cell at every scale, untrained."""
    return [Learner(kind, task, scale).reach() for scale in task.scales for kind in cells]


def trained(cells: Sequence[str], task: Recall, say: Callable[[str], None]) -> list[Reach]:
    """Every cell after a training that clips, and after one that does not, from the same weights."""
    found = []
    for kind in cells if task.steps else ():
        for clip_norm in (task.clip_norm, 0.0):
            reach = Learner(kind, task, task.scales[-1]).train(clip_norm)
            say(f"{reach.describe()}: {len(reach.losses)} updates, accuracy {reach.accuracy:.2f}")
            found.append(reach)
    return found


def of_model(translator: Translator, pairs: Sequence[SentencePair], distance: int) -> Reach:
    """Norms by distance in the decoder of a trained model, of its cells' states as a whole.

    The loss is that of the token `distance` steps after the first one, in sentences that are so long, given
    all true tokens before it. DataError when there is no such sentence.
    """
    reads, writes = translator.source_tokenizer, translator.target_tokenizer
    encoded = ((reads.encode(pair.source), writes.encode(pair.target)) for pair in pairs)
    long = [(source, target) for source, target in encoded if source and len(target) > distance][:SENTENCES]
    if not long:
        raise DataError(f"no target sentence has more than {distance} tokens; lower the distance")
    source, lengths = pad([[*source, reads.eos_id] for source, _ in long])
    target, _ = pad([[writes.bos_id, *target[: distance + 1]] for _, target in long])
    norms, loss = _through_decoder(translator, source, lengths, target)
    return Reach(translator.name, norms, loss)


def _through_decoder(
    translator: Translator, source: Tensor, lengths: Tensor, target: Tensor
) -> tuple[list[float], float]:
    """As `through_time`, for the decoder's cells, which read `target` (B,T+1) without its last token."""
    model, device = translator.model, translator.device
    memory, state = model.encode(source.to(device), lengths.to(device))
    states = []
    for tokens in target[:, :-1].to(device).split(1, 1):
        output, state = model.decoder(tokens, state, memory)
        states.append([part for cell in state.cells for part in cell])
    loss = cross_entropy(model.decoder.logits(output, memory)[:, 0], target[:, -1].to(device))
    return norms_by_distance(loss, states[:-1]), loss.item() / len(target)


# What is shown


def table(found: Sequence[Reach]) -> str:
    """Markdown: of each gradient, the share that is left at some distances of that at distance 1."""
    farthest = len(found[0].norms)
    shown = sorted({max(1, round(farthest * share)) for share in (0.1, 0.25, 0.5, 1.0)})
    lines = [
        "| state of | " + " | ".join(f"d = {d}" for d in shown) + " | loss |",
        "|---" * (len(shown) + 2) + "|",
    ]
    for reach in found:
        shares = reach.relative()
        cells = " | ".join(f"{shares[d - 1]:.1e}" for d in shown)
        lines.append(f"| {reach.describe()} | {cells} | {reach.loss:.2f} |")
    return "\n".join(lines)


def panels(untrained: Sequence[Reach], after: Sequence[Reach], models: Sequence[Reach]) -> list[Panel]:
    """The curves of a figure: gradients by distance, and the whole gradient while training."""
    kinds = list(dict.fromkeys(reach.label for reach in (*untrained, *after, *models)))
    shown = []
    for scale in dict.fromkeys(reach.scale for reach in untrained):
        title = "at initialisation" + (f", weights × {scale:g}" if scale != 1 else "")
        shown.append(_by_distance(title, [r for r in untrained if r.scale == scale], kinds))
    if after:
        limit, steps = max(reach.clip_norm for reach in after), max(len(reach.losses) for reach in after)
        how = f"clipped at {limit:g} (solid) or not (dashed)"
        shown.append(_by_distance(f"after {steps} updates, {how}", after, kinds))
        losses = [_over_time(reach, reach.losses, kinds, mean=True) for reach in after]
        shown.append(Panel(f"training, {how}", "update", "loss (nats)", losses))
        for clip_norm, title in (
            (limit, f"whole gradient before clipping at {limit:g}"),
            (0.0, "whole gradient, never clipped"),
        ):
            norms = [
                _over_time(reach, reach.gradient_norms, kinds, mean=False)
                for reach in after
                if reach.clip_norm == clip_norm
            ]
            shown.append(Panel(title, "update", "‖∂L/∂θ‖", norms, log=True, line=clip_norm or None))
    if models:
        shown.append(_by_distance("decoders of trained models", models, kinds))
    return shown


def _by_distance(title: str, found: Sequence[Reach], kinds: Sequence[str]) -> Panel:
    curves = [
        Curve(
            range(1, len(reach.norms) + 1),
            reach.relative(),
            colour=kinds.index(reach.label),
            label=reach.label,
            dashed=bool(reach.losses) and not reach.clip_norm,
        )
        for reach in found
    ]
    ratio = "‖∂L/∂s(t−d)‖ / ‖∂L/∂s(t−1)‖, s = h (lstm: h, C)"
    return Panel(title, "distance d in time steps", ratio, curves, log=True, floor=FLOOR)


def _over_time(reach: Reach, values: Sequence[float], kinds: Sequence[str], *, mean: bool) -> Curve:
    """A value of each update: as it is, in a thin line, or the running mean."""
    return Curve(
        range(1, len(values) + 1),
        values,
        colour=kinds.index(reach.label),
        dashed=mean and not reach.clip_norm,
        thin=not mean,
        mean=len(values) // 50 if mean else 0,
    )
