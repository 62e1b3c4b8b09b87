"""Saves a training and restores it: after an interruption exactly, after a divergence with a lower rate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace

from seq2seq.config import TrainingConfig
from seq2seq.errors import ModelError
from seq2seq.nn.model import Seq2Seq
from seq2seq.processes import distributed
from seq2seq.training import checkpoint
from seq2seq.training.checkpoint import GOOD, Checkpoint
from seq2seq.training.divergence import Divergence, all_finite, check_divergences, rate_factor
from seq2seq.training.run_directory import RunDirectory
from seq2seq.training.run_state import RunState
from seq2seq.training.train_step import TrainStep


class Recovery:
    """Saves weights, optimizer, random generators and `RunState` in the checkpoints of a run directory."""

    def __init__(
        self, train_step: TrainStep, run: RunDirectory, config: TrainingConfig, say: Callable[[str], None]
    ) -> None:
        self.train_step, self.run_directory, self.config, self.say = train_step, run, config, say
        self.folder = run.checkpoints

    def check_weights(self) -> None:
        """Raise Divergence if a weight or the state of the optimizer is not finite."""
        if not all(all_finite(group.values()) for group in self.train_step.tensors().values()):
            raise Divergence("the weights are not finite")

    def save(self, state: RunState, *, good: bool) -> None:
        """Write a checkpoint. `good` says whether the last update was a good one.

        A diverged training may go back to good checkpoints, and only to those that a run without
        interruptions saves as well: so a resumed run goes back to the same one. Raises Divergence if a weight
        is not finite, RunError if the system cannot write.
        """
        self.check_weights()
        self._write(state, good=good and state.step % self.config.save_every == 0)

    def _write(self, state: RunState, *, good: bool) -> None:
        random = distributed.random_states(self.train_step.device)
        if distributed.is_main():
            self.run_directory.write_description()
            self.run_directory.check_exists()
            self.run_directory.sync_log()
            values = {"place": asdict(state), "log": self.run_directory.log_size(), GOOD: good}
            checkpoint.save(
                self.folder,
                Checkpoint({**self.train_step.tensors(), "random": random}, values),
                step=state.step,
                keep=self.config.keep_checkpoints,
            )
        distributed.barrier()

    def resume(self) -> RunState:
        """Restore the newest undamaged checkpoint; a run that ended at its first update starts again.

        The log is cut back to it. Raises ModelError if all are damaged, if they are of another network, or if
        there is none although the run has made progress: starting again would cut its log and replace its
        best model by a worse one.
        """
        state, log_size = RunState(), 0
        if checkpoint.stored(self.folder):
            state, log_size = self._restore(checkpoint.load_newest(self.folder))
        elif self.run_directory.has_progress():
            raise ModelError(
                f"{self.folder}: no checkpoint found, but the run has trained; restore the folder to resume, "
                "or start a new run with another --out (the best model of this run stays usable)"
            )
        if distributed.is_main():
            self.run_directory.cut_log(log_size)
        distributed.barrier()
        return state

    def _restore(self, saved: Checkpoint) -> tuple[RunState, int]:
        """Restore a checkpoint; returns its state, and the size of the log at that time."""
        try:
            self.train_step.restore(saved.tensors)
            state = replace(RunState.from_dict(saved.state["place"]), stopped="")
            if not distributed.restore_random(saved.tensors["random"], self.train_step.device):
                self.say(
                    "the number of processes or the device has changed: the run goes on, but its numbers are "
                    "not bit for bit those of an uninterrupted run"
                )
            return state, int(saved.state["log"])
        except (LookupError, TypeError, ValueError, RuntimeError) as error:
            raise ModelError(f"{self.folder}: the checkpoint does not fit this run ({error})") from None

    def fall_back(
        self, diverged: RunState, divergence: Divergence, new_model: Callable[[], Seq2Seq]
    ) -> RunState:
        """Go back to the last good checkpoint, or to the beginning, to train on with a lower learning rate.

        The best model so far and the training time stay. `new_model` makes the network with its initial
        weights, and sets the random generators. Raises RunError at the third divergence of the run.
        """
        check_divergences(diverged, self.config, divergence)
        saved = checkpoint.load_newest_good(self.folder)
        if saved is None:
            state, log_size = RunState(), 0
            self.train_step.restart(new_model())
        else:
            state, log_size = self._restore(saved)
        state.continue_from(diverged)
        distributed.barrier()  # all processes have read it
        if distributed.is_main():
            # In this order: a process killed in between finds the good checkpoint, and a log that is longer.
            checkpoint.remove_after(self.folder, saved)
            self.run_directory.cut_log(log_size)
            self.run_directory.log(
                {
                    "event": "fallback",
                    "step": state.step,
                    "from_step": diverged.step,
                    "reason": str(divergence),
                    "learning_rate_factor": rate_factor(state),
                }
            )
        self._write(state, good=True)
        self.say(
            f"the training diverged at step {diverged.step}: {divergence}; going back to step {state.step}, "
            f"with {100 * rate_factor(state):.0f} % of the learning rate"
        )
        return state
