"""Train a model: the loop, its validation, its checkpoints, and exact resumption.

A run lives in one directory (see `rundir`); what one update does is in `updates`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import torch

from seq2seq.bundle.directions import one_direction
from seq2seq.bundle.model_directory import Bundle
from seq2seq.bundle.versions import versions
from seq2seq.config import Settings
from seq2seq.data.batching import Batch, Batches, PairColumns, token_lengths
from seq2seq.data.pairs import SentencePair
from seq2seq.data.training_data import Prepared
from seq2seq.errors import DataError, ModelError, RunError, UsageError
from seq2seq.evaluation.scoring import evaluate
from seq2seq.nn.model import build_model
from seq2seq.training import checkpoint, distributed
from seq2seq.training.checkpoint import Checkpoint
from seq2seq.training.optimization import check_schedule, learning_rate
from seq2seq.training.progress import Progress
from seq2seq.training.run_directory import RunDirectory
from seq2seq.training.run_state import RunState
from seq2seq.training.train_step import Update, Updater
from seq2seq.training.validation import mean_loss
from seq2seq.translator import Translator

BAD_STEPS = 3


class Trainer:
    """Trains `settings.model` on `prepared`, validates on `valid`, writes to `run`.

    `settings.model` has its vocabulary sizes set. `interrupted` is asked after each step; when it says true
    the run saves and stops.
    """

    def __init__(
        self,
        settings: Settings,
        prepared: Prepared,
        valid: Sequence[SentencePair],
        run: RunDirectory,
        *,
        languages: tuple[str, str] = ("", ""),
        corpora: Sequence[str] = (),
        device: str = "cpu",
        progress: Progress | None = None,
        interrupted: Callable[[], bool] = lambda: False,
    ) -> None:
        self.settings, self.prepared, self.run_directory = settings, prepared, run
        self.languages, self.corpora, self.interrupted = languages, corpora, interrupted
        self.device = torch.device(device)
        self.progress = progress or Progress(show=False)
        config = settings.training
        check_schedule(config)
        torch.manual_seed(config.seed)
        self.updater = Updater(build_model(settings.model), config, self.device)
        torch.manual_seed(config.seed + distributed.rank())  # processes drop different units
        self.batches = self._batches(
            prepared.data,
            prepared.lengths,
            sampling=settings.data.sampling,
            rank=distributed.rank(),
            world=distributed.world(),
        )
        if not len(self.batches.rows):
            raise UsageError(
                f"no training pair has at most data.max_length = {settings.data.max_length} tokens"
            )
        self.valid = list(valid)
        if not self.valid:
            raise DataError("no validation pair found, expected at least one")
        columns = PairColumns(self.valid)
        self.valid_batches = self._batches(columns, token_lengths(columns, prepared.source, prepared.target))
        self.state = RunState()
        self.started = time.perf_counter()

    def _batches(
        self, data: Any, lengths: Any, *, sampling: float = 0.0, rank: int = 0, world: int = 1
    ) -> Batches:
        settings = self.settings
        return Batches(
            data,
            source=self.prepared.source,
            target=self.prepared.target,
            lengths=lengths,
            batch_tokens=settings.training.batch_tokens,
            max_length=settings.data.max_length,
            seed=settings.training.seed,
            sampling=sampling,
            alpha=settings.data.sampling_alpha,
            rank=rank,
            world=world,
        )

    # The loop

    def run(self) -> RunState:
        """Train until a limit, no more patience or an interruption; `stopped` of the returned state says
        which."""
        state = self.state
        self.started = time.perf_counter() - state.seconds
        self.progress.start(self._share())
        self._check_limits()  # a run that had ended has nothing left to do
        while not state.stopped:
            self._epoch()
        if state.stopped != "interrupted" and state.validated_step != state.step:
            self.validate()
        self.save()
        self.progress.stop()
        return state

    def _epoch(self) -> None:
        """The updates of an epoch, from where the run is, and what is due at its end."""
        config, state = self.settings.training, self.state
        group: list[Batch] = []
        for batch in self.batches.epoch(state.epoch, start=state.batch):
            group.append(batch)
            if len(group) == config.accumulation:
                self._step(group)
                if self._after_step():
                    return
                group = []
        if group:  # the last update of an epoch may be smaller
            self._step(group)
            if self._after_step():
                return
        state.epoch, state.batch = state.epoch + 1, 0
        if config.validate_every == 0:
            self.validate()
        self._check_limits()

    def _after_step(self) -> bool:
        """Validate and save when due; true when the run is to stop."""
        config, state = self.settings.training, self.state
        if config.validate_every and state.step % config.validate_every == 0:
            self.validate()
        self._check_limits()
        if not state.stopped and state.step % config.save_every == 0:
            self.save()
        return bool(state.stopped)

    def _share(self) -> float:
        """How much of the whole training is done, 0 to 1, by the limit that is nearest: what `linear` and
        `cosine` go by. All processes go by one clock."""
        config, state = self.settings.training, self.state
        shares = [0.0]
        if config.steps:
            shares.append(state.step / config.steps)
        if config.epochs:
            shares.append(state.sentences / (config.epochs * len(self.batches.rows)))
        if config.minutes:
            shares.append(distributed.from_main(state.seconds, self.device) / (60 * config.minutes))
        return min(max(shares), 1.0)

    def _check_limits(self) -> None:
        config, state = self.settings.training, self.state
        stopped = state.stopped
        if config.steps and state.step >= config.steps:
            stopped = "steps"
        elif config.epochs and state.epoch >= config.epochs:
            stopped = "epochs"
        elif config.patience and state.bad_validations >= config.patience:
            stopped = "patience"
        elif distributed.from_main(
            float(bool(config.minutes and state.seconds >= 60 * config.minutes)), self.device
        ):
            stopped = "minutes"
        elif distributed.total(float(self.interrupted()), self.device):
            stopped = "interrupted"
        state.stopped = stopped

    def _step(self, group: list[Batch]) -> None:
        """One update from the batches `group`."""
        state, begin = self.state, time.perf_counter()
        state.step, state.batch = state.step + 1, state.batch + len(group)
        rate = learning_rate(self.settings.training, step=state.step, progress=self._share())
        update = self._update(group, rate)
        state.sentences += sum(batch.sentences for batch in group)
        self._clock()
        self._log(
            {
                "event": "step",
                "step": state.step,
                "epoch": state.epoch,
                "loss": update.loss,
                "tokens": update.tokens,
                "learning_rate": rate,
                "gradient_norm": update.norm,
                "tokens_per_second": round(update.tokens / (time.perf_counter() - begin), 1),
                "seconds": round(state.seconds, 3),
            }
        )
        self._guard(update.finite, group)
        self.progress.update(self._share(), tokens=update.tokens, loss=update.loss)

    def _update(self, group: list[Batch], rate: float) -> Update:
        try:
            return self.updater.update(group, rate=rate, step=self.state.step)
        except RuntimeError as error:
            if "memory" not in str(error):  # torch has no error of its own for a CPU without memory
                raise
            longest = max(max(batch.source.shape[1], batch.target.shape[1]) for batch in group)
            raise RunError(
                f"out of memory at step {self.state.step}, its longest sentence has {longest} tokens; lower "
                f"training.batch_tokens ({self.settings.training.batch_tokens}) or data.max_length"
            ) from None

    def _clock(self) -> None:
        self.state.seconds = time.perf_counter() - self.started

    def _guard(self, finite: bool, group: list[Batch]) -> None:
        """A step that is not finite changes no weight; three in a row end the run."""
        self.state.bad_steps = 0 if finite else self.state.bad_steps + 1
        if not finite:
            rows = [row for batch in group for row in batch.rows]
            self.progress.say(
                f"step {self.state.step}: loss or gradient not finite, skipped (rows {rows[:8]} …)"
            )
        if self.state.bad_steps >= BAD_STEPS:
            raise RunError(
                f"loss or gradient was not finite {BAD_STEPS} steps in a row, last at step "
                f"{self.state.step}; lower training.learning_rate, or look at the rows named above"
            )

    # Validation

    def bundle(self) -> Bundle:
        """The model as it is kept: the average if there is one, else the latest weights."""
        return Bundle(
            model=self.updater.average,
            source=self.prepared.source,
            target=self.prepared.target,
            decoding=self.settings.decoding,
            directions=one_direction(*self.languages),
        )

    def validate(self) -> None:
        """Loss and BLEU on the validation set; keep the model when it is the best so far."""
        state = self.state
        here = self._validate_here() if distributed.is_main() else (0.0, 0.0)
        bleu, loss = (distributed.from_main(value, self.device) for value in here)
        if self._better(bleu, loss):
            state.best_bleu, state.best_loss, state.best_step = bleu, loss, state.step
            state.bad_validations = 0
        else:
            state.bad_validations += 1
        state.validated_step = state.step
        self._clock()

    def _better(self, bleu: float, loss: float) -> bool:
        """A higher BLEU; with an equal one, as with the 0 of the first hours of a hard task, a lower loss."""
        state = self.state
        return bleu > state.best_bleu or (bleu == state.best_bleu and loss < state.best_loss)

    def _validate_here(self) -> tuple[float, float]:
        """BLEU and loss (0 if there is none)."""
        state, config = self.state, self.settings.training
        loss = mean_loss(self.updater.average, self.valid_batches.epoch(0), self.device)
        self.updater.average.eval()
        greedy = replace(self.settings.decoding, beam_size=1, n_best=1)
        translator = Translator(replace(self.bundle(), decoding=greedy), device=str(self.device))
        report = evaluate(translator, self.valid[: config.validation_sentences], all_scores=False)
        bleu = report.scores["bleu"]
        record = {
            "event": "validation",
            "step": state.step,
            "epoch": state.epoch,
            "loss": loss if math.isfinite(loss) else None,  # no validation pair within the length limit
            "bleu": bleu.score,
            "signature": bleu.signature,
            "seconds": round(state.seconds, 3),
        }
        self._log(record)
        better = self._better(bleu.score, loss)
        self.progress.say(
            f"step {state.step}  epoch {state.epoch}  {state.seconds / 60:.1f} min  "
            f"validation loss {loss:.3f}  greedy BLEU {bleu.score:.2f}{'  (best)' if better else ''}"
        )
        if better:
            self.run_directory.keep(
                replace(self.bundle(), metrics=self._metrics(record)),
                step=state.step,
                validation=record,
            )
        return bleu.score, loss if math.isfinite(loss) else 0.0

    def _metrics(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """What `metrics.json` says of a model: its scores, and what they come from."""
        return {
            "validation": record,
            "data": {"train": list(self.corpora), "pairs": len(self.prepared.data), "valid": len(self.valid)},
            "seed": self.settings.training.seed,
            "settings": asdict(self.settings),
            "versions": versions(),
        }

    # Checkpoints

    def save(self) -> None:
        """Write a checkpoint of everything that `resume` restores."""
        state = {"place": asdict(self.state), "log": self.run_directory.log_size()}
        tensors = {**self.updater.tensors(), "random": distributed.random_states(self.device)}
        if distributed.is_main():
            self.run_directory.sync_log()
            checkpoint.save(
                self.run_directory.checkpoints,
                Checkpoint(tensors, state),
                step=self.state.step,
                keep=self.settings.training.keep_checkpoints,
            )
        distributed.barrier()

    def resume(self) -> None:
        """Go on exactly from the newest sound checkpoint of the run directory; from the start if a kill came
        before the first. ModelError if all are damaged, or fit another network."""
        folder, size = self.run_directory.checkpoints, 0
        if checkpoint.stored(folder):
            found = checkpoint.load_newest(folder)
            try:
                self._restore(found)
                size = found.state["log"]
            except (LookupError, TypeError, ValueError, RuntimeError) as error:
                raise ModelError(f"{folder}: the checkpoint does not fit this run ({error})") from None
        if distributed.is_main():
            self.run_directory.cut_log(size)
        distributed.barrier()

    def _restore(self, found: Checkpoint) -> None:
        self.updater.restore(found.tensors)
        self.state = replace(RunState(**found.state["place"]), stopped="")
        if not distributed.restore_random(found.tensors["random"], self.device):
            self.progress.say(
                "not the processes or devices of before: going on, but not bit for bit the same"
            )

    def _log(self, record: dict[str, Any]) -> None:
        if distributed.is_main():
            self.run_directory.log(record)
