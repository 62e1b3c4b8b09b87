"""How far gradients reach back in time: the measurements that explain gates and gradient clipping.

The gradient of a loss at step t with respect to the state d steps before is a product of d Jacobians (Bengio
et al., 1994; Pascanu et al., 2013):

    ∂L_t / ∂h_{t-d} = ∂L_t / ∂h_t · ∂h_t / ∂h_{t-1} ⋯ ∂h_{t-d+1} / ∂h_{t-d}

If the Jacobians shrink their input, the gradient vanishes exponentially with d, and nothing distant is
learned. If they stretch it, the gradient explodes, and one update can ruin the weights; clipping prevents
that. Gates let a state pass unchanged.

Measured is the norm of this gradient with respect to the whole state (h, or h and C together), as the mean
over the rows of a batch: for cells on a task that needs memory (recall_task.py), and for decoders of trained
models.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from seq2seq.errors import DataError
from seq2seq.nn.losses import cross_entropy
from seq2seq.nn.padding import pad
from seq2seq.pairs import SentencePair
from seq2seq.translator import Translator

MAX_SENTENCES = 64  # of a test set: the gradients of a trained model are averaged over them


@dataclass(frozen=True)
class GradientNorms:
    """Norms of gradients by their distance in time, of a cell or a decoder.

    Attributes:
        label: name of the cell or model.
        norms: `norms[d-1]` is the norm of the gradient d steps before the loss.
        loss: in nats, the mean over sequences.
        scale: factor on the weight matrices at initialisation.
        clip_norm: limit of the gradient norm in training; 0 for none.
        accuracy: share of right answers, NaN if there is no task.
        losses, gradient_norms: of each update, the loss and the norm of the whole gradient before clipping;
            empty without training.
    """

    label: str
    norms: list[float]
    loss: float
    scale: float = 1.0
    clip_norm: float = 0.0
    accuracy: float = math.nan
    losses: list[float] = field(default_factory=list)
    gradient_norms: list[float] = field(default_factory=list)

    def relative(self) -> list[float]:
        """The norms as shares of the first one: what one step passes on, two steps, three, and so on."""
        first = self.norms[0]
        return [norm / first if first > 0 else math.nan for norm in self.norms]

    def describe(self) -> str:
        """The cell or model, the scale of its weights, and how it was trained."""
        text = self.label + (f", weights × {self.scale:g}" if self.scale != 1 else "")
        if not self.losses:
            return text
        clipping = f"clipped at {self.clip_norm:g}" if self.clip_norm else "not clipped"
        return f"{text}, trained, {clipping}"

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON. Floats have six digits; None stands for a number that is not finite."""
        return {name: _plain(value) for name, value in asdict(self).items()}


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if not isinstance(value, float):
        return value
    return float(f"{value:.6g}") if math.isfinite(value) else None


def norms_by_distance(loss: Tensor, states: Sequence[Sequence[Tensor]]) -> list[float]:
    """Norms of the gradient of `loss` with respect to each state, the newest state first.

    Args:
        loss: a sum over the rows of the batch.
        states: the state after each step, oldest first, without that of the last step. A state is a sequence
            of (1,B,H) tensors.

    Returns:
        For each state the mean over rows of the norm over all of its tensors. The newest state is one step
        before the loss.
    """
    parts = [part for state in states for part in state]
    gradients = torch.autograd.grad(loss, parts, allow_unused=True, materialize_grads=True)
    squares = iter(gradient.square().sum((0, 2)) for gradient in gradients)  # (B,) each
    norms = [torch.stack([next(squares) for _ in state]).sum(0).sqrt().mean().item() for state in states]
    return norms[::-1]


def through_time(
    layer: nn.Module, inputs: Tensor, loss: Callable[[Tensor], Tensor]
) -> tuple[list[float], float]:
    """Norms by distance, T − 1 of them, and the mean loss of a recurrent layer.

    Args:
        layer: any layer with the interface of `nn.cells`. It is called step by step.
        inputs: (B,T,I).
        loss: maps the outputs of the last step (B,H) to a sum over rows.
    """
    state, states = None, []
    for step in inputs.unbind(1):
        outputs, state = layer(step.unsqueeze(1), state)
        states.append(state)
    value = loss(outputs[:, 0])
    return norms_by_distance(value, states[:-1]), value.item() / len(inputs)


def decoder_gradient_norms(
    translator: Translator, pairs: Sequence[SentencePair], distance: int
) -> GradientNorms:
    """Norms up to `distance` steps in the decoder of a trained model, for the state of all its cells.

    The loss is that of the token `distance` steps after the first one, given all true tokens before it, in
    the first 64 sentences that are long enough. Raises DataError if there is none.
    """
    source_tokenizer, target_tokenizer = translator.source_tokenizer, translator.target_tokenizer
    encoded = ((source_tokenizer.encode(pair.source), target_tokenizer.encode(pair.target)) for pair in pairs)
    long = [(source, target) for source, target in encoded if source and len(target) > distance]
    if not long:
        raise DataError(f"no target sentence has more than {distance} tokens; lower the distance")
    long = long[:MAX_SENTENCES]
    source, lengths = pad([[*source, source_tokenizer.eos_id] for source, _ in long])
    target, _ = pad([[target_tokenizer.bos_id, *target[: distance + 1]] for _, target in long])
    norms, loss = _through_decoder(translator, source, lengths, target)
    return GradientNorms(translator.name, norms, loss)


def _through_decoder(
    translator: Translator, source: Tensor, lengths: Tensor, target: Tensor
) -> tuple[list[float], float]:
    """As `through_time`, for the cells of the decoder. It reads `target` (B,T+1) without its last token."""
    model, device = translator.model, translator.device
    memory, state = model.encode(source.to(device), lengths.to(device))
    states = []
    for tokens in target[:, :-1].to(device).split(1, 1):
        output, state = model.decoder(tokens, state, memory)
        states.append([part for cell in state.cells for part in cell])
    loss = cross_entropy(model.decoder.logits(output, memory)[:, 0], target[:, -1].to(device))
    return norms_by_distance(loss, states[:-1]), loss.item() / len(target)
