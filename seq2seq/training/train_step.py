"""One update of the weights: gradients of some batches over all processes, clipping, optimizer, average.

The loss is summed over tokens and divided by the number of target tokens of the whole update, over all
batches and processes. So neither accumulation nor the number of processes changes a gradient. An update whose
loss or gradient is not finite changes nothing. When to update, and with which learning rate, is decided by
the trainer.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from seq2seq.config import TrainingConfig
from seq2seq.data.batching import Batch
from seq2seq.devices import multiplies_bfloat16
from seq2seq.errors import is_out_of_memory
from seq2seq.monitoring.micro_batches import MicroBatches
from seq2seq.nn.losses import cross_entropy, r_drop, sim_cut
from seq2seq.nn.model import Seq2Seq
from seq2seq.objectives.cutoff import cut_second_reading
from seq2seq.objectives.guided_alignment import GuidedAlignment
from seq2seq.objectives.minimum_risk import candidates, draw, expected_risk
from seq2seq.objectives.scheduled_sampling import mix_predictions, share_at
from seq2seq.processes import distributed
from seq2seq.training import checkpoint
from seq2seq.training.optimization import average_into, build_optimizer, clip_gradients, gradient_norm


@dataclass(frozen=True)
class StepResult:
    """What an update did.

    `loss` is in nats a target token, `tokens` counts the target tokens, `norm` is the gradient norm before
    clipping. If loss or norm is not `finite`, nothing was changed.
    """

    loss: float
    tokens: int
    norm: float
    finite: bool


class TrainStep:
    """Holds `model`, its optimizer and its moving `average` (the model itself without `ema`)."""

    def __init__(self, model: Seq2Seq, config: TrainingConfig, device: torch.device) -> None:
        self.model, self.config, self.device = model.to(device), config, device
        distributed.share_weights(self.model)
        self.average = copy.deepcopy(self.model).eval() if config.ema else self.model
        if config.cut_tokens or config.cut_features:  # of the model, not of the average
            cut_second_reading(self.model, tokens=config.cut_tokens, features=config.cut_features)
        self.optimizer = build_optimizer(config, self.model)
        auto = config.precision == "auto" and multiplies_bfloat16(device)
        self.bfloat16 = auto or config.precision == "bfloat16"
        self.micro_batches = MicroBatches()
        self.guide: GuidedAlignment | None = None  # what attention follows

    def update(self, group: Sequence[Batch], *, rate: float, step: int) -> StepResult:
        """Do update number `step`, from 1, with the learning rate `rate` and the batches `group`."""
        for parameters in self.optimizer.param_groups:
            parameters["lr"] = rate
        tokens = sum(batch.tokens for batch in group)
        loss = distributed.total(self._backward(group, tokens, step=step), self.device) / tokens
        distributed.add_gradients(self.model)
        norm = gradient_norm(self.model.parameters())
        finite = math.isfinite(loss) and bool(torch.isfinite(norm))
        if finite:
            clip_gradients(self.model.parameters(), norm=norm, limit=self.config.clip_norm)
            self.optimizer.step()
            if self.config.ema:
                average_into(self.average, self.model, decay=self.config.ema, step=step)
        self.optimizer.zero_grad(set_to_none=True)
        return StepResult(loss, tokens, float(norm), finite)

    def _backward(self, group: Sequence[Batch], tokens: int, *, step: int) -> float:
        """The same as `_gradients`, in smaller parts if memory runs out in this process."""
        while True:
            try:
                return self._gradients(self.micro_batches.cut(group), tokens, step=step)
            except (MemoryError, RuntimeError) as error:
                if not is_out_of_memory(error):
                    raise
                missing = type(error)(str(error))  # without its frames, which hold tensors
            self.optimizer.zero_grad(set_to_none=True)
            if self.guide is not None:
                self.guide.forget()
            if not self.micro_batches.lower(group, step=step):
                raise missing

    def _gradients(self, group: Sequence[Batch], tokens: int, *, step: int) -> float:
        """Compute the gradients of `group`; returns the loss in nats, summed over its tokens."""
        summed = 0.0
        self.model.train()
        for batch in group:
            loss, objective = self._read(batch.to(self.device), step)
            (objective * (1 / tokens)).backward()
            summed += float(loss.detach())
        return summed

    def _read(self, batch: Batch, step: int) -> tuple[Tensor, Tensor]:
        """The loss that is reported, and the objective that is minimised, summed over tokens."""
        if self.config.minimum_risk:
            return self._risk(batch)
        batch = self._with_predictions(batch, step)
        readings = 2 if self.config.consistency else 1
        if readings == 2:
            batch = batch.twice()
        loss, objective = self._losses(self._logits(batch), batch.labels[batch.real])
        if self.guide is not None:
            objective = objective + self.guide.objective(batch, step=step, readings=readings)
        return loss, objective

    def _logits(self, batch: Batch) -> Tensor:
        with self._precision():
            return self.model(batch.source, batch.lengths, batch.target, batch.real)

    def _risk(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Minimum-risk training: the mean risk of a sentence, once for each token."""
        with self._precision():
            drawn = draw(self.model, batch, self.config.minimum_risk)
        self.model.train()
        made = candidates(batch, drawn)
        loss, risk = expected_risk(self._logits(made.batch), made)
        return loss, risk * (batch.tokens / batch.sentences)

    def _with_predictions(self, batch: Batch, step: int) -> Batch:
        """`batch` as the decoder reads it at update `step`: with scheduled sampling, or as it is."""
        config = self.config
        share = share_at(step, share=config.scheduled_sampling, steps=config.scheduled_sampling_steps)
        if share:
            with self._precision():
                batch = mix_predictions(self.model, batch, share)
            self.model.train()
        return batch

    def _losses(self, logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """The loss that is reported, and the objective that is minimised. R-Drop and SimCut add a term."""
        smoothing, consistency = self.config.label_smoothing, self.config.consistency
        if not consistency:
            loss = cross_entropy(logits, labels, smoothing=smoothing)
            return loss, loss
        pull = sim_cut if self.config.consistency_kind == "simcut" else r_drop
        return pull(logits, labels[: len(labels) // 2], smoothing=smoothing, consistency=consistency)

    def _precision(self) -> AbstractContextManager[Any]:
        if not self.bfloat16:
            return nullcontext()
        return torch.autocast(self.device.type, dtype=torch.bfloat16)

    def tensors(self) -> dict[str, dict[str, Tensor]]:
        """Everything here that changes from step to step, by group and name, for a checkpoint."""
        tensors: dict[str, dict[str, Tensor]] = {
            "model": dict(self.model.named_parameters()),
            "optimizer": checkpoint.optimizer_tensors(self.optimizer),
        }
        if self.config.ema:
            tensors["average"] = dict(self.average.named_parameters())
        return tensors

    def restore(self, tensors: Mapping[str, Mapping[str, Tensor]]) -> None:
        """Set everything to what `tensors` returned."""
        modules = {"model": self.model} | ({"average": self.average} if self.config.ema else {})
        with torch.no_grad():
            for group, module in modules.items():
                for name, parameter in module.named_parameters():
                    parameter.copy_(tensors[group][name])
        checkpoint.restore_optimizer(self.optimizer, tensors["optimizer"])

    def restart(self, model: Seq2Seq) -> None:
        """Begin again with the weights of `model`, as a new object would."""
        weights = dict(model.named_parameters())
        self.restore({"model": weights, "average": weights, "optimizer": {}})
