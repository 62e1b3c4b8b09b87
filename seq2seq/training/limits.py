"""When a training ends, and how much of it is done, by its settings and its present state."""

from __future__ import annotations

from seq2seq.config import TrainingConfig
from seq2seq.monitoring.progress import Outlook
from seq2seq.training.run_state import RunState


def share_done(config: TrainingConfig, state: RunState, *, pairs: int, seconds: float) -> float:
    """How much of the training is done, 0 to 1, by the nearest of its limits steps, epochs and minutes.

    `pairs` are the training pairs of an epoch, `seconds` the time so far. 0 without such a limit. The
    schedules `linear` and `cosine` follow this share.
    """
    shares = [0.0]
    if config.steps:
        shares.append(state.step / config.steps)
    if config.epochs:
        shares.append(state.sentences / (config.epochs * pairs))
    if config.minutes:
        shares.append(seconds / (60 * config.minutes))
    return min(max(shares), 1.0)


def reached_limit(config: TrainingConfig, state: RunState) -> str:
    """The limit that ends the training now: "steps", "epochs", "patience", or "". Minutes are not looked at,
    because each process has its own clock."""
    if config.steps and state.step >= config.steps:
        return "steps"
    if config.epochs and state.epoch >= config.epochs:
        return "epochs"
    if config.patience and state.bad_validations >= config.patience:
        return "patience"
    return ""


def outlook(config: TrainingConfig, state: RunState, *, pairs: int, share: float) -> Outlook:
    """What a progress bar shows of the training; `share` is that of `share_done`.

    - With a limit of steps, epochs or minutes: the share of the training, and the time left. Patience may end
      it earlier.
    - With patience only, nobody knows when the training ends. The share is that of the patience that is used
      up; it falls to 0 with each improvement. The time left is what remains if no validation improves.
    - Without any limit: the share of the present epoch.
    """
    note = ""
    if config.patience and state.bad_validations:
        note = f"{state.bad_validations} of {config.patience} validations without improvement"
    if config.steps or config.epochs or config.minutes:
        return Outlook(share, share, 1 - share, note=note)
    epochs = state.sentences / pairs
    in_epoch = min(max(epochs - state.epoch, 0.0), 1.0)
    where = f"epoch {state.epoch + 1} ({100 * in_epoch:.0f} %)"
    if not config.patience:
        return Outlook(in_epoch, epochs, 1 - in_epoch, "epoch", where, "{} left in the epoch, no limit set")
    every = config.validate_every
    waited = state.bad_validations + ((state.step % every) / every if every else in_epoch)
    return Outlook(
        share=min(waited / config.patience, 1.0),
        done=state.step / every if every else epochs,
        left=max(config.patience - waited, 0.0),
        whole="patience",
        note=f"{where}  {note}" if note else where,
        time_left="at least {} left",
    )
