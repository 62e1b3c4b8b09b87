"""One update of the weights: gradients of some batches over all processes, clipping, optimiser, average.

The loss is a sum over tokens divided by the number of target tokens of the whole update, over all batches and
processes, so that neither accumulation nor the number of processes changes a gradient. An update whose loss
or gradient is not finite changes nothing. When to update, and at which rate, is left to `training`.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from seq2seq.config import TrainingConfig
from seq2seq.data.batching import Batch
from seq2seq.nn.losses import cross_entropy, r_drop
from seq2seq.nn.model import Seq2Seq
from seq2seq.training import checkpoint, distributed
from seq2seq.training.optimization import average_into, build_optimizer, clip_gradients, gradient_norm


@dataclass(frozen=True)
class Update:
    """What happened: `loss` in nats a token, target `tokens`, gradient `norm` before clipping; whether both
    are `finite`, else nothing was changed."""

    loss: float
    tokens: int
    norm: float
    finite: bool


def multiplies_bfloat16(device: torch.device) -> bool:
    """Whether `device` multiplies bfloat16 matrices in hardware. A CPU that does not is slower with them than
    in float32."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    found = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    return bool(found.get("avx512_bf16") or found.get("amx_bf16"))


class Updater:
    """Holds `model`, its optimiser and, with `ema`, its moving `average`; else `average` is the model."""

    def __init__(self, model: Seq2Seq, config: TrainingConfig, device: torch.device) -> None:
        self.model, self.config, self.device = model.to(device), config, device
        self.average = copy.deepcopy(self.model).eval() if config.ema else self.model
        self.optimizer = build_optimizer(config, self.model.parameters())
        able = config.precision == "auto" and multiplies_bfloat16(device)
        self.half = able or config.precision == "bfloat16"
        self.network: nn.Module = self.model
        if distributed.world() > 1:
            self.network = DistributedDataParallel(self.model)

    def update(self, group: Sequence[Batch], *, rate: float, step: int) -> Update:
        """Update number `step`, from 1, from the batches `group`."""
        for parameters in self.optimizer.param_groups:
            parameters["lr"] = rate
        tokens = sum(batch.tokens for batch in group)
        loss = distributed.total(self._backward(group, tokens), self.device) / tokens
        norm = gradient_norm(self.model.parameters())
        finite = math.isfinite(loss) and bool(torch.isfinite(norm))
        if finite:
            clip_gradients(self.model.parameters(), norm=norm, limit=self.config.clip_norm)
            self.optimizer.step()
            if self.config.ema:
                average_into(self.average, self.model, decay=self.config.ema, step=step)
        self.optimizer.zero_grad(set_to_none=True)
        return Update(loss, tokens, float(norm), finite)

    def _backward(self, group: Sequence[Batch], tokens: int) -> float:
        """Gradients of the loss a token over `group`; returns this process's summed loss in nats."""
        world, summed = distributed.world(), 0.0
        self.network.train()
        for index, batch in enumerate(group):
            moved = batch.to(self.device)
            if self.config.consistency:
                moved = moved.twice()
            with self._sync(last=index == len(group) - 1):
                with self._precision():
                    logits = self.network(moved.source, moved.lengths, moved.target, moved.real)
                loss, objective = self._losses(logits, moved.labels[moved.real])
                (objective * (world / tokens)).backward()  # processes' gradients are averaged, hence `world`
            summed += float(loss.detach())
        return summed

    def _losses(self, logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """The loss that is told, and what is minimised."""
        smoothing, consistency = self.config.label_smoothing, self.config.consistency
        if not consistency:
            loss = cross_entropy(logits, labels, smoothing=smoothing)
            return loss, loss
        return r_drop(logits, labels[: len(labels) // 2], smoothing=smoothing, consistency=consistency)

    def _sync(self, *, last: bool) -> AbstractContextManager[Any]:
        """Gradients travel between processes with the last batch only."""
        if isinstance(self.network, DistributedDataParallel) and not last:
            return self.network.no_sync()
        return nullcontext()

    def _precision(self) -> AbstractContextManager[Any]:
        if not self.half:
            return nullcontext()
        return torch.autocast(self.device.type, dtype=torch.bfloat16)

    def tensors(self) -> dict[str, dict[str, Tensor]]:
        """Everything here that changes from step to step, for a checkpoint."""
        found: dict[str, dict[str, Tensor]] = {
            "model": dict(self.model.named_parameters()),
            "optimizer": checkpoint.optimizer_tensors(self.optimizer),
        }
        if self.config.ema:
            found["average"] = dict(self.average.named_parameters())
        return found

    def restore(self, tensors: Mapping[str, Mapping[str, Tensor]]) -> None:
        """The other way round."""
        modules = {"model": self.model} | ({"average": self.average} if self.config.ema else {})
        with torch.no_grad():
            for group, module in modules.items():
                for name, parameter in module.named_parameters():
                    parameter.copy_(tensors[group][name])
        checkpoint.restore_optimizer(self.optimizer, tensors["optimizer"])
