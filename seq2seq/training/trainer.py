"""The loop over updates, with validations, checkpoints, exact resumption, and a way back from divergence.

What one update does is in train_step.py, the files of a run are in run_directory.py.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from functools import partial
from typing import Any

import torch

from seq2seq.augmentation.noise import Noise
from seq2seq.bundle.directions import one_direction
from seq2seq.bundle.model_directory import Bundle
from seq2seq.bundle.versions import versions
from seq2seq.config import Settings
from seq2seq.data.batching import Batch, Batches, PairColumns, token_lengths
from seq2seq.errors import DataError, UsageError
from seq2seq.monitoring.board import Board
from seq2seq.monitoring.facts import facts_of
from seq2seq.monitoring.monitor import Monitor
from seq2seq.monitoring.progress import Outlook, Progress
from seq2seq.monitoring.summary import summary
from seq2seq.nn.model import Seq2Seq, build_model, count_parameters
from seq2seq.objectives.averaging import remember
from seq2seq.objectives.guided_alignment import guide
from seq2seq.pairs import SentencePair
from seq2seq.processes import distributed
from seq2seq.training.divergence import Divergence, DivergenceCheck, rate_factor
from seq2seq.training.limits import outlook, reached_limit, share_done
from seq2seq.training.optimization import check_schedule, learning_rate
from seq2seq.training.out_of_memory import out_of_memory
from seq2seq.training.recovery import Recovery
from seq2seq.training.run_directory import RunDirectory
from seq2seq.training.run_state import RunState
from seq2seq.training.train_step import StepResult, TrainStep
from seq2seq.training.translating import first_of_each
from seq2seq.training.validation import LOSS_PAIRS, Validator, is_better, validation_lines
from seq2seq.training_data.prepared import Prepared

LEAST_PIECES = 40
"""A model translates sentences of so many pieces at once, however short those of its training were."""


class Trainer:
    """Trains a network on prepared data, validates it, and writes into a run directory.

    Args:
        settings: of the run; `settings.model` has its vocabulary sizes set.
        prepared: training data and tokenizers.
        valid: validation pairs.
        run: the run directory.
        languages: source and target language, "" if unknown; several directions are in `prepared`.
        corpora: names of the training data, for the record of the model.
        device: a device of torch.
        progress: receives messages; default: none are shown.
        show: shell commands that print some training and validation pairs, for warnings.
        interrupted: called after each update and often in a validation; if it returns true, the run saves and
            stops. A validation that was cut short is made when the run is resumed.
        check: called while the training is made ready; what it raises ends that.

    Raises UsageError for settings that cannot be trained with, DataError without validation pairs.
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
        show: tuple[str, str] = ("", ""),
        interrupted: Callable[[], bool] = lambda: False,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        self.settings, self.prepared, self.run_directory = settings, prepared, run
        self.languages, self.corpora, self.interrupted = languages, corpora, interrupted
        self.device = torch.device(device)
        self.progress = progress or Progress(show=False)
        check_schedule(settings.training)
        self.train_step = TrainStep(self._new_model(), settings.training, self.device)
        self.train_step.micro_batches.say = distributed.said_by_any(self.progress.say)
        self.batches = self._batches(
            prepared.data,
            prepared.lengths,
            sampling=settings.data.sampling,
            noise=Noise.parse(settings.data.noise),
            shares=prepared.shares,
            rank=distributed.rank(),
            world=distributed.world(),
        )
        if not self.batches.pairs:
            raise UsageError(
                f"no training pair has at most data.max_length = {settings.data.max_length} tokens"
            )
        self._guide(check)
        if not valid:
            raise DataError("no validation pair found, expected at least one")
        self.valid_pairs = len(valid)
        columns = PairColumns(first_of_each(valid, LOSS_PAIRS))
        lengths = token_lengths(columns, prepared.source, prepared.target, tagged=bool(prepared.tags))
        valid_batches = self._batches(columns, lengths)
        scored = first_of_each(valid, settings.training.validation_sentences)
        self.validator = Validator(scored, valid_batches, self.device, interrupted, self.batches)
        facts = partial(facts_of, self.batches, settings.training, show=show)
        self.monitor = Monitor(facts, Board(run.path), self.progress.say)
        self.recovery = Recovery(self.train_step, run, settings.training, self.progress.say)
        self.divergence = DivergenceCheck(settings.model.target_vocab_size)
        self.state = RunState()
        self.last_step_was_good = True
        self.started = time.perf_counter()

    def _new_model(self) -> Seq2Seq:
        """The network with its initial weights, which the seed decides. Sets torch's random generator."""
        seed = self.settings.training.seed
        torch.manual_seed(seed)
        model = build_model(self.settings.model)
        torch.manual_seed(seed + distributed.rank())  # each process drops other units
        return model

    def _guide(self, check: Callable[[], None]) -> None:
        """Let attention follow a word alignment of the training pairs, if the settings say so."""
        config, step = self.settings.training, self.train_step
        if config.guided_alignment:
            weight, steps = config.guided_alignment, config.guided_alignment_steps
            step.guide = guide(step.model.decoder, self.batches, weight=weight, steps=steps, check=check)

    def _batches(
        self,
        data: Any,
        lengths: Any,
        *,
        sampling: float = 0.0,
        noise: Noise | None = None,
        shares: Any = None,
        rank: int = 0,
        world: int = 1,
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
            noise=noise,
            tags=self.prepared.tags,
            shares=shares,
            rank=rank,
            world=world,
        )

    def summary(self) -> str:
        """A line about data and network, for the user."""
        parameters, valid = count_parameters(self.train_step.model), self.validator.batches
        return summary(self.batches, valid, valid_pairs=self.valid_pairs, parameters=parameters)

    # The loop

    def run(self) -> RunState:
        """Train until a limit is reached, patience has run out, or an interruption.

        `stopped` of the returned state says which. A training that diverges goes back to its last good
        checkpoint with a lower learning rate. Raises RunError if it diverges again and again, if memory or
        disk space is missing.
        """
        self.started = time.perf_counter() - self.state.seconds
        self.progress.start(self._outlook())
        self._check_limits()  # a run that had ended has nothing left to do
        try:
            while not self._train():
                pass
        finally:
            self.monitor.close()
        self.progress.stop()
        return self.state

    def _train(self) -> bool:
        """Train from the present state to the end and save there; returns false if the training diverged."""
        try:
            if self.state.validation_due:
                self._catch_up()
            while not self.state.stopped:
                self._epoch()
            if self.state.stopped != "interrupted" and self.state.validated_step != self.state.step:
                self.validate()
            self.save()
        except Divergence as divergence:
            self.state = self.recovery.fall_back(self.state, divergence, self._new_model)
            self._replay()
            self.last_step_was_good = True
            self.progress.start(self._outlook())
            self._check_limits()
            return False
        return True

    def _catch_up(self) -> None:
        """The validation that an interruption cut short, and the checkpoint that was due after it."""
        self.validate()
        self._check_limits()
        if self.state.batch:  # else it was the validation at the end of an epoch, which no checkpoint follows
            self._save_if_due()

    def _epoch(self) -> None:
        """The updates of an epoch, from the present batch on, and what is due at its end."""
        config, state = self.settings.training, self.state
        group: list[Batch] = []
        for batch in self.batches.epoch(state.epoch, start=state.batch):
            group.append(batch)
            if len(group) == config.accumulation:
                self._step(group)
                if self._after_step():
                    return
                group = []
        if group:  # the last update of an epoch may have fewer batches
            self._step(group)
            if self._after_step():
                return
        state.epoch, state.batch = state.epoch + 1, 0
        if config.validate_every == 0:
            self.validate()
        self._check_limits()

    def _after_step(self) -> bool:
        """Validate and save if it is time to; returns whether the run stops."""
        config, state = self.settings.training, self.state
        if config.validate_every and state.step % config.validate_every == 0:
            self.validate()
        self._check_limits()
        self._save_if_due()
        return bool(state.stopped)

    def _save_if_due(self) -> None:
        """Save if it is time to. The first update counts: a run without a checkpoint has lost it."""
        step = self.state.step
        if not self.state.stopped and (step == 1 or step % self.settings.training.save_every == 0):
            self.save()

    def _check_limits(self) -> None:
        """Set `stopped` if the run is to end, and leave it if it has ended."""
        if not self.state.stopped:
            self.state.stopped = reached_limit(self.settings.training, self.state) or self._external_end()

    def _external_end(self) -> str:
        """ "minutes" by the clock of the main process, "interrupted" if any process is, else ""."""
        minutes = self.settings.training.minutes
        timeout = float(minutes > 0 and self.state.seconds >= 60 * minutes)
        if distributed.from_main(timeout, self.device):
            return "minutes"
        return "interrupted" if distributed.total(float(self.interrupted()), self.device) else ""

    def _share(self) -> float:
        """How much of the training is done, 0 to 1."""
        seconds = self.state.seconds
        if self.settings.training.minutes:
            seconds = distributed.from_main(seconds, self.device)
        pairs = self.batches.pairs
        return share_done(self.settings.training, self.state, pairs=pairs, seconds=seconds)

    def _outlook(self) -> Outlook:
        pairs = self.batches.pairs
        return outlook(self.settings.training, self.state, pairs=pairs, share=self._share())

    # An update

    def _step(self, group: list[Batch]) -> None:
        """One update from the batches `group`."""
        state, begin = self.state, time.perf_counter()
        state.step, state.batch = state.step + 1, state.batch + len(group)
        rate = learning_rate(self.settings.training, step=state.step, progress=self._share())
        rate *= rate_factor(state)
        result = self._update(group, rate)
        state.sentences += sum(batch.sentences for batch in group)
        self._update_clock()
        self._log(
            {
                "event": "step",
                "step": state.step,
                "epoch": state.epoch,
                "loss": result.loss,
                "tokens": result.tokens,
                "learning_rate": rate,
                "gradient_norm": result.norm,
                "tokens_per_second": round(result.tokens / (time.perf_counter() - begin), 1),
                "seconds": round(state.seconds, 3),
            }
        )
        if not result.finite:
            rows = [row for batch in group for row in batch.rows]
            self.progress.say(
                f"step {state.step}: loss or gradient not finite, skipped (rows {rows[:8]} … of the data)"
            )
        self.last_step_was_good = self.divergence.step(state, loss=result.loss, finite=result.finite)
        self.progress.update(self._outlook(), tokens=result.tokens, loss=result.loss)

    def _update(self, group: list[Batch], rate: float) -> StepResult:
        longest = max(max(batch.source.shape[1], batch.target.shape[1]) for batch in group)
        advice = (
            f" at step {self.state.step}, its longest sentence has {longest} tokens; lower "
            f"training.batch_tokens ({self.settings.training.batch_tokens}) or data.max_length"
        )
        with out_of_memory(advice):
            return self.train_step.update(group, rate=rate, step=self.state.step)

    def _update_clock(self) -> None:
        self.state.seconds = time.perf_counter() - self.started

    # Validation

    def bundle(self) -> Bundle:
        """The model as it is validated and kept: the average of the weights if there is one."""
        most = min(self.settings.decoding.max_source_length, max(LEAST_PIECES, self.batches.longest_source))
        return Bundle(
            model=self.train_step.average,
            source=self.prepared.source,
            target=self.prepared.target,
            decoding=replace(self.settings.decoding, max_source_length=most),
            directions=self.prepared.directions or one_direction(*self.languages),
            source_words=self.prepared.source_words,
            target_words=self.prepared.target_words,
        )

    def validate(self) -> None:
        """Score the model on the validation set, and keep it if it is the best so far.

        An interruption ends the run here, and the validation is still due. Raises Divergence if the loss is
        far above that of guessing, or if a weight is not finite.
        """
        state = self.state
        self.recovery.check_weights()
        scores = self.validator.score_on_main(self.bundle)
        state.validation_due = scores is None
        if scores is None:
            state.stopped = "interrupted"
            return
        better = is_better(scores, state)
        state.bad_validations = 0 if better else state.bad_validations + 1
        state.validated_step = state.step
        record = scores.record(state)
        self._log(record | scores.details())
        self.divergence.validation(scores.loss)
        if distributed.is_main():
            remember(self.run_directory.path, self.train_step.average, record, self.settings.training.average)
        patience = self.settings.training.patience
        for line in validation_lines(scores, state, patience=patience, better=better):
            self.progress.say(line)
        if better:
            state.best_bleu, state.best_loss, state.best_step = scores.bleu, scores.loss or 0.0, state.step
            if distributed.is_main():
                bundle = replace(self.bundle(), metrics=self._metrics(record))
                self.run_directory.keep(bundle, step=state.step, validation=record)
        self._update_clock()

    def _metrics(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """The content of `metrics.json`: the scores of the model, and what it comes from."""
        data = {"train": list(self.corpora), "pairs": len(self.prepared.data), "valid": self.valid_pairs}
        return {
            "validation": record,
            "data": data | {"too_long": self.batches.skipped},
            "seed": self.settings.training.seed,
            "settings": asdict(self.settings),
            "versions": versions(),
        }

    def save(self) -> None:
        """Write a checkpoint of everything that `resume` restores. Divergence if a weight is not finite."""
        self.recovery.save(self.state, good=self.last_step_was_good)

    def resume(self) -> None:
        """Go on exactly from the newest undamaged checkpoint of the run directory.

        Raises ModelError if all are damaged, if they are of another network, or if there is none although the
        run has trained."""
        self.state = self.recovery.resume()
        self._replay()

    def _log(self, record: dict[str, Any]) -> None:
        if distributed.is_main():
            self.run_directory.log(record)
            if warning := self.monitor.see(record):
                self.run_directory.log(warning)

    def _replay(self) -> None:
        """Let the monitor follow the log from its present end on; a damaged log is no reason to stop."""
        if distributed.is_main():
            with suppress(DataError):
                self.monitor.replay(self.run_directory.records())
