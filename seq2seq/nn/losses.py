"""Training losses, summed over tokens. The caller divides the sum once.

The scores of a batch are its largest tensor, and a loss reads and writes them a dozen times. So on a CPU both
losses and their gradients are computed for some rows at a time, which stay in the processor's cache. Only the
gradient is kept, in the precision of the scores. This takes less than half the time and memory of the same
losses on whole tensors (see docs/notes/multi30k.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

CHUNK_SCORES = 2**17  # scores that a CPU works on at once: half a megabyte


def _chunks(rows: int, scores: Tensor) -> Iterator[slice]:
    """Slices of `rows` rows of `scores`. On a GPU there is one."""
    size = max(1, CHUNK_SCORES // scores.shape[1]) if scores.is_cpu else max(1, rows)
    return (slice(start, min(start + size, rows)) for start in range(0, rows, size))


def _log_probs(logits: Tensor) -> Tensor:
    """log softmax, in float32 or float64."""
    return (logits if logits.dtype == torch.float64 else logits.float()).log_softmax(-1)


def _smoothed_loss(log_probs: Tensor, targets: Tensor, smoothing: float) -> Tensor:
    """The cross entropy, from log p (N,V) and targets (N,1)."""
    loss = log_probs.gather(1, targets).sum() * (smoothing - 1)
    return loss - log_probs.sum() * (smoothing / log_probs.shape[1]) if smoothing else loss


def _subtract_target(gradient: Tensor, targets: Tensor, smoothing: float, weight: float = 1.0) -> Tensor:
    """Subtract weight × target distribution from `gradient` (N,V), in place."""
    if smoothing:
        gradient -= weight * smoothing / gradient.shape[1]
    return gradient.scatter_add_(1, targets, gradient.new_full(targets.shape, weight * (smoothing - 1)))


class _CrossEntropy(torch.autograd.Function):
    """The gradient is p − target distribution."""

    @staticmethod
    def forward(ctx: Any, logits: Tensor, targets: Tensor, smoothing: float) -> Tensor:
        targets, losses = targets.unsqueeze(1), [_log_probs(logits[:0]).sum()]
        gradient = torch.empty_like(logits) if ctx.needs_input_grad[0] else None
        for rows in _chunks(len(logits), logits):
            log_probs = _log_probs(logits[rows])
            losses.append(_smoothed_loss(log_probs, targets[rows], smoothing))
            if gradient is not None:
                gradient[rows] = _subtract_target(log_probs.exp_(), targets[rows], smoothing)
        ctx.save_for_backward(gradient)
        return torch.stack(losses).sum()

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor, None, None]:
        (gradient,) = ctx.saved_tensors
        return gradient.mul_(upstream), None, None


def cross_entropy(logits: Tensor, targets: Tensor, *, smoothing: float = 0.0) -> Tensor:
    """Label-smoothed cross entropy (Szegedy et al., 2016) in nats, summed over tokens.

    `logits` (N,V), `targets` (N,). The target distribution gives 1 − s + s/V to the correct token and s/V to
    each other token, where s is `smoothing`. Computed in float32 or float64, whatever the type of the logits.
    The gradient can be computed once.
    """
    return _CrossEntropy.apply(logits, targets, smoothing)


RowsLoss = Callable[[Tensor, Tensor, Tensor, float, float], tuple[Tensor, Tensor, Tensor, Tensor]]
"""From log p and log q (N,V), targets (N,1), smoothing and the weight of the divergence: the cross entropy,
the divergence, and the gradients (N,V) of the cross entropy plus the weighted divergence for the scores of p
and q. It may overwrite log p and log q."""


class _TwoReadings(torch.autograd.Function):
    """Two predictions p and q of the same tokens: their cross entropy, and a divergence that pulls them
    together, both by `rows_loss`."""

    @staticmethod
    def forward(
        ctx: Any, logits: Tensor, targets: Tensor, rows_loss: RowsLoss, smoothing: float, weight: float
    ) -> tuple[Tensor, Tensor]:
        number, targets = len(targets), targets.unsqueeze(1)
        losses = [_log_probs(logits[:0]).sum()]
        divergences, gradient = list(losses), torch.empty_like(logits)
        for rows in _chunks(number, logits):
            second = slice(rows.start + number, rows.stop + number)
            log_p, log_q = _log_probs(logits[rows]), _log_probs(logits[second])
            loss, divergence, gradient[rows], gradient[second] = rows_loss(
                log_p, log_q, targets[rows], smoothing, weight
            )
            losses.append(loss)
            divergences.append(divergence)
        ctx.save_for_backward(gradient)
        loss = torch.stack(losses).sum()
        ctx.mark_non_differentiable(loss)
        return loss, loss + weight * torch.stack(divergences).sum()

    @staticmethod
    def backward(ctx: Any, _: Tensor, upstream: Tensor) -> tuple[Tensor, None, None, None, None]:
        (gradient,) = ctx.saved_tensors
        return gradient.mul_(upstream), None, None, None, None


def _r_drop_rows(
    log_p: Tensor, log_q: Tensor, targets: Tensor, smoothing: float, weight: float
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """With d = log p − log q: KL(p‖q) = Σ p d and KL(q‖p) = −Σ q d.

    The gradients of their sum are p (d − Σ p d) + (p − q) and q (Σ q d − d) − (p − q).
    """
    loss = (_smoothed_loss(log_p, targets, smoothing) + _smoothed_loss(log_q, targets, smoothing)) / 2
    ratio, p, q = log_p - log_q, log_p.exp_(), log_q.exp_()
    p_part, q_part = p * ratio, q * ratio
    kl_pq, minus_kl_qp = p_part.sum(-1, keepdim=True), q_part.sum(-1, keepdim=True)
    divergence, difference = (kl_pq - minus_kl_qp).sum(), (p - q).mul_(weight)
    p_part.mul_(weight).addcmul_(p, 0.5 - weight * kl_pq).add_(difference)
    q_part.mul_(-weight).addcmul_(q, 0.5 + weight * minus_kl_qp).sub_(difference)
    p_gradient = _subtract_target(p_part, targets, smoothing, 0.5)
    return loss, divergence, p_gradient, _subtract_target(q_part, targets, smoothing, 0.5)


def r_drop(
    logits: Tensor, targets: Tensor, *, smoothing: float = 0.0, consistency: float
) -> tuple[Tensor, Tensor]:
    """R-Drop (Liang et al., 2021): two predictions of the same tokens with different dropout are pulled
    together.

    `logits` (2N,V) of the N tokens, twice; `targets` (N,); `consistency` is α. Returns two sums over the N
    tokens, in nats: the mean cross entropy of both predictions p and q, without a gradient; and the objective
    to minimise, which is that plus α/4 (KL(p‖q) + KL(q‖p)). The paper's objective is twice as large, because
    it sums over both predictions. The gradient can be computed once.
    """
    loss, objective = _TwoReadings.apply(logits, targets, _r_drop_rows, smoothing, consistency / 4)
    return loss, objective


def _sim_cut_rows(
    log_p: Tensor, log_q: Tensor, targets: Tensor, smoothing: float, weight: float
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """With d = log p − log q: KL(p‖q) = Σ p d. Its gradients are p (d − KL) for the scores of p and q − p for
    those of q."""
    loss = _smoothed_loss(log_p, targets, smoothing)
    ratio, p, q = log_p - log_q, log_p.exp_(), log_q.exp_()
    divergence = (p * ratio).sum(-1, keepdim=True)
    q_gradient = (q - p).mul_(weight)
    p.mul_(1 + weight * (ratio - divergence))
    return loss, divergence.sum(), _subtract_target(p, targets, smoothing), q_gradient


def sim_cut(
    logits: Tensor, targets: Tensor, *, smoothing: float = 0.0, consistency: float
) -> tuple[Tensor, Tensor]:
    """SimCut (Gao et al., 2022): the prediction of a text from which tokens were cut is pulled to that
    of the whole text.

    `logits` (2N,V) of the N tokens, read whole and then cut (`objectives.cutoff`); `targets` (N,);
    `consistency` is α. Returns two sums over the N tokens, in nats: the cross entropy of the whole reading p,
    without a gradient; and the objective to minimise, which is that plus α KL(p‖q), where q is the prediction
    of the cut reading. Both p and q get gradients of the divergence, which the paper found to matter. The
    gradient can be computed once.
    """
    loss, objective = _TwoReadings.apply(logits, targets, _sim_cut_rows, smoothing, consistency)
    return loss, objective
