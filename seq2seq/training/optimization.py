"""Optimizers, learning-rate schedules, clipping and weight averages."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn

from seq2seq.config import TrainingConfig
from seq2seq.errors import UsageError
from seq2seq.nn.model import Seq2Seq

FALLING = ("linear", "cosine")
"""Schedules that fall to the end of the training, and so need to know when it ends."""


class MuonAndAdamW(torch.optim.Optimizer):
    """Muon (Jordan et al., 2024) for `matrices`, AdamW for `others`, as one optimizer with two groups.

    Muon makes all singular values of a matrix's momentum about 1, by a Newton-Schulz iteration in bfloat16.
    The update is then scaled to the size that AdamW's usually has (Liu et al., 2025), so that one learning
    rate and one weight decay suit both groups.
    """

    def __init__(
        self, matrices: Sequence[nn.Parameter], others: Sequence[nn.Parameter], config: TrainingConfig
    ) -> None:
        rate, decay = config.learning_rate, config.weight_decay
        muon = torch.optim.Muon(matrices, lr=rate, weight_decay=decay, adjust_lr_fn="match_rms_adamw")
        self.parts = (muon, _adam(torch.optim.AdamW, config, others))
        super().__init__([group for part in self.parts for group in part.param_groups], {})

    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Update all weights. The parts work on the groups and the state of this object, which
        `load_state_dict` may have replaced."""
        for part, group in zip(self.parts, self.param_groups, strict=True):
            part.param_groups, part.state = [group], self.state
            part.step()


def build_optimizer(config: TrainingConfig, model: Seq2Seq) -> torch.optim.Optimizer:
    """Adam, AdamW, or Muon with AdamW over the weights of `model`.

    Muon takes the matrices of layers, attention and readout; vectors, embeddings and the output layer, whose
    rows are vectors of tokens, are AdamW's.
    """
    if config.optimizer != "muon":
        kind = torch.optim.Adam if config.optimizer == "adam" else torch.optim.AdamW
        return _adam(kind, config, list(model.parameters()))
    tables = {module.weight for module in model.modules() if isinstance(module, nn.Embedding)}
    tables.add(model.decoder.output.weight)
    by_muon = [p.dim() == 2 and p not in tables for p in model.parameters()]
    chosen = list(zip(model.parameters(), by_muon, strict=True))
    return MuonAndAdamW([p for p, muon in chosen if muon], [p for p, muon in chosen if not muon], config)


def _adam(
    kind: type[torch.optim.Adam], config: TrainingConfig, parameters: Sequence[nn.Parameter]
) -> torch.optim.Optimizer:
    """Adam or AdamW. Their fused kernels are the fastest ones, also on a CPU."""
    return kind(
        parameters,
        lr=config.learning_rate,
        betas=(0.9, config.beta2),
        eps=1e-9,
        weight_decay=config.weight_decay,
        fused=True,
    )


def check_schedule(config: TrainingConfig) -> None:
    """Raise UsageError if the schedule falls to the end of the training and no end is set."""
    if config.schedule in FALLING and not (config.steps or config.epochs or config.minutes):
        raise UsageError(
            f"training.schedule = {config.schedule!r} falls to the end of the training: expected "
            "training.epochs, training.steps or training.minutes, or another schedule"
        )


def learning_rate(config: TrainingConfig, *, step: int, progress: float) -> float:
    """The learning rate of update `step` (from 1). `progress` (0 to 1) is the share of the training that is
    done.

    A linear warm-up to the highest rate, then: `constant`; `inverse_sqrt`, rate ∝ 1/√step (Vaswani et al.,
    2017); `linear` or `cosine` (Loshchilov & Hutter, 2017) down to `final_rate` of the highest at progress 1.
    """
    peak, warmup = config.learning_rate, config.warmup_steps
    if step < warmup:
        return peak * step / warmup
    match config.schedule:
        case "constant":
            return peak
        case "inverse_sqrt":
            return peak * math.sqrt(max(warmup, 1) / step)
        case "linear":
            share = 1 - min(progress, 1.0)
        case "cosine":
            share = (1 + math.cos(math.pi * min(progress, 1.0))) / 2
    return peak * (config.final_rate + (1 - config.final_rate) * share)


def gradient_norm(parameters: Iterable[nn.Parameter]) -> Tensor:
    """The Euclidean norm of all gradients together."""
    return nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None])


def clip_gradients(parameters: Iterable[nn.Parameter], *, norm: Tensor, limit: float) -> None:
    """Scale all gradients, of norm `norm`, to at most `limit` (Pascanu et al., 2013). 0: no clipping."""
    if limit > 0:
        nn.utils.clip_grads_with_norm_(list(parameters), limit, norm)


@torch.no_grad()
def average_into(average: nn.Module, model: nn.Module, *, decay: float, step: int) -> None:
    """Move `average` towards `model`: an exponential moving average (Polyak & Juditsky, 1992).

    The first steps use a smaller decay, (1 + step) / (10 + step), so that the average soon forgets the random
    initial weights.
    """
    decay = min(decay, (1 + step) / (10 + step))
    for old, new in zip(average.parameters(), model.parameters(), strict=True):
        old.lerp_(new, 1 - decay)
